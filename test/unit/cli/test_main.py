"""What every command does alike."""

import subprocess
import sys

import pytest

from rehab_coach.paths import share_path


def start(*arguments, folder):
    command = [sys.executable, "-m", "rehab_coach.cli.main", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=str(folder))


@pytest.mark.parametrize("arguments", [["--help"], ["compare-angles", "a.mot", "a.mot"]])
def test_a_pipe_that_closes_ends_a_command_quietly(tmp_path, arguments):
    rows = "".join("%g\t%d\n" % (0.1 * time, time) for time in range(30))
    (tmp_path / "a.mot").write_text("endheader\ntime\tknee\n" + rows)
    with start(*arguments, folder=tmp_path) as process:
        process.stdout.close()  # before it has anything to say
        assert process.stderr.read() == b"" and process.wait(60) == 141


def test_a_command_with_mediapipe_only_says_what_it_has_to_say(tmp_path):
    pytest.importorskip("mediapipe")
    film = share_path("test", "data", "squat.mp4")
    with start("angles", film, "--end", "0.3", "--no-overlay", "--out", "out", folder=tmp_path) as process:
        output, error = process.communicate(timeout=300)
        assert process.returncode == 0 and output.startswith(b"squat.mp4, 0 repetitions, 9 frames")
    assert error == b""
