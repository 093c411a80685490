"""The measurement of exercises of one's own, on a made-up data folder of people who each do four movements."""

import json

import numpy as np
import pytest

from rehab_coach.benchmarks import enrolment
from rehab_coach.benchmarks.enrolment import SHOWN, Trial
from rehab_coach.cli.main import main
from rehab_coach.dataset.sequences import FLAT, SPATIAL, Recording, replace_source
from rehab_coach.errors import RehabCoachError
from rehab_coach.learning.movements import read_recordings
from rehab_coach.recognition import Recognizer
from rehab_coach.recognition.embedding import Embedding
from rehab_coach.skeleton import COCO_18, SkeletonSequence

PEOPLE = 4
RATE = 15.0
MOVED = {  # joints, sideways and down in pixels
    "squat": (("hip", "shoulder", "nose", "neck", "eye", "ear"), (0, 60)),
    "push_up": (("wrist", "ankle"), (60, -60)),
    "arm_circles": (("elbow", "wrist"), (0, -90)),
    "high_knees": (("knee", "ankle"), (0, -70)),
    "side_bend": (("shoulder", "nose", "neck", "eye", "ear"), (70, 10)),
    "toe_touch": (("wrist", "nose", "eye", "ear"), (40, 90)),
    "plank": (("hip",), (0, 5)),
    "standing": (("nose",), (3, 0)),
}
HEIGHTS = dict(nose=-85, neck=-65, shoulder=-65, elbow=-35, wrist=-5, hip=0, knee=45, ankle=90, eye=-90, ear=-86)


def figure(movement, seed, frames=90):
    """Three repetitions of two seconds."""
    random = np.random.default_rng(seed)
    joints, way = MOVED[movement]
    key_points = np.ones((frames, len(COCO_18), 3))
    amount = (1 - np.cos(2 * np.pi * np.arange(frames) / (2 * RATE))) / 2
    for number, joint in enumerate(COCO_18.joints):
        part, side = joint.split("_")[-1], -1 if joint.startswith("right") else 1 if joint.startswith("left") else 0
        key_points[:, number, :2] = 20 * side, HEIGHTS[part]
        if part in joints:
            key_points[:, number, :2] += amount[:, None] * way
    key_points[..., :2] = key_points[..., :2] * random.uniform(0.8, 1.2) + (320, 240)
    return SkeletonSequence(key_points.astype(np.float32), np.arange(frames) / RATE, (640, 480))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    still = figure("standing", 0, 20).key_points
    replace_source(str(folder), FLAT, "penn", [Recording("stand", "unknown", "somebody", 30.0, still)])
    replace_source(str(folder), SPATIAL, "utd", [Recording("stand", "unknown", "someone", 30.0, still * 10 - 2400)])
    (folder / "enrolment").mkdir()
    lines = ["exercise,file,group"]
    for person in range(PEOPLE):
        for number, movement in enumerate(MOVED):
            name = "%s-%d" % (movement, person)
            figure(movement, 100 * person + number).save(str(folder / "enrolment" / (name + ".npz")))
            spans = [{"start": 2.0 * start, "end": 2.0 * start + 1.9} for start in range(3)]
            (folder / "enrolment" / (name + ".json")).write_text(json.dumps({"repetitions": spans}))
            lines.append("%s,%s.npz,person-%d" % (movement, name, person))
    (folder / "enrolment" / "skeletons.csv").write_text("\n".join(lines))
    return str(folder)


class Remembering(Recognizer):
    """Sees each recording once, for all tests: that is what takes the time."""

    seen = {}

    def recognize(self, sequence):
        return self._once("recognize", sequence)

    def features(self, sequence):
        return self._once("features", sequence)

    def _once(self, method, sequence):
        key = method, sequence.key_points.tobytes()
        if key not in self.seen:
            self.seen[key] = getattr(super(), method)(sequence)
        return self.seen[key]


@pytest.fixture(scope="module")
def recognizer():
    return Remembering.load()


def row(result, takes, method="embedding"):
    (found,) = [one for one in result["rows"] if (one["method"], one["takes"]) == (method, takes)]
    return found


