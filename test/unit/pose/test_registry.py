"""Estimators by name."""

import ast
import glob
import os
import sys

import pytest

import rehab_coach.pose
from rehab_coach.errors import RehabCoachError
from rehab_coach.pose import registry
from rehab_coach.pose.registry import ESTIMATORS, NAMES, create_estimator, estimators_with, get_estimator


@pytest.mark.parametrize("name", NAMES)
def test_the_defaults_of_the_options_are_allowed_and_those_of_the_class(name):
    entry = get_estimator(name)
    assert entry.description and entry.needs and issubclass(entry.factory, rehab_coach.pose.PoseEstimator)
    for option in entry.options:
        option.check(option.default)
    estimator = create_estimator(name, **{option.name: option.default for option in entry.options})
    assert len(estimator.layout) in (18, 33)
    estimator.close()


def test_options_are_asked_for_by_name():
    assert estimators_with("network") == estimators_with("threads") == ("tf_pose",)
    with pytest.raises(RehabCoachError, match="mediapipe has no option 'network'; it has none"):
        create_estimator("mediapipe", network="mobilenet_thin")
    with pytest.raises(RehabCoachError, match="'following' must be true or false, not 1"):
        create_estimator("tf_pose", following=1)


def test_what_is_not_installed_is_named_with_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "mediapipe.python.solutions", None)
    with pytest.raises(RehabCoachError, match="'mediapipe' is not installed here .*pip install.*choose tf_pose"):
        create_estimator("mediapipe")


def test_a_new_estimator_is_one_file_and_one_line(tmp_path, monkeypatch):
    (tmp_path / "in_the_middle.py").write_text(
        "import numpy as np\n"
        "from rehab_coach.pose.estimator import Option, Pose, PoseEstimator\n"
        "from rehab_coach.skeleton import COCO_18\n"
        "class InTheMiddle(PoseEstimator):\n"
        "    layout = COCO_18\n"
        "    options = (Option('score', float, 0.5, minimum=0, maximum=1),)\n"
        "    def __init__(self, score=0.5):\n"
        "        self.score = score\n"
        "    def estimate(self, picture):\n"
        "        return [Pose(np.full((18, 3), (*picture.shape[1::-1], self.score), np.float32))]\n"
    )
    monkeypatch.setattr(rehab_coach.pose, "__path__", [*rehab_coach.pose.__path__, str(tmp_path)])
    entry = registry.EstimatorEntry("middle", "a dot", "nothing", "in_the_middle", "InTheMiddle")
    monkeypatch.setitem(ESTIMATORS, "middle", entry)
    assert create_estimator("middle", threads=3, score=0.25).score == 0.25
    with pytest.raises(RehabCoachError, match="'score' must be a number from 0 to 1, not 2"):
        create_estimator("middle", score=2)


def test_no_file_of_pose_imports_itself_by_way_of_others():
    """At any depth, inside functions too; the package's own __init__ only hands names on."""
    folder = os.path.dirname(rehab_coach.pose.__file__)
    imports = {}
    for path in glob.glob(os.path.join(folder, "*.py")):
        name = os.path.splitext(os.path.basename(path))[0]
        with open(path, encoding="utf-8") as stream:
            tree = ast.parse(stream.read())
        modules = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        imports[name] = {module.split(".")[-1] for module in modules if module.startswith("rehab_coach.pose.")}
        if name != "__init__":
            assert "rehab_coach.pose" not in modules, name
    assert imports["tf_pose"] and imports["registry"]
    while imports:
        free = [name for name, needed in imports.items() if not needed & set(imports)]
        assert free, "a circle of %s" % ", ".join(sorted(imports))
        for name in free:
            del imports[name]
