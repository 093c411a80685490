import concurrent.futures
import csv
import http.server
import importlib.util
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from rehab_coach.dataset import open_set
from rehab_coach.dataset.from_videos import Plan, make_sets
from rehab_coach.dataset.report import Report
from rehab_coach.dataset.videos import variants
from rehab_coach.errors import RehabCoachError
from rehab_coach.paths import share_path
from rehab_coach.pose import Pose, PoseEstimator
from rehab_coach.skeleton import COCO_18
from rehab_coach.video_file import VideoFile


class Brightness(PoseEstimator):
    """Sees somebody upright where the picture is brightest, nobody in the dark."""

    layout = COCO_18

    def estimate(self, picture):
        columns = np.flatnonzero(picture.mean(axis=(0, 2)) > 120)
        if not len(columns):
            return []
        return [Pose(np.array([(columns.mean(), 20 + 10 * joint, 0.9) for joint in range(18)], np.float32))]


@pytest.fixture
def estimator(monkeypatch):
    """Both estimators are `Brightness`, made anew for each test."""
    monkeypatch.setattr("rehab_coach.pose.clips._estimators", {})
    monkeypatch.setattr("rehab_coach.pose.clips.create_estimator", lambda *_, **__: Brightness())


@pytest.fixture
def table(tmp_path):
    """table("squat,a.mp4,0,1", ...) -> path of a CSV; the videos a, b, c ... are made as they are named."""
    folder = tmp_path / "videos"

    def make(*lines, header="label,path,start,stop,group"):
        for line in lines:
            name = os.path.basename(line.split(",")[1])
            os.makedirs(str(folder), exist_ok=True)
            if name in ("a.mp4", "b.mp4", "c.mp4", "dark.mp4") and not (folder / name).exists():
                film(str(folder / name), 0 if name == "dark.mp4" else 30 + 40 * "abc".index(name[0]))
        path = folder / "videos.csv"
        path.write_text("\n".join([header, *lines]) + "\n")
        return str(path)

    return make


def film(path, column, seconds=1.0, rate=15, size=(160, 120)):
    with VideoFile(path, size, rate) as writer:
        for frame in range(int(seconds * rate)):
            picture = np.zeros((size[1], size[0], 3), np.uint8)
            if column:
                picture[:] = 60
                picture[:, column + frame : column + frame + 8] = 255
            writer.write(picture)


def make(table, out, **options):
    return make_sets(Plan(table, str(out), workers=0, **options))


def files(out):
    """Contents of all files of the sets, and the report without times."""
    found = {}
    for folder, _, names in os.walk(str(out)):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as stream:
                found[os.path.relpath(path, str(out))] = stream.read()
    with open(os.path.join(str(out), "report.csv")) as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        del row["processor_seconds"]
    found["report.csv"] = rows
    return found


def test_videos_become_a_set(table, estimator, tmp_path):
    out = tmp_path / "out"
    make(table("squat,a.mp4,0,0.5,p1", "lunge,b.mp4,,,p2", "squat,dark.mp4,,,"), out)
    found = open_set(str(out / "tf_pose"))
    assert found.labels == ("squat", "lunge")
    assert [(entry.label, entry.group, entry.has_skeleton) for entry in found.entries] == [
        ("squat", "p1", True),
        ("lunge", "p2", True),
        ("squat", "dark.mp4", False),
    ]
    first, second, dark = found.clips()
    assert len(first.person) == len(second.person) == 300 and not dark.person.seen.any()
    points = first.person.key_points  # 15 frames, repeated from the start
    np.testing.assert_array_equal(points[15:30], points[:15])
    assert points[14, 0, 0] > points[0, 0, 0] + 10
    assert {row["status"] for row in Report(str(out / "report.csv")).rows.values()} == {"done", "nobody"}
    assert sorted(os.listdir(str(out))) == [
        ".lock",
        "label_name.txt",
        "report.csv",
        "settings.json",
        "tf_pose",
        "tf_pose_label.json",
    ]


