import pytest

from rehab_coach.dataset.videos import Variant, read_videos, skeleton_name, variants
from rehab_coach.errors import RehabCoachError


def write(tmp_path, text):
    path = tmp_path / "videos.csv"
    path.write_text(text)
    return str(path)


def test_paths_are_relative_to_the_table_and_times_optional(tmp_path):
    clips, problems = read_videos(
        write(tmp_path, "label,path,start,stop,group\nsquat,a/b.mp4,1.5,3,p1\nlunge,c.mp4,,,\n")
    )
    assert not problems
    first, second = clips
    assert (first.path, first.start, first.end, first.group) == (str(tmp_path / "a/b.mp4"), 1.5, 3, "p1")
    assert (second.start, second.end, second.is_url) == (None, None, False)
    assert second.group == "c.mp4"  # the video, unless the table says who


def test_the_tables_of_kinetics_are_read_as_they_are(tmp_path):
    clips, _ = read_videos(write(tmp_path, "label,youtube_id,time_start,time_end,split\nsquat,-Ab_9,12,22,train\n"))
    assert clips[0].path == "https://www.youtube.com/watch?v=-Ab_9" and clips[0].is_url
    assert (clips[0].start, clips[0].end) == (12, 22)
    assert skeleton_name(clips[0]).startswith("Ab_9-")


def test_names_are_the_same_in_every_run_and_differ_between_parts(tmp_path):
    text = "label,path,start,stop\nsquat,a.mp4,0,1\nsquat,a.mp4,1,2\nsquat,b/a.mp4,0,1\n"
    first, again = (read_videos(write(tmp_path, text))[0] for _ in range(2))
    assert [*map(skeleton_name, first)] == [*map(skeleton_name, again)]
    assert len({*map(skeleton_name, first)}) == 3


def test_names_are_harmless_file_names(tmp_path):
    text = 'label,url\nsquat,http://host/../../..\nsquat,"https://host/a b;rm -rf %2F.mp4?x=/etc"\nsquat,http://host/\n'
    clips, _ = read_videos(write(tmp_path, text))
    assert len(clips) == 3
    for clip in clips:
        assert skeleton_name(clip).replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize(
    "row, reason",
    [
        ("squat,a.mp4,,3,1", "end 1 must come after start 3"),
        ("squat,a.mp4,,x,", "start must be seconds, not 'x'"),
        ("squat,a.mp4,,nan,", "start must be seconds"),
        ("squat,a.mp4,,-1,", "start must be seconds"),
        (",a.mp4,,,", "no label"),
        ("squat,,,,", "names no file"),
        ("squat,,file:///etc/passwd,,", "http:// or https://"),
        ("squat,good.mp4,,,", "as line 2"),
    ],
)
def test_a_line_that_cannot_be_used_is_told_and_the_others_are_kept(tmp_path, row, reason):
    clips, problems = read_videos(write(tmp_path, "label,path,url,start,stop\nsquat,good.mp4,,,\n%s\n" % row))
    assert len(clips) == 1
    assert [problem.line for problem in problems] == [3] and reason in problems[0].reason


@pytest.mark.parametrize(
    "text, reason", [("path\na.mp4\n", "no column 'label'"), ("label\nsquat\n", "no column 'file'")]
)
def test_a_table_without_labels_or_videos_is_refused(tmp_path, text, reason):
    with pytest.raises(RehabCoachError, match=reason):
        read_videos(write(tmp_path, text))


def test_variants():
    assert variants([], False) == (Variant(),)
    assert [variant.suffix for variant in variants([1.25, 0.8, 1], True)] == [
        "",
        "-flip",
        "-zoom0.8",
        "-zoom0.8-flip",
        "-zoom1.25",
        "-zoom1.25-flip",
    ]
    with pytest.raises(RehabCoachError, match="between 0.2 and 5"):
        variants([0], False)
