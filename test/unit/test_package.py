"""The package as a whole: what keeps it buildable, installable on the robot, and documented."""

import glob
import importlib.util
import os
import re
import shutil
import subprocess
import sys

import pytest
import yaml

from rehab_coach.cli.main import COMMANDS, main
from rehab_coach.paths import share_path

ROOT = share_path()


def sources(*folders):
    for folder in folders:
        for directory, _, names in os.walk(os.path.join(ROOT, folder)):
            yield from (
                os.path.join(directory, name)
                for name in names
                if name.endswith(".py") or os.path.basename(directory) == "nodes"
            )


def tool(name):
    """A program of the environment that the tests run in."""
    return os.path.join(os.path.dirname(sys.executable), name)


def test_what_the_robot_runs_is_python_3_8():
    robot = [path for path in sources("src", "nodes") if "simulation" not in os.path.relpath(path, ROOT)]
    assert len(robot) > 50
    run = subprocess.run(
        [
            tool("vermin"),
            "-q",
            "-t=3.8-",
            "--no-tips",
            "--violations",
            "--eval-annotations",
            os.path.join(ROOT, "setup.py"),
        ]
        + robot,
        stdout=subprocess.PIPE,
        universal_newlines=True,
    )
    assert run.returncode == 0, run.stdout


@pytest.mark.skipif(shutil.which("catkin_lint") is None, reason="catkin_lint is not installed")
def test_catkin_finds_nothing_to_complain_about():
    # The folder that a clone is in may have any name.
    run = subprocess.run(
        ["catkin_lint", "-q", "-W2", "--strict", "--ignore", "package_path_name", ROOT],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
    )
    assert run.returncode == 0, run.stdout


def test_only_the_ros_room_imports_ros():
    for path in sources("src"):
        if os.sep + "ros" + os.sep not in path:
            with open(path) as stream:
                assert not re.search(
                    r"^\s*(import|from) (rospy|rosgraph|\w+_msgs|rehab_coach\.msg)", stream.read(), re.MULTILINE
                ), path


def test_nodes_are_thin():
    for path in sources("nodes"):
        with open(path) as stream:
            assert len(stream.readlines()) < 30, path
        assert os.access(path, os.X_OK), path


def test_the_page_of_parameters_is_made_from_the_configuration(tmp_path):
    with open(share_path("config", "coach.yaml")) as stream:
        configuration = yaml.safe_load(stream)
    path = os.path.join(ROOT, "docs", "parameters.md")
    with open(path) as stream:
        page = stream.read()
    spec = importlib.util.spec_from_file_location("tables", os.path.join(ROOT, "docs", "tabulate_parameters.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with open(share_path("config", "coach.yaml")) as stream:
        made = module.HEAD + module.tables(stream.read())
    assert page == made, "run `python3 docs/tabulate_parameters.py`"
    for node, parameters in configuration.items():
        section = page.split("## %s\n" % node)[1].split("\n## ")[0]
        for name, value in parameters.items():
            row = re.search(r"^\| `%s` \| (`([^`]*)`|see the file) \| \S" % name, section, re.MULTILINE)
            assert row, "%s/%s is not in docs/parameters.md" % (node, name)
            assert row.group(2) is None or yaml.safe_load(row.group(2)) == value, "%s/%s" % (node, name)


PAGES = sorted(glob.glob(os.path.join(ROOT, "docs", "*.md"))) + [
    os.path.join(ROOT, name) for name in ("README.md", "CONTRIBUTING.md")
]


@pytest.mark.parametrize("path", PAGES, ids=os.path.basename)
def test_pages_name_commands_and_files_that_exist(path):
    with open(path) as stream:
        page = stream.read()
    assert set(re.findall(r"rehab-coach ([a-z-]+)", page)) <= set(COMMANDS)
    for link in re.findall(r"\]\((?!http)([^)#]*)", page):
        assert os.path.exists(os.path.join(os.path.dirname(path), link)), link


def test_the_readme_is_short():
    assert os.path.getsize(os.path.join(ROOT, "README.md")) <= 15000


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_examples(command, capsys):
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    text = capsys.readouterr().out
    assert end.value.code == 0 and "examples:" in text and "rehab-coach " + command in text


def test_help_is_instant_because_it_imports_nothing_heavy():
    heavy = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "rehab_coach.cli.main", "--help"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
    ).stderr
    assert not re.search(r"\| +(torch|cv2|numpy|pygame|mediapipe)$", heavy, re.MULTILINE)


def test_an_error_is_one_line_and_exit_code_2(capsys):
    assert main(["recognize", "nowhere.mp4"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("rehab-coach recognize: ") and "nowhere.mp4" in error and len(error.splitlines()) == 1


def test_every_graph_test_is_run():
    with open(os.path.join(ROOT, "CMakeLists.txt")) as stream:
        listed = re.search(r"foreach\(graph_test ([^)]*)\)", stream.read()).group(1).split()
    names = os.listdir(os.path.join(ROOT, "test", "integration"))
    assert sorted(listed) == sorted(name[: -len(".test")] for name in names if name.endswith(".test"))