def test_estimators_flips_and_zooms_each_give_a_file(table, estimator, tmp_path):
    out = tmp_path / "out"
    make(table("squat,a.mp4,,,"), out, estimators=("tf_pose", "mediapipe"), variants=variants([1.5], True))
    for name in ("tf_pose", "mediapipe"):
        plain, flipped, zoomed, both = open_set(str(out / name)).clips()
        assert [clip.entry.name.partition("-zoom")[2] for clip in (plain, flipped, zoomed, both)] == [
            "",
            "",
            "1.5",
            "1.5-flip",
        ]
        x, mirrored = (clip.person.key_points[0, 0, 0] for clip in (plain, flipped))
        assert mirrored == pytest.approx(339 - x, abs=8)
        assert {clip.entry.group for clip in (plain, flipped, zoomed, both)} == {"a.mp4"}


def test_npz_keeps_the_length(table, estimator, tmp_path):
    make(table("squat,a.mp4,0,0.5,"), tmp_path / "out", format="npz")
    (clip,) = open_set(str(tmp_path / "out" / "tf_pose")).clips()
    assert len(clip.person) == 15 and clip.person.rate == pytest.approx(30)


def test_what_fails_is_reported_with_the_reason_and_the_rest_is_done(table, estimator, tmp_path):
    text = table(
        "squat,a.mp4,,,", "squat,nowhere.mp4,,,", "squat,empty.mp4,,,", "squat,cut.mp4,,,", "squat,a.mp4,5,6,",
        "squat,a.mp4,0,9,", "squat,a.mp4,2,1,", "squat,videos.csv,,,"
    )  # fmt: skip
    folder = tmp_path / "videos"
    (folder / "empty.mp4").write_bytes(b"")
    with open(share_path("test", "data", "push_up.mp4"), "rb") as stream:
        (folder / "cut.mp4").write_bytes(stream.read(80000))
    report = make(text, tmp_path / "out")
    reasons = {row["line"]: row["reason"] for row in report.rows.values()}
    for line, reason in (
        ("2", ""),
        ("3", "there is no video"),
        ("4", "ffprobe: "),
        ("5", "s can be read"),
        ("6", "ends after 1.0 s, before start 5"),
        ("7", "only 1.0 of 9.0 s"),
        ("8", "end 1 must come after start 2"),
        ("9", "ffprobe: "),
    ):
        assert reason in reasons[line] and bool(reason) == bool(reasons[line]), (line, reasons[line])
    assert len(open_set(str(tmp_path / "out" / "tf_pose"))) == 1


def test_nothing_usable_is_an_error(table, estimator, tmp_path):
    with pytest.raises(RehabCoachError, match="no clip of .* could be used: there is no video"):
        make(table("squat,nowhere.mp4,,,"), tmp_path / "out")


def test_a_second_run_does_only_what_is_missing(table, estimator, tmp_path, monkeypatch):
    text = table("squat,a.mp4,,,", "squat,b.mp4,,,", "squat,later.mp4,,,")
    make(text, tmp_path / "out")
    before = files(tmp_path / "out")
    film(str(tmp_path / "videos" / "later.mp4"), 40)
    os.remove(next(str(path) for path in (tmp_path / "out" / "tf_pose").iterdir() if path.name.startswith("b-")))
    done = []
    from rehab_coach.dataset import from_videos

    extract = from_videos.extract
    monkeypatch.setattr(from_videos, "extract", lambda task: done.append(task.clip.line) or extract(task))
    make(text, tmp_path / "out", retry=False)
    assert done == [3]  # its file was removed
    make(text, tmp_path / "out")
    assert done == [3, 4]  # what failed is tried again
    after = files(tmp_path / "out")
    assert {row["status"] for row in after.pop("report.csv")} == {"done"}
    assert len(open_set(str(tmp_path / "out" / "tf_pose"))) == 3
    for name in set(before) - {"report.csv", "tf_pose_label.json"}:
        assert after[name] == before[name], name


def test_a_longer_table_keeps_the_numbers_of_the_labels(table, estimator, tmp_path):
    make(table("squat,a.mp4,,,"), tmp_path / "out")
    make(table("lunge,b.mp4,,,", "squat,a.mp4,,,"), tmp_path / "out")
    assert open_set(str(tmp_path / "out" / "tf_pose")).labels == ("squat", "lunge")
    assert len(list(open_set(str(tmp_path / "out" / "tf_pose")).clips())) == 2


