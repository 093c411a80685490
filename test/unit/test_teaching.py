"""Exercises that are shown: what is cut out of a recording, what is kept, what is asked once more."""

import os
from dataclasses import replace

import numpy as np
import pytest

from rehab_coach.cli.main import main
from rehab_coach.errors import RehabCoachError
from rehab_coach.exercises import EXERCISES
from rehab_coach.paths import share_path
from rehab_coach.pose import Pose, PoseEstimator
from rehab_coach.recognition import Recognizer
from rehab_coach.recognition.enrolment import EnrolledExercise
from rehab_coach.skeleton import COCO_18, SkeletonSequence
from rehab_coach.teaching import AddedExercises, CrowdWatch, cut_takes, teach


@pytest.fixture(scope="module")
def model():
    return Recognizer.load()


@pytest.fixture
def hop(act, repeats):
    """Four repetitions of somebody who swings arms and legs to one side: none of the six."""
    sequence = act("jumping_jack", repeats(4, 2.0), yaw=5.0, layout=COCO_18)
    key_points = sequence.key_points.copy()
    left = [COCO_18.index(name) for name in ("left_elbow", "left_wrist", "left_knee", "left_ankle")]
    key_points[:, left] = key_points[0, left]
    return replace(sequence, key_points=key_points)


def nobody():
    return SkeletonSequence(np.zeros((40, 18, 3)), np.arange(40) / 10, (640, 480))


def test_each_repetition_is_a_take(hop):
    takes = cut_takes(hop)
    assert len(takes) == 4
    assert all(1.5 < take.duration < 5.0 for take in takes)
    assert [take.stamps[0] for take in takes] == sorted(take.stamps[0] for take in takes)


def test_somebody_who_stands_is_one_take(hop):
    still = replace(hop, key_points=np.repeat(hop.key_points[:1], len(hop), axis=0))
    assert [len(take) for take in cut_takes(still)] == [len(hop)]
    assert [len(take) for take in cut_takes(nobody())] == [40]


def test_what_was_shown_is_known_and_recognised(model, hop, tmp_path):
    added = AddedExercises(model, str(tmp_path))
    before = added.recognizer.recognize(hop)
    lesson = teach(added, "hop", hop)
    assert lesson.learned and len(lesson.takes) == 4 and "4 times" in lesson.text
    assert added.labels == ("hop",) and added.exercises == (*EXERCISES, "hop")
    assert before.label != "hop" and added.recognizer.recognize(hop).label == "hop"
    assert os.listdir(str(tmp_path)) == ["hop.safetensors"]


@pytest.mark.parametrize("shown, said", [(None, "too little of you"), (nobody(), "too little of you")])
def test_where_nobody_is_seen_it_is_asked_once_more(model, tmp_path, shown, said):
    added = AddedExercises(model, str(tmp_path))
    lesson = teach(added, "hop", shown)
    assert not lesson.learned and said in lesson.text and not os.listdir(str(tmp_path))


def test_one_repetition_is_too_few(model, hop, tmp_path):
    lesson = teach(AddedExercises(model, str(tmp_path)), "hop", cut_takes(hop)[0])
    assert not lesson.learned and "twice" in lesson.text and not os.listdir(str(tmp_path))


def test_what_is_known_already_is_doubted(model, hop, tmp_path):
    added = AddedExercises(model, str(tmp_path))
    teach(added, "hop", hop)
    lesson = teach(added, "skip", hop)
    assert not lesson.learned and "I take this for hop" in lesson.text
    with pytest.raises(RehabCoachError, match="'HOP' already"):
        teach(added, "HOP", hop)
    assert os.listdir(str(tmp_path)) == ["hop.safetensors"]


def test_a_file_that_comes_or_goes_is_noticed_and_a_broken_one_is_told(model, hop, tmp_path):
    said = []
    added = AddedExercises(model, str(tmp_path), said.append)
    assert not added.refresh()
    teach(AddedExercises(model, str(tmp_path)), "hop", hop)
    assert added.refresh() and added.labels == ("hop",) and not added.refresh()
    (tmp_path / "broken.safetensors").write_bytes(b"no exercise")
    foreign = replace(EnrolledExercise.load(added.path("hop")), label="foreign", model="another")
    foreign.save(str(tmp_path))
    assert added.refresh() and added.labels == ("hop",)
    assert sorted(line.split(" is left out: ")[0].rsplit("/", 1)[1] for line in said) == [
        "broken.safetensors",
        "foreign.safetensors",
    ]
    os.remove(added.path("hop"))
    assert added.refresh() and added.labels == ()


