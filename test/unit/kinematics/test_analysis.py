import json
from dataclasses import replace
from functools import partial

import numpy as np
from threadpoolctl import ThreadpoolController, threadpool_limits

from rehab_coach.kinematics.analysis import analyse
from rehab_coach.kinematics.angles.measure import joint_angles
from rehab_coach.kinematics.threads import one_thread
from rehab_coach.movement import Movement


def test_a_movement_has_repetitions_ranges_and_a_verdict_on_every_rule(act, repeats):
    sequence = act("squat", repeats(2, period=1.5), 45, camera_rate=10.0)
    movement = analyse(sequence, "squat")
    assert movement.exercise == "squat"
    assert movement.duration == sequence.duration
    assert len(movement.repetitions) == 2
    assert all("knee_angle_r" in one.range_of_motion for one in movement.repetitions)
    assert movement.remarks or movement.not_judged
    assert movement.angles == "fit"
    again = Movement.from_dict(json.loads(json.dumps(movement.as_dict())))
    assert again == movement


def test_nobody_there_is_told_not_raised(act, repeats):
    sequence = act("squat", repeats(1), 45)
    nobody = analyse(replace(sequence, key_points=np.zeros_like(sequence.key_points)), "squat")
    assert nobody.repetitions == () and nobody.remarks == ()
    assert nobody.not_judged


def test_an_exercise_that_no_catalogue_knows_is_counted_and_not_judged(act, repeats):
    movement = analyse(act("squat", repeats(3), 45), "goblet_dip")
    assert movement.exercise == "goblet_dip" and len(movement.repetitions) == 3
    assert movement.remarks == () and movement.not_judged == {}


def test_angles_are_made_as_wanted_or_else_as_usual(act, repeats):
    sequence = act("squat", repeats(2), 80)
    flat = analyse(sequence, "squat", partial(joint_angles, source="2d"))
    assert flat.angles == "2d" and "hip_adduction_r" not in flat.repetitions[0].range_of_motion
    assert analyse(sequence, "squat", partial(joint_angles, source="3d")).angles == "fit"  # it has no world coordinates


def test_linear_algebra_keeps_to_one_thread():
    """Threads that spin for each other cost ten times the computation on a busy machine."""
    controller = ThreadpoolController()
    threads = one_thread(lambda: [pool["num_threads"] for pool in controller.info() if pool["user_api"] == "blas"])
    with threadpool_limits(2, user_api="blas"):
        assert set(threads()) == {1}