def test_other_settings_or_labels_in_the_same_folder_are_refused(table, estimator, tmp_path):
    text = table("squat,a.mp4,,,")
    make(text, tmp_path / "out")
    with pytest.raises(RehabCoachError, match="begun with --fit letterbox"):
        make(text, tmp_path / "out", fit="stretch")
    labels = tmp_path / "labels.txt"
    labels.write_text("lunge\nsquat\n")
    with pytest.raises(RehabCoachError, match="other labels"):
        make(text, tmp_path / "out", label_file=str(labels))
    labels.write_text("lunge\n")
    with pytest.raises(RehabCoachError, match="lacks: squat"):
        make(text, tmp_path / "new", label_file=str(labels))


def test_two_runs_in_one_folder_are_refused(table, estimator, tmp_path, monkeypatch):
    text = table("squat,a.mp4,,,")
    from rehab_coach.dataset import from_videos

    def again(task):
        with concurrent.futures.ProcessPoolExecutor(1) as another:
            with pytest.raises(RehabCoachError, match="another run is working"):
                another.submit(make, text, tmp_path / "out").result()
        raise KeyboardInterrupt

    monkeypatch.setattr(from_videos, "extract", again)
    with pytest.raises(KeyboardInterrupt):
        make(text, tmp_path / "out")


def test_an_interrupt_leaves_a_set_that_can_be_read(table, estimator, tmp_path, monkeypatch):
    text = table("squat,a.mp4,,,", "squat,b.mp4,,,")
    from rehab_coach.dataset import from_videos

    extract = from_videos.extract

    def interrupted(task):
        if task.clip.line == 3:
            raise KeyboardInterrupt
        return extract(task)

    monkeypatch.setattr(from_videos, "extract", interrupted)
    with pytest.raises(KeyboardInterrupt):
        make(text, tmp_path / "out")
    assert len(list(open_set(str(tmp_path / "out" / "tf_pose")).clips())) == 1
    assert not (tmp_path / "out" / ".work").exists()


def test_a_half_written_line_of_the_report_is_forgotten(table, estimator, tmp_path):
    text = table("squat,a.mp4,,,", "squat,b.mp4,,,")
    make(text, tmp_path / "out")
    expected = files(tmp_path / "out")
    report = tmp_path / "out" / "report.csv"
    report.write_text(report.read_text()[:-30])
    make(text, tmp_path / "out")
    assert files(tmp_path / "out") == expected


def test_a_foreign_report_is_not_overwritten(table, estimator, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "report.csv").write_text("year,income\n2020,7\n")
    with pytest.raises(RehabCoachError, match="not a report of this command"):
        make(table("squat,a.mp4,,,"), tmp_path / "out")


def test_a_full_disk_ends_the_run_with_everything_kept(table, estimator, tiny_disk, tmp_path):
    lines = ["squat,%s.mp4,%g,%g," % (name, start, start + 0.5) for name in "abc" for start in (0, 0.25, 0.5)]
    text = table(*lines)
    with pytest.raises(RehabCoachError, match="No space left on device.*kept.*run the same command again"):
        make(text, tiny_disk, temporary=str(tmp_path))
    kept = list(open_set(str(tiny_disk / "tf_pose")).clips())
    assert 0 < len(kept) < 9
    assert not [name for _, _, names in os.walk(str(tiny_disk)) for name in names if name.startswith(".partial")]


def test_a_full_disk_while_cutting_ends_the_run_too(table, estimator, tiny_disk, tmp_path):
    (tiny_disk / "ballast").write_bytes(b"0" * 330000)
    with pytest.raises(RehabCoachError, match="No space left on device"):
        make(table("squat,a.mp4,,,"), tmp_path / "out", temporary=str(tiny_disk))


def test_without_ffmpeg_nothing_is_begun(table, estimator, tmp_path, monkeypatch):
    text = table("squat,a.mp4,,,")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RehabCoachError, match="ffmpeg is not installed"):
        make(text, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_without_yt_dlp_urls_are_refused_and_paths_are_not(table, estimator, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "yt_dlp", None)
    make(table("squat,a.mp4,,,"), tmp_path / "paths")
    with pytest.raises(RehabCoachError, match="urls need yt-dlp"):
        make(table("squat,http://127.0.0.1:9/a.mp4", header="label,url"), tmp_path / "urls")


@pytest.fixture
def server(tmp_path):
    """Serves the folder of the videos; requests that it saw are in `.seen`."""
    seen = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(tmp_path / "videos"))

        def log_message(self, text, *values):
            seen.append(text % values)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        httpd.seen = seen
        httpd.url = "http://127.0.0.1:%d" % httpd.server_port
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield httpd
        httpd.shutdown()


