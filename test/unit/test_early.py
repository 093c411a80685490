"""A round ends early only when the stream, the repetitions and the whole recording say so."""

import numpy as np
import pytest

from rehab_coach.early import INTERVAL, REPETITIONS, EarlyEnd
from rehab_coach.recognition.recognizer import Recognition
from rehab_coach.recognition.streaming import SoFar
from rehab_coach.rounds import Status
from rehab_coach.skeleton import COCO_18

LABELS = ("squat", "unknown")
BODY = np.random.default_rng(0).uniform(0, 1, (18, 2)) * (100, 300) + (250, 100)


def _squatting(stamp, period=2.0):
    """The knees bend once in each period."""
    key_points = np.concatenate([BODY, np.full((18, 1), 0.9)], axis=1)
    down = 60 * (1 - np.cos(2 * np.pi * stamp / period))
    for joint in ("nose", "neck", "right_shoulder", "left_shoulder", "right_hip", "left_hip"):
        key_points[COCO_18.index(joint), 1] += down
    return key_points.astype(np.float32)


def _play(recognized="squat", seconds=9.0, stable_from=1.0, notice_at=None):
    """Stamps at which the end is reached, and those at which the whole recording was recognised."""
    looks, reached = [], []

    def recognize():
        looks.append(stamp)
        return recognized and Recognition(recognized, Status.RECOGNISED, 0.9, LABELS, np.array([0.9, 0.1]))

    early = EarlyEnd(recognize)
    for number in range(int(seconds * 15)):
        stamp = number / 15
        notice = "somebody else is there" if number == notice_at else ""
        so_far = SoFar(stamp, stamp, "squat", 0.9, stamp >= stable_from, LABELS, np.array([0.9, 0.1]), notice)
        if early.reached(so_far, _squatting(stamp), COCO_18):
            reached.append(stamp)
    return reached, looks


def test_it_ends_after_some_repetitions():
    reached, looks = _play()
    assert REPETITIONS == 2
    assert 3.0 < reached[0] < 6.5  # the second is over after 4 s, and known a little later
    assert looks[0] == reached[0]


def test_not_before_the_answer_is_stable():
    reached, _ = _play(stable_from=8.0)
    assert reached[0] == pytest.approx(8.0)


@pytest.mark.parametrize("recognized", ["unknown", None])
def test_not_when_the_whole_recording_says_otherwise(recognized):
    reached, looks = _play(recognized)
    assert not reached
    assert min(np.diff(looks)) >= INTERVAL - 1e-9  # which costs more than a frame


def test_another_movement_begins_its_repetitions_anew():
    reached, _ = _play(notice_at=75)
    assert any(stamp < 5.0 for stamp in reached)
    assert not any(5.0 <= stamp < 7.5 for stamp in reached)


def test_nobody_there():
    early = EarlyEnd(lambda: None)
    so_far = SoFar(0.0, 0.0, "unknown", 0.0, False, LABELS, np.zeros(2))
    assert not early.reached(so_far, None, COCO_18)
