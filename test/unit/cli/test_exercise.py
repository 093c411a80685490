"""`rehab-coach exercise`: what is refused before anything is filmed."""

import argparse

import pytest

pytest.importorskip("torch")

from rehab_coach.cli import exercise  # noqa: E402
from rehab_coach.errors import RehabCoachError  # noqa: E402
from rehab_coach.paths import share_path  # noqa: E402


def run(*arguments):
    parser = argparse.ArgumentParser()
    exercise.add_arguments(parser)
    return exercise.run(parser.parse_args([str(argument) for argument in arguments]))


def test_a_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    for action in (["list"], ["add", "mine", "--video", share_path("test", "data", "squat.mp4")]):
        with pytest.raises(RehabCoachError, match="is no folder: name the folder"):
            run(*action, "--folder", tmp_path / "file")
    with pytest.raises(RehabCoachError, match="cannot write .* is no folder"):
        run("add", "mine", "--folder", tmp_path / "file" / "below")


def test_a_missing_folder_is_not_made(tmp_path, monkeypatch):
    picture = tmp_path / "mistyped" / "mine.png"
    with pytest.raises(RehabCoachError, match="no folder .*mistyped: make it first"):
        run("add", "mine", "--picture", picture, "--folder", tmp_path)
    monkeypatch.setattr(exercise, "_path", lambda added, name: "mine.exercise")
    with pytest.raises(RehabCoachError, match="no folder .*mistyped: make it first"):
        run("export", "mine", tmp_path / "mistyped" / "mine.exercise", "--folder", tmp_path)
    assert not picture.parent.exists()


@pytest.mark.parametrize("content", [None, "hello"])
def test_a_wrong_file_is_refused_with_what_to_do(tmp_path, content):
    path = tmp_path / "one.exercise"
    if content:
        path.write_text(content)
    with pytest.raises(RehabCoachError, match="rehab-coach exercise export|copy it again"):
        run("import", path, "--folder", tmp_path / "exercises")
    with pytest.raises(RehabCoachError, match="rehab-coach exercise export"):
        run("import", share_path("models", "coach.safetensors"), "--folder", tmp_path / "exercises")
    assert not (tmp_path / "exercises").exists()
