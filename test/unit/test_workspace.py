import os
import sys

import pytest

from rehab_coach import workspace
from rehab_coach.errors import RehabCoachError


@pytest.fixture
def outside(monkeypatch, tmp_path):
    """A shell in which no workspace was sourced, on a computer with ROS; the repository's share folder is empty."""
    monkeypatch.delenv("ROS_PACKAGE_PATH", raising=False)
    monkeypatch.delenv(workspace.ENTERED, raising=False)
    monkeypatch.setattr(workspace.shutil, "which", lambda name: "/usr/bin/" + name)
    monkeypatch.setattr(workspace, "share_path", lambda *parts: str(tmp_path.joinpath(*parts)))
    started = []
    monkeypatch.setattr(workspace.os, "execvp", lambda program, arguments: started.append(arguments))
    yield tmp_path, started
    os.environ.pop(workspace.ENTERED, None)


def test_inside_nothing_happens(outside, monkeypatch):
    monkeypatch.setenv("ROS_PACKAGE_PATH", "/somewhere")
    monkeypatch.setattr(workspace.importlib.util, "find_spec", lambda name: object())
    workspace.enter_workspace()
    assert not outside[1]


def test_outside_the_command_begins_anew_inside_once(outside, monkeypatch):
    folder, started = outside
    setup = folder / ".ws" / "devel" / "setup.bash"
    setup.parent.mkdir(parents=True)
    setup.touch()
    monkeypatch.setattr(sys, "argv", ["rehab-coach", "soak", "--rounds", "3"])
    workspace.enter_workspace()
    ((shell, _, script, sourced, *again),) = started
    assert shell == "bash" and "source" in script and sourced == str(setup)
    assert again[0] == sys.executable and again[-3:] == ["soak", "--rounds", "3"]
    with pytest.raises(RehabCoachError, match="make setup"):  # it did not help
        workspace.enter_workspace()


def test_without_a_workspace_it_says_what_to_do(outside):
    with pytest.raises(RehabCoachError, match="make setup"):
        workspace.enter_workspace()
