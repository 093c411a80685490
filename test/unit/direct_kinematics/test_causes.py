import numpy as np
import pytest

from rehab_coach.benchmarks.direct_kinematics import causes
from rehab_coach.direct_kinematics.answers import Answer
from rehab_coach.direct_kinematics.data import Points, answered, read_films


@pytest.mark.parametrize("name, kind", [("hip_flexion_r", "legs"), ("arm_add_l", "arms"), ("L5_S1_Flex_Ext", "trunk")])
def test_angles_belong_to_a_part(name, kind):
    assert causes.kind_of(name) == kind


def test_what_is_true_is_no_cause(films, own_skeleton):
    model, recordings = read_films(films)
    some = recordings[:3]
    # Lengths 5 % too long, hips bent by 0.1 too far, all else right.
    bent = np.array([0.1 * name.startswith("hip_flexion") for name in answered(model)], np.float32)
    answers = [Answer(one.coordinates + bent, 0 * one.coordinates, 1.05 * one.scales, one.root) for one in some]
    rows = {row[0]: row[1:] for row in causes.table(answers, some, Points(model, answered(model)), True).rows}
    wrong = rows["as answered"]
    assert rows["true lengths"][0] == pytest.approx(0, abs=1e-3) and 0 < rows["true lengths"][1] < wrong[1]
    assert rows["true legs"] == rows["all angles and the pelvis true"] and rows["true legs"][1] < wrong[1]
    assert rows["true arms"] == rows["true rotation of the pelvis"] == wrong
