import os

import numpy as np
import pytest

from rehab_coach.movement import Movement, Remark, Repetition
from rehab_coach.skeleton import COCO_18, SkeletonSequence
from rehab_coach.visits.database import Database
from rehab_coach.visits.schema import metadata
from rehab_coach.visits.store import RoundResult, VisitStore

POSTGRESQL = os.environ.get("REHAB_COACH_TEST_POSTGRESQL", "")


def make_movement(exercise="squat", count=2, remarks=()):
    repetitions = tuple(
        Repetition(
            start=2.0 * number,
            turn=2.0 * number + 0.9,
            end=2.0 * number + 1.8,
            down=0.9,
            hold=0.1,
            up=0.8,
            pause=0.2,
            range_of_motion={"knee_angle_r": (0.1, 1.5), "knee_angle_l": (0.1, 1.4)},
            symmetry=0.93,
        )
        for number in range(count)
    )
    return Movement(exercise, 10.0, repetitions, tuple(remarks))


def make_round(number=1, started=1000.0, **changes):
    values = dict(
        number=number,
        started=started,
        ended=started + 15,
        asked="squat",
        status="recognised",
        recognised="squat",
        confidence=0.9,
        verdict="correct",
        waiting_time=0.2,
        movement=make_movement(remarks=[Remark("heels_up", "warning", 12.0, 10.0, "deg", (1,), "left")]),
        measured_by="tests",
    )
    values.update(changes)
    return RoundResult(**values)


def make_skeleton(frames=5):
    random = np.random.RandomState(1)
    return SkeletonSequence(random.uniform(0, 1, (frames, len(COCO_18), 3)), np.arange(frames) / 10.0, (640, 480))


@pytest.fixture
def movement():
    return make_movement


@pytest.fixture
def round_result():
    return make_round


@pytest.fixture
def skeleton():
    return make_skeleton()


@pytest.fixture
def place(tmp_path):
    return str(tmp_path / "kept" / "visits.sqlite")


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param(
            "postgresql",
            marks=pytest.mark.skipif(
                not POSTGRESQL, reason="REHAB_COACH_TEST_POSTGRESQL is not the URL of an empty database"
            ),
        ),
    ]
)
def store(request, place):
    """An empty store with a patient P-017 who has agreed."""
    url = place
    if request.param == "postgresql":
        url = POSTGRESQL
        database = Database(url)
        metadata.drop_all(database.engine)
        database.close()
    with VisitStore(url) as opened:
        opened.give_consent("P-017", "1", at=500.0)
        yield opened
