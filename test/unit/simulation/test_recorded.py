import json
import os

import numpy as np
import pytest

from rehab_coach.errors import RehabCoachError
from rehab_coach.opensim.coordinates import JointAngles
from rehab_coach.opensim.files import write_mot
from rehab_coach.simulation.motions import make_motion
from rehab_coach.simulation.plan import Plan, clip_of, read_plan
from rehab_coach.simulation.recorded import motion_files, recorded_motion
from rehab_coach.simulation.render import Scene
from rehab_coach.simulation.solver import angles_of, solve

RATE = 10.0


def written(path, names, degrees, rate=RATE):
    values = np.radians(np.asarray(degrees, float))
    write_mot(str(path), JointAngles(tuple(names), np.arange(len(values)) / rate, values, 0 * values, "file"))
    return str(path)


@pytest.fixture
def squat(tmp_path):
    """A squat's file, and the motion from which it was made."""
    motion = make_motion("squat", 2.0, RATE, repetitions=1)
    values = np.degrees(np.stack(list(motion.angles.values()), axis=1))
    return written(tmp_path / "squat-correct-01.mot", motion.angles, values), motion


def test_the_body_does_what_the_file_says(squat, skeleton):
    file, made = squat
    motion = recorded_motion(file, 2.0, RATE)
    rotations, heads = solve(skeleton, motion)
    found = angles_of(skeleton, motion, rotations)
    for name in ("knee_angle_r", "hip_flexion_l", "hip_adduction_r", "lumbar_extension", "arm_flex_r"):
        np.testing.assert_allclose(found[name], made.angles[name], atol=1e-3)
    feet = heads[:, [skeleton.index["foot.R"], skeleton.index["foot.L"]]]
    assert np.ptp(feet[..., 2]) < 0.05 and np.ptp(feet[..., 1], axis=0).max() < 0.05  # they stay where they are
    assert np.ptp(heads[:, skeleton.index["root"], 2]) > 0.2


def test_it_is_played_back_and_forth_and_faces_forwards(tmp_path):
    file = written(
        tmp_path / "one.mot", ("knee_angle_r", "hip_flexion_r", "pelvis_rotation"), [(0, 0, 80), (40, 10, 90)], 1.0
    )
    motion = recorded_motion(file, 4.0, 2.0)
    np.testing.assert_allclose(np.degrees(motion.angles["knee_angle_r"]), [0, 20, 40, 20, 0, 20, 40, 20], atol=1e-6)
    assert motion.angles["pelvis_rotation"].mean() == pytest.approx(0)
    assert not motion.angles["knee_angle_l"].any() and not motion.repetitions


def test_names_of_pose2sims_skeleton_and_a_shoulder_written_the_other_way(tmp_path):
    names = ["knee_angle_r", "hip_flexion_r", "L5_S1_Flex_Ext", "neck_flexion", "arm_flex_r", "arm_add_r", "arm_rot_r"]
    row = (10, 10, -20, 15, -150, -130, -170)  # the arm as 30, -50, 10 says
    motion = recorded_motion(written(tmp_path / "one.mot", names, [row, row]), 0.2, RATE)
    angles = {name: np.degrees(values[0]) for name, values in motion.angles.items()}
    assert (angles["lumbar_extension"], angles["neck_extension"]) == pytest.approx((-20, 15))
    assert [angles[name + "_r"] for name in ("arm_flex", "arm_add", "arm_rot")] == pytest.approx([30, -50, 10])


def test_a_plan_names_files_and_folders(squat, tmp_path):
    file, _ = squat
    (tmp_path / "plan.yaml").write_text(
        "clips: 3\nexercises: {recorded: 1}\nduration: [1, 1]\nmotions: [%s, %s]\n" % (tmp_path, file)
    )
    plan = read_plan(str(tmp_path / "plan.yaml"))
    clip = clip_of(plan, 2)
    assert clip.name == "000002-squat" and clip.scene.motion == {"file": file} and clip.scene.label == "unknown"
    motion, _, _ = clip.scene.checked()
    assert motion.name == "recorded" and len(motion.stamps) == 15
    made_from = plan.as_json()
    assert [one for one, _ in json.loads(made_from)["motions"]] == [file, file]
    assert "motions" not in json.loads(Plan(3, {"squat": 1.0}).as_json())  # folders made before there was the entry
    with open(file, "a") as stream:  # another recording under the same name
        stream.write("\n")
    assert plan.as_json() != made_from


def test_what_cannot_be_performed_is_said(squat, tmp_path):
    file, _ = squat
    with pytest.raises(RehabCoachError, match="moves no body"):
        recorded_motion(written(tmp_path / "arm.mot", ("elbow_flex_r",), [(0,), (9,)]), 1.0, RATE)
    with pytest.raises(RehabCoachError, match="no .mot in"):
        motion_files((file, os.path.join(str(tmp_path), "gone")))
    with pytest.raises(RehabCoachError, match="render --plan"):
        Scene("recorded").checked()
    for text, what in (
        ("exercises: {recorded: 1}", "go together"),
        ("exercises: {squat: 1}\nmotions: [%s]" % file, "go together"),
        ("exercises: {recorded: 1}\nmotions: %s" % file, "must be a list"),
    ):
        (tmp_path / "plan.yaml").write_text("clips: 3\n" + text)
        with pytest.raises(RehabCoachError, match=what):
            read_plan(str(tmp_path / "plan.yaml"))
