"""config/form.yaml: every rule has its limits, and a damaged file is told in one line."""

import numpy as np
import pytest
import yaml

from rehab_coach.errors import RehabCoachError
from rehab_coach.kinematics.form.limits import Limit, load_limits
from rehab_coach.paths import share_path


def test_every_limit_says_what_it_means_and_where_it_comes_from():
    for exercise, rules in load_limits().items():
        assert any(limit.praise for limit in rules.values()), exercise
        for rule, limit in rules.items():
            assert limit.meaning and limit.source and limit.unit in ("deg", "%"), rule


def change(exercise, rule, **values):
    return lambda content: content[exercise][rule].update(values)


@pytest.mark.parametrize(
    "damage, message",
    [
        (lambda content: content.pop("squat"), "exercises: 'squat' is missing"),
        (lambda content: content.update(squats={}), "exercises: 'squats' is unknown; known: squat, lunge"),
        (lambda content: content.update(squat=[1]), "squat: must be a mapping with the entries knees_inwards"),
        (lambda content: content["squat"].pop("heels_up"), "squat: 'heels_up' is missing"),
        (lambda content: content["squat"].update(heels=1), "squat: 'heels' is unknown; known: knees_inwards"),
        (lambda content: content["squat"].update(heels_up=15), "squat: heels_up: must be a mapping with the entries"),
        (lambda content: content["squat"]["heels_up"].pop("hint"), "squat: heels_up: 'hint' is missing"),
        (change("squat", "heels_up", limit=3), "squat: heels_up: 'limit' is unknown; known: usual, hint"),
        (change("squat", "heels_up", hint="steep"), "heels_up: hint must be a number, not 'steep'"),
        (change("squat", "heels_up", hint=float("nan")), "heels_up: hint must be a number, not 'nan'"),
        (change("squat", "heels_up", warning=True), "heels_up: warning must be a number, not 'True'"),
        (change("squat", "heels_up", warning=3), r"heels_up: warning must be worse than the hint \(12\), not '3'"),
        (change("squat", "heels_up", usual=60), r"heels_up: usual must be better than the hint \(12\), not '60'"),
        (change("squat", "heels_up", worse="left"), "heels_up: worse must be above or below, not 'left'"),
        (change("squat", "heels_up", unit="cm"), "heels_up: unit must be one of deg, %, not 'cm'"),
        (change("squat", "heels_up", praise="yes please"), "heels_up: praise must be true or false"),
        (change("squat", "heels_up", source=""), "heels_up: source must be a text"),
    ],
)
def test_damaged_limits_are_told(tmp_path, damage, message):
    with open(share_path("config", "form.yaml"), encoding="utf-8") as stream:
        content = yaml.safe_load(stream)
    damage(content)
    path = tmp_path / "form.yaml"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(RehabCoachError, match=message) as raised:
        load_limits(str(path))
    assert str(raised.value).startswith(str(path)) and "\n" not in str(raised.value)


@pytest.mark.parametrize("content", [b"squat: [", b"\xff\xfe\x00", None])
def test_a_file_that_is_no_yaml_is_told(tmp_path, content):
    path = tmp_path / "form.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RehabCoachError, match="cannot read the limits of form .*form.yaml") as raised:
        load_limits(str(path))
    assert "\n" not in str(raised.value)


def test_a_limit_counts_to_its_own_side():
    below = Limit(115, 85, 65, "%", "", "", worse="below")
    assert below.excess(np.array([95.0, 85.0, 75.0])).tolist() == [-10, 0, 10]
    assert below.step == 30 and Limit(30, 40, None, "deg", "", "").step == 10
    assert [below.severity(value) for value in (90, 80, 60)] == ["", "hint", "warning"]
    assert Limit(30, 40, None, "deg", "", "").severity(1000) == "hint"