def test_what_was_shown_is_recognised_and_the_rest_stays(data, recognizer, tmp_path):
    path, counted = str(tmp_path / "embedding.safetensors"), []
    result = enrolment.run(data, recognizer, path, counted.append)
    assert sum(counted) == result["recordings"] == PEOPLE * len(MOVED) + 2
    for takes in (1, 3):
        found = row(result, takes)
        assert found["exercises"] == 6
        assert found["new"] > 0.85
        assert found["six_before"] - 0.1 <= found["six_after"] <= found["six_before"]
        assert found["false_before"] <= found["false_after"] <= found["false_before"] + 0.15
    assert row(result, 3, "dtw")["new"] > 0.85
    assert not [one for one in result["rows"] if one["takes"] == 5]
    embedding = Embedding.load(path)
    assert embedding.thresholds == result["thresholds"] and embedding.model == recognizer.digest
    for alike, mixed in result["doubts"]:
        assert alike < 0.3 and mixed > 0.8  # a few sets of made-up figures


def test_names_that_say_nothing_are_not_recognised(data, recognizer, monkeypatch):
    recordings, random = read_recordings(data), np.random.default_rng(1)
    mixed = []
    for group in sorted({one.group for one in recordings}):
        of_person = [one for one in recordings if one.group == group]
        names = random.permutation([one.action for one in of_person])
        mixed += [one._replace(action=str(name)) for one, name in zip(of_person, names)]
    monkeypatch.setattr(enrolment, "read_recordings", lambda folder: mixed)
    result = enrolment.run(data, recognizer)
    assert row(result, 3)["new"] < 0.4 and row(result, 3, "dtw")["new"] < 0.4


def test_too_few_recordings_are_told(data, recognizer, monkeypatch):
    few = [recording for recording in read_recordings(data) if recording.action in ("squat", "plank")]
    monkeypatch.setattr(enrolment, "read_recordings", lambda folder: few)
    with pytest.raises(RehabCoachError, match="too few"):
        enrolment.run(data, recognizer)


def trial(nearness, expected, before, action="side_bend"):
    values = {"embedding": np.array(nearness, float)}
    return Trial(
        action, "virtual", "one", 0, 1, np.eye(1, 4), values, np.array(expected), np.array(before, dtype=object)
    )


def test_thresholds_are_for_shares_of_what_was_answered_right(monkeypatch):
    monkeypatch.setattr(enrolment, "FALSE_ACCEPTS", 0.2)
    monkeypatch.setattr(enrolment, "LOST", 0.14)
    unknown, six = np.arange(10) / 10, np.arange(10) / 20 + 0.5
    wrong = [1.0] * 2  # the model takes them for a squat already: nothing that an added exercise could spoil
    one = trial(
        [*unknown, *wrong, *six, 2.0],
        ["unknown"] * 12 + ["squat"] * 10 + [SHOWN],
        ["unknown"] * 10 + ["squat"] * 12 + ["unknown"],
    )
    several = one._replace(takes=2, directions=np.eye(2, 4))
    limits = enrolment._thresholds([one, several], "embedding")
    # Of twelve recordings of other movements two pass, of ten of the six one.
    assert limits.unknown == pytest.approx(0.7) and limits.known == pytest.approx(0.9)
    judged = enrolment._judged(one, "embedding", limits)
    assert judged["new"] == 1
    assert (judged["six_before"], judged["six_after"]) == (1.0, pytest.approx(0.9))
    assert (judged["false_before"], judged["false_after"]) == (pytest.approx(2 / 12), pytest.approx(4 / 12))


def test_the_stricter_threshold_is_never_the_looser_one(monkeypatch):
    monkeypatch.setattr(enrolment, "FALSE_ACCEPTS", 0.2)
    far = trial([*np.arange(10) / 10, -1, -1], ["unknown"] * 10 + ["squat"] * 2, ["unknown"] * 10 + ["squat", "lunge"])
    limits = enrolment._thresholds([far, far._replace(takes=2, directions=np.eye(2, 4))], "embedding")
    assert limits.known == limits.unknown
    assert limits.agreement == 0


def test_the_command_measures_and_writes(data, recognizer, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(Recognizer, "load", lambda: recognizer)
    path = str(tmp_path / "embedding.safetensors")
    assert main(["benchmark", "enrolment", "--data", data, "--write", path]) == 0
    printed = capsys.readouterr().out
    assert "this package            3" in printed and "side_bend" in printed and "between takes" in printed
    assert Embedding.load(path).model == recognizer.digest


def test_the_command_needs_data(tmp_path, capsys):
    assert main(["benchmark", "enrolment"]) != 0
    assert "benchmark enrolment needs --data" in capsys.readouterr().err
    assert main(["benchmark", "enrolment", "--data", str(tmp_path)]) != 0
    assert "sequences_2d" in capsys.readouterr().err