def test_a_link_to_nowhere_hides_no_other_exercise(model, hop, tmp_path):
    AddedExercises(model, str(tmp_path)).teach("hop", cut_takes(hop))
    (tmp_path / "gone.safetensors").symlink_to(tmp_path / "nowhere")
    assert "hop" in AddedExercises(model, str(tmp_path)).recognizer.labels


def test_a_second_person_in_front_is_noticed():
    class Two(PoseEstimator):
        layout = COCO_18

        def estimate(self, picture):
            tall = np.concatenate([np.random.default_rng(0).uniform(0, 100, (18, 2)), np.ones((18, 1))], axis=1)
            return [Pose(tall), Pose(tall * [1, 0.8, 1])][: 1 + int(picture.any())]

    watch = CrowdWatch(Two())
    for picture in (np.zeros((4, 4, 3)),) * 8:
        watch.estimate(picture)
    assert not watch.crowded
    for picture in (np.ones((4, 4, 3)),) * 5:
        watch.estimate(picture)
    assert watch.crowded


def run(capsys, *arguments):
    code = main(["exercise", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_list_rename_export_import_remove(model, hop, tmp_path, capsys):
    folder = str(tmp_path / "exercises")
    there = ["--folder", folder]
    assert "no exercise was added" in run(capsys, "list", *there)[1]
    teach(AddedExercises(model, folder), "hop", hop)
    assert run(capsys, "list", *there)[1].split() == ["hop", "shown", "4", "times"]
    assert run(capsys, "rename", "hop", "side_hop", *there)[0] == 0
    assert run(capsys, "export", "side_hop", str(tmp_path / "file"), *there)[0] == 0
    code, _, error = run(capsys, "import", str(tmp_path / "file"), *there)
    assert code == 2 and "'side_hop' already" in error
    assert run(capsys, "remove", "side_hop", *there)[0] == 0 and not os.listdir(folder)
    assert run(capsys, "import", str(tmp_path / "file"), *there)[0] == 0
    assert os.listdir(folder) == ["side_hop.safetensors"]


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["add", "my exercise", "--video", "none.mp4"], "such as my_exercise"),
        (["add", "squat", "--video", "none.mp4"], "'squat' already"),
        (["add", "Squat", "--video", "none.mp4"], "'Squat' already"),
        (["add", "unknown", "--video", "none.mp4"], "'unknown' already"),
        (["add", "hop", "--video", "none.mp4"], "there is no video none.mp4"),
        (["add", "hop", "--seconds", "1"], "--seconds must be between"),
        (["remove", "hop"], "no exercise 'hop' was added"),
        (["rename", "hop", "hip"], "no exercise 'hop' was added"),
        (["import", "none.exercise"], "there is no file none.exercise"),
    ],
)
def test_wrong_requests_end_in_one_line_and_nothing_is_added(tmp_path, capsys, arguments, words):
    code, _, error = run(capsys, *arguments, "--folder", str(tmp_path))
    assert code == 2 and words in error and len(error.splitlines()) == 1
    assert not os.listdir(str(tmp_path))


def test_from_a_film_and_before_a_camera(tmp_path, capsys):
    pytest.importorskip("mediapipe")
    film = share_path("test", "data", "jumping_jack.mp4")
    options = ["--estimator", "mediapipe", "--folder", str(tmp_path)]
    code, out, error = run(capsys, "add", "star", "--video", film, *options)
    assert code == 2 and "this looks like 'jumping_jack'" in error and "--sure" in error
    assert "repetitions" in out and not os.listdir(str(tmp_path))
    picture = str(tmp_path / "star.png")
    code, out, _ = run(
        capsys, "add", "star", "--camera", film, "--seconds", "5", "--sure", "--picture", picture, *options
    )
    assert code == 0 and "Go!" in out and "the coach knows star" in out
    # Nobody in a film hears a countdown: it is seen from its beginning.
    assert "Get ready" not in out and "repetition 1: 0." in out
    code, out, error = run(capsys, "add", "moon", "--camera", film, "--seconds", "3", *options)
    assert code == 2 and "this looks like" in error and "--sure" in error and "Once more" not in out
    assert sorted(os.listdir(str(tmp_path))) == ["star.png", "star.safetensors"]
    code, _, error = run(capsys, "add", "one", "--video", share_path("test", "data", "scenes", "nobody.mp4"), *options)
    assert code == 2 and "nobody is seen" in error