def test_videos_are_downloaded_and_nothing_stays_on_the_disk(table, estimator, server, tmp_path, monkeypatch):
    table("squat,a.mp4")
    on_disk = []
    from rehab_coach.dataset import extraction

    cut = extraction.cut

    def watched(video, *arguments):
        on_disk.append(sorted(os.listdir(str(tmp_path / "out" / ".work"))))
        cut(video, *arguments)

    monkeypatch.setattr(extraction, "cut", watched)
    text = table(
        "squat,%s/a.mp4,0,0.5" % server.url,
        "squat,%s/a.mp4,0.5,1" % server.url,
        "lunge,%s/gone.mp4,," % server.url,
        header="label,url,start,stop",
    )
    report = make(text, tmp_path / "out")
    rows = {row["line"]: row for row in report.rows.values()}
    assert [rows[line]["status"] for line in "234"] == ["done", "done", "failed"] and "404" in rows["4"]["reason"]
    assert [len(folders) for folders in on_disk] == [1, 1]  # one clip at a time
    assert not (tmp_path / "out" / ".work").exists()
    assert {entry.group for entry in open_set(str(tmp_path / "out" / "tf_pose")).entries} == {server.url + "/a.mp4"}


DRIVER = """
    import sys

    import numpy as np

    import rehab_coach.pose.clips
    from rehab_coach.cli.main import main
    from rehab_coach.skeleton import COCO_18


    class Brightness(rehab_coach.pose.PoseEstimator):
        layout = COCO_18

        def estimate(self, picture):
            x = float(picture.mean(axis=(0, 2)).argmax())
            return [rehab_coach.pose.Pose(np.array([(x, 20 + 10 * joint, 0.9) for joint in range(18)], np.float32))]


    # At the top, so that the worker processes, which import this file, have it too.
    rehab_coach.pose.clips.create_estimator = lambda *_, **__: Brightness()
    if __name__ == "__main__":
        sys.exit(main(["dataset", "from-videos"] + sys.argv[1:]))
"""


def test_killed_again_and_again_the_result_is_the_same(table, tmp_path):
    """SIGKILL at growing progress, of the main process alone or of all; the last run ends by itself."""
    driver = tmp_path / "driver.py"
    driver.write_text(textwrap.dedent(DRIVER))
    text = table(*["squat,%s.mp4,%g,%g," % (name, start, start + 0.2) for name in "ab" for start in (0, 0.2, 0.4)])

    def start(out):
        command = [sys.executable, str(driver), text, str(out), "--workers", "2"]
        return subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, universal_newlines=True, start_new_session=True
        )

    whole = start(tmp_path / "whole")
    errors = whole.communicate()[1]
    assert whole.returncode == 0, errors

    out = tmp_path / "killed"
    for kill_at, of_all in ((1, True), (3, False)):
        run = start(out)
        while run.poll() is None and _rows(out) < kill_at:
            time.sleep(0.01)
        assert run.poll() is None or kill_at > 1, run.stderr.read()
        if run.poll() is not None:  # it was quicker than this test
            pass
        elif of_all:
            os.killpg(run.pid, signal.SIGKILL)
        else:
            run.kill()
        run.wait()
        run.stderr.close()
        for path in (out / "tf_pose").glob("*.json"):  # what has a name is whole
            assert len(json.loads(path.read_text())["data"]) == 300
    last = start(out)
    errors = last.communicate()[1]
    assert last.returncode == 0, errors
    assert files(out) == files(tmp_path / "whole")
    assert not (out / ".work").exists()


def _rows(out):
    try:
        return max(0, (out / "report.csv").read_text().count("\n") - 1)
    except OSError:
        return 0


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed (extra `ray`)")
def test_a_local_ray_of_two_workers_makes_the_same_files(tmp_path):
    squat = share_path("test", "data", "squat.mp4")
    path = tmp_path / "videos.csv"
    path.write_text("label,path,start,stop\n" + "".join("squat,%s,%d,%d.2\n" % (squat, n, n) for n in range(2)))
    plan = Plan(str(path), str(tmp_path / "here"), ("mediapipe",), workers=0)
    make_sets(plan)
    make_sets(replace(plan, out=str(tmp_path / "ray"), ray="local", workers=2))
    assert files(tmp_path / "ray") == files(tmp_path / "here")
    assert len(open_set(str(tmp_path / "ray" / "mediapipe"))) == 2
