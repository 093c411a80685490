import json

from rehab_coach.movement import Movement, Remark, Repetition


def test_a_movement_survives_json():
    repetition = Repetition(0.0, 1.0, 2.0, 0.9, 0.2, 0.9, 0.1, {"knee_angle_r": (0.1, 1.6)}, -2.0, 0.95)
    remark = Remark("knees_inwards", "warning", 12.0, 8.0, "deg", (0, 2), "right")
    movement = Movement("squat", 10.0, (repetition,), (remark,), {"heels_up": "needs heels and toes"})
    assert Movement.from_dict(json.loads(json.dumps(movement.as_dict()))) == movement
