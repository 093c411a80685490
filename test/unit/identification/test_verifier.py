"""People who were not learned from: enrolled, found again, and told from strangers."""

import numpy as np
import pytest

from rehab_coach.errors import RehabCoachError
from rehab_coach.identification import Observation, Template, match
from rehab_coach.identification.model import IdentityModel, Space
from rehab_coach.identification.verifier import BESIDE_A_SENSOR, log_distance
from rehab_coach.recognition.model_file import ModelError

NEW = range(50, 56)


@pytest.fixture(scope="module")
def templates(learned, observation):
    return [
        Template.of("P-%d" % person, [observation(person, seed) for seed in range(3)], learned.model) for person in NEW
    ]


def test_enrolled_people_are_found_again(learned, templates, observation):
    for person in NEW:
        found = match(observation(person, 99), templates, learned.model)
        assert found.name == "P-%d" % person
        assert found.confidence > 0.5
        assert min(found.distances, key=found.distances.get) == found.name
        assert set(found.distances) == {template.name for template in templates}


def test_strangers_are_unknown(learned, templates, observation):
    answers = [match(observation(person, 7), templates, learned.model) for person in range(70, 90)]
    assert sum(answer.name is None for answer in answers) >= 16
    known = [match(observation(person, 98), templates, learned.model).confidence for person in NEW]
    assert np.mean([answer.confidence for answer in answers]) < np.mean(known)


def test_one_sensor_is_enough(learned, templates, observation):
    one = Observation({"gyroscope": observation(51, 5).streams["gyroscope"]})
    assert match(one, templates, learned.model).name == "P-51"


def test_nobody_enrolled_is_nobody_known(learned, observation):
    found = match(observation(50, 1), [], learned.model)
    assert (found.name, found.confidence, found.distances) == (None, 0.0, {})


def test_another_sensor_than_at_enrolment_is_refused(learned, observation):
    template = Template.of("P-1", [Observation({"gyroscope": observation(50, 1).streams["gyroscope"]})], learned.model)
    other = Observation({"accelerometer": observation(50, 2).streams["accelerometer"]})
    with pytest.raises(RehabCoachError, match="enrol with the same sensor"):
        match(other, [template], learned.model)


def test_template_of_another_model_is_named(learned, templates, observation):
    narrower = {stream: points[:, :-1] for stream, points in templates[0].points.items()}
    with pytest.raises(ModelError, match="the templates of P-1 were made with another model: delete them all"):
        match(observation(50, 1), [templates[1], Template("P-1", narrower)], learned.model)


def test_recordings_that_do_not_go_together_are_not_enrolled(learned, observation):
    with pytest.raises(RehabCoachError, match="no recording of P-1"):
        Template.of("P-1", [], learned.model)
    first = Observation({"gyroscope": observation(50, 1).streams["gyroscope"]})
    second = Observation({"accelerometer": observation(50, 1).streams["accelerometer"]})
    with pytest.raises(RehabCoachError, match="no sensor in common"):
        Template.of("P-1", [first, second], learned.model)


def test_who_is_as_near_as_another_is_not_named(learned, templates, observation):
    seen = observation(50, 1)
    alone = match(seen, templates, learned.model)
    assert alone.name == "P-50"
    twin = Template("P-50 again", templates[0].points)
    both = match(seen, [*templates, twin], learned.model)
    assert both.name is None and both.distances["P-50"] == both.distances["P-50 again"]
    assert both.confidence <= 0.5 and both.confidence == pytest.approx(alone.confidence / (1 + alone.confidence))


def test_beside_a_sensor_a_quarter_of_the_proportions_counts():
    space = Space(None, np.zeros(1, np.float32), np.ones((1, 1), np.float32), centre=3.0, steepness=1.0)
    streams = ("gyroscope", "proportions", "motion")
    model = IdentityModel(dict.fromkeys(streams, space), threshold=0.0)
    template = Template("P-1", dict(zip(streams, np.exp([[[1.0]], [[5.0]], [[5.0]]]))))
    seen = dict.fromkeys(streams, np.zeros((1, 1)))
    found = match(Observation(seen), [template], model)
    assert found.name == "P-1" and found.distances["P-1"] == pytest.approx(-(2 - BESIDE_A_SENSOR * 2))
    del seen["gyroscope"]
    alone = match(Observation(seen), [template], model)
    assert alone.name is None and alone.distances["P-1"] == pytest.approx(4)


def test_what_differs_from_repetition_to_repetition_does_not_count():
    draw = np.random.default_rng(0)
    few, many = (10 + draw.normal(0, spread, (40, 5)) for spread in (0.1, 3.0))
    few, many = (points - points.mean(axis=0) + 10 for points in (few, many))
    assert log_distance(many, np.zeros((3, 5))) == pytest.approx(log_distance(few, np.zeros((3, 5))))
    assert np.isfinite(log_distance(few, few))


def test_template_is_kept_without_pickle(learned, templates, tmp_path, observation):
    path = templates[0].save(str(tmp_path))
    again = Template.load(path)
    assert again.name == "P-50"
    for stream, points in templates[0].points.items():
        np.testing.assert_array_equal(again.points[stream], points)
    assert match(observation(50, 9), [again], learned.model).name == "P-50"


def test_broken_template_is_named(tmp_path):
    path = tmp_path / "P-1.npz"
    path.write_bytes(b"PK nonsense")
    with pytest.raises(ModelError, match="enrol them again"):
        Template.load(str(path))
    np.savez(path, compass=np.zeros((3, 4)))
    with pytest.raises(ModelError, match="enrol them again"):
        Template.load(str(path))


@pytest.mark.parametrize("streams", [{}, {"compass": np.zeros((1, 4, 100))}, {"gyroscope": np.zeros((0, 4, 100))}])
def test_observations_of_nothing(streams):
    with pytest.raises(ValueError):
        Observation(streams)
