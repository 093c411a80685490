import math
import os

import pytest
import yaml

rospy = pytest.importorskip("rospy")

from rehab_coach.errors import RehabCoachError  # noqa: E402
from rehab_coach.ros import parameters  # noqa: E402
from rehab_coach.ros.parameters import ParameterError, get_parameter, keep_parameter  # noqa: E402

CONFIGURATION = os.path.join(os.path.dirname(__file__), "..", "..", "..", "config", "coach.yaml")


@pytest.fixture
def server(monkeypatch):
    """A dictionary in place of the parameter server; the node is /node."""
    values = {}
    monkeypatch.setattr(rospy, "resolve_name", lambda name: name.replace("~", "/node/"))
    monkeypatch.setattr(rospy, "get_name", lambda: "/node")
    monkeypatch.setattr(rospy, "has_param", lambda name: rospy.resolve_name(name) in values)
    monkeypatch.setattr(rospy, "get_param", lambda name: values[rospy.resolve_name(name)])
    monkeypatch.setattr(rospy, "get_param_names", lambda: list(values))
    monkeypatch.setattr(parameters, "_read", set())
    return values


def test_the_default_serves_where_nothing_is_set(server):
    assert get_parameter("~rate", 20.0, float, minimum=5.0) == 20.0
    assert get_parameter("~path", None, str) is None


@pytest.mark.parametrize(
    "value, kind, expected",
    [
        (3, float, 3.0),
        (3.0, int, 3),
        (0, str, "0"),
        ("text", str, "text"),
        (True, bool, True),
        ("squat, lunge push_up", list, ["squat", "lunge", "push_up"]),
        (["a"], list, ["a"]),
        ("", list, []),
        ({"a": 1}, dict, {"a": 1}),
    ],
)
def test_values_that_mean_the_same_are_converted(server, value, kind, expected):
    server["/node/x"] = value
    result = get_parameter("~x", None, kind)
    assert result == expected and type(result) is kind


def test_one_of_several_kinds_will_do(server):
    for value, expected in ((1, 1.0), (["heels_up"], ["heels_up"]), ("heels_up", ["heels_up"])):
        server["/node/x"] = value
        assert get_parameter("~x", 0.5, (float, list)) == expected
    server["/node/x"] = {}
    with pytest.raises(ParameterError, match="a number or a list"):
        get_parameter("~x", 0.5, (float, list))


@pytest.mark.parametrize(
    "value, kind",
    [
        ("fast", float),
        (math.nan, float),
        (math.inf, float),
        (True, float),
        (True, int),
        (2.5, int),
        ("2", int),
        (1, bool),
        ("yes", bool),
        ([1], str),
        (True, str),
        (3, list),
        ([1], dict),
    ],
)
def test_another_kind_is_refused(server, value, kind):
    server["/node/x"] = value
    with pytest.raises(ParameterError, match="parameter /node/x is .*; it must be"):
        get_parameter("~x", None, kind)


@pytest.mark.parametrize(
    "value, options, words",
    [
        (4, dict(kind=int, minimum=5, maximum=9), "a whole number from 5 to 9"),
        (10, dict(kind=int, minimum=5, maximum=9), "a whole number from 5 to 9"),
        (-1.0, dict(kind=float, minimum=0.0), "a number, at least 0.0"),
        (2.0, dict(kind=float, maximum=1.0), "a number, at most 1.0"),
        ("c", dict(kind=str, choices=("a", "b")), "a text, one of: a, b"),
        (["a", "c"], dict(kind=list, choices=("a", "b")), "a list of these: a, b"),
        ([1, -2], dict(kind=list, minimum=0), "a list, at least 0"),
        ([1, "two"], dict(kind=list, minimum=0), "a list, at least 0"),
    ],
)
def test_what_is_not_allowed_is_refused_with_what_is(server, value, options, words):
    server["/node/x"] = value
    with pytest.raises(RehabCoachError) as error:
        get_parameter("~x", None, **options)
    assert str(error.value) == "parameter /node/x is {!r}; it must be {}".format(value, words)


def test_limits_themselves_are_allowed(server):
    server["/node/x"] = 5
    assert get_parameter("~x", 0, int, minimum=5, maximum=5) == 5


def test_a_parameter_that_nobody_asked_for_is_reported(server, monkeypatch):
    warnings = []
    monkeypatch.setattr(rospy, "logwarn", lambda text, *values: warnings.append(text % values))
    server.update({"/node/rate": 5.0, "/node/motions/correct": [], "/node/raet": 6.0, "/other/raet": 7.0})
    get_parameter("~rate", 1.0, float)
    get_parameter("~motions", {}, dict)
    parameters.warn_of_unread()
    assert len(warnings) == 1 and "/node/raet" in warnings[0]


def test_a_node_goes_on_where_a_value_cannot_be_kept_because_the_master_is_gone(monkeypatch):
    monkeypatch.setenv("ROS_MASTER_URI", "http://localhost:1")
    monkeypatch.setattr(parameters.rospy.client, "_param_server", None)
    warnings = []
    monkeypatch.setattr(parameters.rospy, "logwarn", lambda text, *values: warnings.append(text % values))
    keep_parameter("/recorder/answered", True)
    (warning,) = warnings
    assert warning.startswith("/recorder/answered is not kept") and "ROS master" in warning


def test_the_configuration_holds_one_section_for_each_node():
    with open(CONFIGURATION) as file:
        configuration = yaml.safe_load(file)
    assert {"camera", "pick_action", "turtlebot_controller"} <= set(configuration)
    assert all(isinstance(section, dict) for section in configuration.values())
