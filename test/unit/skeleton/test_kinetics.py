import json

import numpy as np
import pytest

from rehab_coach.errors import RehabCoachError
from rehab_coach.skeleton import SkeletonSequence, read_kinetics, write_kinetics


def person(seed, frames=6):
    key_points = np.random.default_rng(seed).uniform([1, 1, 0.1], [339, 255, 1], (frames, 18, 3))
    return SkeletonSequence(key_points, np.arange(frames) / 30, (340, 256))


def test_a_round_trip_keeps_people_label_and_unseen_joints(tmp_path):
    people = [person(0), person(1)]
    people[0].key_points[2, 5] = 0
    path = str(tmp_path / "clip.json")
    write_kinetics(path, people, "squat", 3)
    read, label, index = read_kinetics(path)
    assert (label, index, len(read)) == ("squat", 3, 2)
    for before, after in zip(people, read):
        np.testing.assert_allclose(after.key_points, before.key_points, atol=5e-3)
    assert read[0].key_points[2, 5].tolist() == [0, 0, 0]


def test_frames_without_a_person_are_kept_as_empty_frames(tmp_path):
    alone = person(0)
    alone.key_points[3] = 0
    path = str(tmp_path / "clip.json")
    write_kinetics(path, [alone], "lunge", 0)
    assert read_kinetics(path)[0][0].seen.tolist() == [True] * 3 + [False] + [True] * 2


def test_the_file_is_the_published_format(tmp_path):
    path = tmp_path / "clip.json"
    write_kinetics(str(path), [person(0)], "squat", 3)
    content = json.loads(path.read_text())
    assert set(content) == {"data", "label", "label_index"}
    assert content["data"][0]["frame_index"] == 1
    skeleton = content["data"][0]["skeleton"][0]
    assert len(skeleton["pose"]) == 36 and len(skeleton["score"]) == 18 and max(skeleton["pose"]) <= 1


@pytest.mark.parametrize(
    "break_it",
    [
        lambda content: content.pop("label"),
        lambda content: content["data"][0]["skeleton"][0]["pose"].pop(),
        lambda content: content["data"][0]["skeleton"][0].update(pose=[0.5] * 34, score=[1] * 17),
        lambda content: content["data"][0]["skeleton"][0]["score"].__setitem__(0, float("nan")),
        lambda content: content["data"][0]["skeleton"][0]["score"].__setitem__(0, -7),
        lambda content: content["data"][0]["skeleton"][0]["pose"].__setitem__(0, 170.5),
        lambda content: content["data"][0]["skeleton"][0].update(pose=["0.5"] * 36),
        lambda content: content["data"][0].update(frame_index=0),
        lambda content: content["data"][0].update(frame_index=2),
        lambda content: content.update(data=[1, 2]),
    ],
)
def test_wrong_content_is_a_clear_error(tmp_path, break_it):
    path = tmp_path / "clip.json"
    write_kinetics(str(path), [person(0)], "squat", 3)
    content = json.loads(path.read_text())
    break_it(content)
    path.write_text(json.dumps(content))
    with pytest.raises(RehabCoachError, match="not a Kinetics-skeleton file"):
        read_kinetics(str(path))


def test_missing_and_truncated_files_are_a_clear_error(tmp_path):
    with pytest.raises(RehabCoachError, match="cannot read"):
        read_kinetics(str(tmp_path / "nowhere.json"))
    path = tmp_path / "clip.json"
    write_kinetics(str(path), [person(0)], "squat", 3)
    path.write_text(path.read_text()[:100])
    with pytest.raises(RehabCoachError, match="not a Kinetics-skeleton"):
        read_kinetics(str(path))


def changed(tmp_path, change, people=1):
    path = tmp_path / "clip.json"
    write_kinetics(str(path), [person(seed) for seed in range(people)], "squat", 3)
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    return str(path)


def test_files_of_other_programs_are_read_alike(tmp_path):
    path = tmp_path / "clip.json"
    write_kinetics(str(path), [person(0)], "knebøy", 3)
    plain, label, _ = read_kinetics(str(path))
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(json.loads(path.read_text()), ensure_ascii=False).encode("utf-8"))
    marked, same, _ = read_kinetics(str(path))
    assert label == same == "knebøy"
    np.testing.assert_array_equal(plain[0].key_points, marked[0].key_points)


def test_frames_may_come_in_any_order_and_those_without_a_person_may_be_missing(tmp_path):
    def shuffle(content):
        content["data"] = [content["data"][number] for number in (5, 0, 3, 2)]

    read, _, _ = read_kinetics(changed(tmp_path, shuffle))
    assert read[0].seen.tolist() == [True, False, True, True, False, True]
    np.testing.assert_allclose(read[0].key_points[[0, 2, 3, 5]], person(0).key_points[[0, 2, 3, 5]], atol=5e-3)


def test_five_people_stay_five(tmp_path):
    read, _, _ = read_kinetics(changed(tmp_path, lambda content: None, people=5))
    assert len(read) == 5 and all(one.seen.all() for one in read)


def test_a_clip_in_which_all_is_zero_shows_nobody(tmp_path):
    def blind(content):
        for frame in content["data"]:
            frame["skeleton"][0].update(pose=[0] * 36, score=[0] * 18)

    read, _, _ = read_kinetics(changed(tmp_path, blind))
    assert len(read) == 1 and len(read[0]) == 6 and not read[0].seen.any()


@pytest.mark.parametrize(
    "skeleton, complaint",
    [
        (dict(score=[None] * 18), "frame 1 has coordinates or scores that are no numbers"),
        (dict(score=["0.5"] * 18), "frame 1 has coordinates or scores that are no numbers"),
        (dict(pose=[0.5] * 50, score=[0.5] * 25), "frame 1 has 25 joints and 25 scores, expected 18"),
    ],
)
def test_what_is_no_number_or_another_skeleton_is_told_with_its_frame(tmp_path, skeleton, complaint):
    path = changed(tmp_path, lambda content: content["data"][0]["skeleton"][0].update(skeleton))
    with pytest.raises(RehabCoachError, match="clip.json is not a Kinetics-skeleton file: " + complaint):
        read_kinetics(path)
