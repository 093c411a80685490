import cv2
import numpy as np
import pytest

from rehab_coach.cli.main import main
from rehab_coach.display.gallery import example_views


def test_one_picture_for_each_state(tmp_path, capsys):
    assert main(["screenshots", str(tmp_path / "screens"), "--size", "800x480"]) == 0
    files = capsys.readouterr().out.split()
    assert [file.split("/")[-1][:-4] for file in files] == list(example_views())
    assert all(cv2.imread(file).shape == (480, 800, 3) for file in files)


def test_the_picture_of_a_video_is_shown(tmp_path):
    video = cv2.VideoWriter(str(tmp_path / "clip.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 10, (320, 240))
    for level in (20, 20, 230, 230):
        video.write(np.full((240, 320, 3), level, np.uint8))
    video.release()
    assert main(["screenshots", str(tmp_path), "--video", str(tmp_path / "clip.avi"), "--at", "0.2"]) == 0
    assert abs(int(cv2.imread(str(tmp_path / "prompt.png"))[330, 290, 0]) - 230) < 6


@pytest.mark.parametrize("arguments, said", [(["--video", "none.mp4"], "none.mp4"), ([], "cannot write")])
def test_what_the_user_can_put_right_is_one_line(tmp_path, capsys, arguments, said):
    (tmp_path / "file").write_text("")
    assert main(["screenshots", str(tmp_path / "file")] + arguments) == 2
    error = capsys.readouterr().err
    assert said in error and len(error.strip().splitlines()) == 1


def test_a_strange_size_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["screenshots", str(tmp_path), "--size", "3x3"])
    assert "320x240" in capsys.readouterr().err
