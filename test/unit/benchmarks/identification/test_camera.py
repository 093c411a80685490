"""What a camera sees, and how much of it counts."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from rehab_coach.benchmarks.identification import camera
from rehab_coach.benchmarks.identification.camera import (
    DIMENSIONS,
    LIKE_AN_ESTIMATOR,
    NOISE,
    WAYS,
    camera_odds,
    camera_spaces,
    made_up_films,
    read_rendered,
    seen,
    virtual_patients,
)
from rehab_coach.dataset.ui_prmd import RATE
from rehab_coach.errors import RehabCoachError
from rehab_coach.identification.observation import CAMERA
from rehab_coach.identification.proportions import NAMES, SIZES
from rehab_coach.identification.skeletons import filmed, scaled
from rehab_coach.kinematics.projection import NO_ERRORS, film, random_view
from rehab_coach.skeleton import COCO_18

ERRORS = NOISE[LIKE_AN_ESTIMATOR]


@pytest.fixture(scope="module")
def captured(act, repeats):
    """Three squats each of four people with one body: their tempo and depth are their own."""
    found = []
    for person, (period, depth) in enumerate(((1.5, 0.7), (2.0, 1.0), (2.6, 0.8), (3.2, 1.0))):
        for session in range(3):
            amount = repeats(2, period=period * (1 + 0.02 * session), depth=depth)
            found.append(("p%d" % person, str(session), act.joints("squat", amount)))
    return found


@pytest.fixture(scope="module")
def spaces(captured):
    return camera_spaces(made_up_films(captured, captured, ERRORS, people=16, seed=0))


def test_motion_counts_less_where_it_changes_with_the_form(captured, spaces):
    others = ["p%d" % ((int(person[1:]) + 1 + int(session)) % 4) for person, session, _ in captured]
    changed = [(other, session, joints) for other, (_, session, joints) in zip(others, captured)]
    less = camera_spaces(made_up_films(captured, changed, ERRORS, people=16, seed=0))
    assert 0 <= less["motion"].steepness < 0.7 * spaces["motion"].steepness


def test_people_beside_teach_the_spaces_and_not_what_they_weigh(captured):
    others = ["p%d" % ((int(person[1:]) + 1 + int(session)) % 4) for person, session, _ in captured]
    changed = [(other, session, joints) for other, (_, session, joints) in zip(others, captured)]
    films = made_up_films(captured, changed, ERRORS, people=16, seed=0)
    beside = [
        one._replace(person="%s by herself" % one.person, context="beside")
        for one in made_up_films(captured, captured, ERRORS, people=16, seed=1)
    ]
    learned, alone, weighed = camera_spaces(films, beside), camera_spaces(films), camera_spaces([*films, *beside])
    assert learned["motion"].steepness < weighed["motion"].steepness
    for stream, space in learned.items():
        assert space.weights.shape == (SIZES[stream], DIMENSIONS)
        assert not np.allclose(space.weights, alone[stream].weights)
        np.testing.assert_array_equal(space.weights, weighed[stream].weights)


def test_log_odds_of_a_cameras_streams_are_added_up(captured, spaces):
    samples = filmed(captured, ERRORS, 1, measure=seen)
    alone = {stream: camera_odds(spaces, samples, 1, [stream]) for stream in CAMERA}
    both = camera_odds(spaces, samples, 1, WAYS["and posture"])
    assert {pair.enrolled for pair in both} == {"p0", "p1", "p2", "p3"}
    for pair, value in both.items():
        assert value == pytest.approx(sum(one[pair] for stream, one in alone.items() if spaces[stream].steepness))
    silent = {stream: replace(space, steepness=0.0) for stream, space in spaces.items()}
    for stream, one in alone.items():  # what counts for nothing beside the others is measured alone all the same
        assert sorted(one, key=one.get) == sorted(one, key=camera_odds(silent, samples, 1, [stream]).get)
    own = [value for pair, value in both.items() if pair.person == pair.enrolled]
    other = [value for pair, value in both.items() if pair.person != pair.enrolled]
    assert np.median(own) > np.median(other)


def rendered(folder, captured, people, films=4):
    """What `rehab-coach render --skeletons-only` writes, of people who differ in limbs."""
    draw = np.random.default_rng(0)
    (folder / "truth").mkdir(parents=True)
    for person in range(people):
        factors = {name: float(np.exp(draw.normal(0, 0.06))) for name in NAMES}
        for number in range(films):
            joints = scaled(captured[3 * (person % 4)][2], factors)
            sequence = film(joints, RATE, random_view(draw, 0, 45), draw, NO_ERRORS, layout=COCO_18)
            name = "%06d-squat" % (films * person + number)
            sequence.save(str(folder / "truth" / (name + ".npz")))
            (folder / "truth" / (name + ".json")).write_text('{"person": {"height": %d}}' % person)
    return str(folder)


def test_the_first_virtual_patients_are_judged_by_what_the_others_taught(tmp_path, captured, monkeypatch):
    monkeypatch.setattr(camera, "NOISE", {LIKE_AN_ESTIMATOR: NO_ERRORS})
    folder = rendered(tmp_path, captured, 44)
    (tmp_path / "mediapipe").mkdir()
    for path in sorted((tmp_path / "truth").glob("*.npz"))[:80]:  # of those who are judged
        shutil.copy(path, tmp_path / "mediapipe")
    lines = list(virtual_patients(read_rendered(folder)))
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells.pop(3)[1:3] == ["mediapipe", "all, by the model that ships"]
    assert [points for _, points, *_ in cells] == ["mediapipe"] * 3 + [LIKE_AN_ESTIMATOR] * 3
    for who, _, _, judged, rank_1, error, _ in cells:
        # Of four films no three can be enrolled and as many judged.
        assert who == "virtual patients, 2 enrolled (20)" and int(judged) == 40
        assert float(rank_1) > 0.4 and float(error) < 0.25  # by chance 0.05 and 0.5
    # Nobody else was seen by the estimator, and it sees what is true here.
    assert [numbers for _, _, *numbers in cells[:3]] == [numbers for _, _, *numbers in cells[3:]]


def test_three_of_six_films_are_enrolled(tmp_path, captured, monkeypatch):
    monkeypatch.setattr(camera, "NOISE", {LIKE_AN_ESTIMATOR: NO_ERRORS})
    lines = list(virtual_patients(read_rendered(rendered(tmp_path, captured, 24, films=6))))
    judged = [(line.split(" | ")[0], line.split(" | ")[3]) for line in lines]
    assert judged == [("| virtual patients, %d enrolled (20)" % n, str(20 * (6 - n))) for n in (2, 3) for _ in WAYS]


def test_too_few_virtual_patients_are_named(tmp_path, captured, monkeypatch):
    monkeypatch.setattr(camera, "NOISE", {LIKE_AN_ESTIMATOR: NO_ERRORS})
    with pytest.raises(RehabCoachError, match="of 21 people, and beside the 20 .* 4 are needed .* render more"):
        read_rendered(rendered(tmp_path / "few", captured, 21))
    folder = tmp_path / "many"
    rendered(folder, captured, 24)
    (folder / "mediapipe").mkdir()
    shutil.copy(folder / "truth" / "000000-squat.npz", folder / "mediapipe")
    with pytest.raises(RehabCoachError, match="has not 4 films by mediapipe of each of the 20"):
        list(virtual_patients(read_rendered(str(folder))))
    with pytest.raises(RehabCoachError, match="there are no key points in .*truth: rehab-coach render --plan"):
        read_rendered(str(tmp_path))


@pytest.mark.parametrize("said", [None, "[1, 2]", '"person"', "{}", "no JSON"])
def test_films_of_nobody_knows_whom_are_named(tmp_path, captured, said):
    folder = rendered(tmp_path, captured, 1)
    truth, first = tmp_path / "truth", tmp_path / "truth" / "000000-squat.json"
    first.unlink() if said is None else first.write_text(said)
    with pytest.raises(RehabCoachError, match="000000-squat.json does not say who is in .*: rehab-coach render --plan"):
        list(virtual_patients(read_rendered(folder)))
    truth.rename(tmp_path / "mediapipe")  # and no truth beside it
    with pytest.raises(RehabCoachError, match="there are no key points in .*truth: rehab-coach render --plan"):
        list(virtual_patients(read_rendered(folder)))
