import numpy as np
import pytest

from rehab_coach.errors import RehabCoachError
from rehab_coach.identification import Recording, Template, enrol, match, observe
from rehab_coach.identification.enrolment import IdentityDoubt
from rehab_coach.inertial import InertialSeries


@pytest.fixture(scope="module")
def takes(worn):
    """takes(person, first, count) -> recordings by the sensor."""

    def make(person, first=0, count=3):
        return [
            Recording("take %d of %s" % (number, person), worn(person, number))
            for number in range(first, first + count)
        ]

    return make


def joined(first, second):
    """One recording after the other, as of one sensor."""
    later = second.times + first.times[-1] + 0.01
    return InertialSeries(
        np.concatenate([first.times, later]),
        np.concatenate([first.accelerometer, second.accelerometer]),
        np.concatenate([first.gyroscope, second.gyroscope]),
    )


def test_who_was_enrolled_is_known_and_a_stranger_is_not(takes, worn):
    templates = [enrol("P-017", takes("P-017"))]
    templates.append(enrol("P-018", takes("P-018"), templates))
    for name in ("P-017", "P-018"):
        assert match(observe(worn(name, 9)), templates).name == name
    assert match(observe(worn("a stranger", 9)), templates).name is None


def test_a_template_is_the_same_from_its_bytes(takes):
    template = enrol("P-017", takes("P-017"))
    again = Template.from_bytes("P-017", template.to_bytes())
    assert again.name == "P-017" and sorted(again.points) == sorted(template.points)
    for stream, points in template.points.items():
        np.testing.assert_array_equal(again.points[stream], points)


@pytest.mark.parametrize("content", [b"", b"template", b"PK\x03\x04" + b"0" * 50])
def test_a_broken_template_is_told(content):
    with pytest.raises(RehabCoachError, match="the template of P-017 is broken.*enrol them again"):
        Template.from_bytes("P-017", content)


def test_a_recording_of_somebody_else_among_them_is_a_doubt(takes):
    mixed = takes("P-017") + takes("P-018", count=1)
    with pytest.raises(IdentityDoubt, match="take 0 of P-018 looks like another person than the others"):
        enrol("P-017", mixed)
    assert enrol("P-017", mixed, sure=True).name == "P-017"


def test_two_recordings_of_two_people_are_a_doubt(takes):
    two = takes("P-017", count=1) + takes("P-018", count=1)
    with pytest.raises(IdentityDoubt, match="take 0 of P-017 and take 0 of P-018 do not look like one person"):
        enrol("P-017", two)


def test_two_people_in_one_recording_are_a_doubt(worn):
    one = Recording("squat.csv", joined(worn("P-017"), worn("P-017", 1)))
    assert enrol("P-017", [one]).name == "P-017"
    # Another one in the same tempo: else the second half would be no repetitions at all.
    two = Recording("squat.csv", joined(worn("P-017"), worn("P-018", period=2.4)))
    with pytest.raises(IdentityDoubt, match="the halves of squat.csv look like two people"):
        enrol("P-017", [two])


def test_one_person_with_two_names_is_a_doubt(takes):
    known = [enrol("P-017", takes("P-017"))]
    with pytest.raises(IdentityDoubt, match="looks like P-017, who is enrolled already: is it the same person"):
        enrol("P-018", takes("P-017", first=3), known)
    assert enrol("P-018", takes("P-017", first=3), known, sure=True).name == "P-018"
    assert enrol("P-017", takes("P-017", first=3), known).name == "P-017"  # enrolled anew


def test_who_was_enrolled_by_another_sensor_is_no_rival(takes, worn):
    other = worn("P-018")
    without = InertialSeries(other.times, other.accelerometer, None)
    rivals = [Template.of("P-018", [observe(without)])]
    series = worn("P-017")
    gyroscope = [Recording("a.csv", InertialSeries(series.times, None, series.gyroscope))]
    assert enrol("P-017", gyroscope, rivals).name == "P-017"


@pytest.mark.parametrize(
    "seconds, said", [(5.5, "only one repetition is found|nothing is repeated"), (2.0, "nothing is repeated")]
)
def test_too_few_repetitions_are_told(worn, seconds, said):
    with pytest.raises(RehabCoachError, match="squat.csv: (%s)" % said):
        enrol("P-017", [Recording("squat.csv", worn("P-017", seconds=seconds))])


def test_a_recording_that_cannot_be_used_is_named(takes, worn):
    series = worn("P-017")
    flat = InertialSeries(series.times, series.accelerometer, np.zeros_like(series.gyroscope))
    with pytest.raises(RehabCoachError, match="flat.csv: the gyroscope is a flat line"):
        enrol("P-017", takes("P-017") + [Recording("flat.csv", flat)])
