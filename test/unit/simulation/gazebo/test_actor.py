from xml.etree import ElementTree

import numpy as np
import pytest

from rehab_coach.exercises import EXERCISES
from rehab_coach.simulation.gazebo import skin as gazebo_skin
from rehab_coach.simulation.gazebo.actor import (
    CHANGE_SECONDS,
    HIDDEN_SECONDS,
    RATE,
    Actor,
    Place,
    actor_sdf,
    bar_sdf,
    key_points,
    obstacle_sdf,
    write_act,
)
from rehab_coach.simulation.obedience import STRANGERS, Response
from rehab_coach.skeleton import COCO_18

PLACE = Place(4.5, 0.5)


@pytest.fixture(scope="module")
def actor():
    return Actor(seed=3)


def answer(actor, shown, yaw=0.0, since=2.0, delay=1.5):
    response = Response("squat", shown, delay, (), yaw, 7)
    return actor.respond(response, 10.0, actor.stand(), since)


def speeds(act):
    """Metres per second of every joint, (T - 1, 31)."""
    return np.linalg.norm(np.diff(gazebo_skin.joints(act.turns, act.hips), axis=0), axis=-1) * RATE


@pytest.mark.parametrize("name", tuple(EXERCISES) + tuple(STRANGERS))
def test_the_animation_is_the_skins_and_does_not_jump(actor, name, tmp_path, read_bvh):
    act = answer(actor, name, yaw=30.0)
    write_act(tmp_path / "act.bvh", act)
    file = read_bvh(tmp_path / "act.bvh")
    assert tuple(file.names) == gazebo_skin.NAMES and tuple(file.parents) == gazebo_skin.PARENTS
    assert file.step == 1 / RATE and len(file.values) == len(act)
    # Gazebo adds nothing to the hips: their path is in the script's waypoints.
    assert not file.values[:, :3].any()
    np.testing.assert_allclose(file.turns, act.turns, atol=1e-4)
    assert speeds(act).max() < 8


def test_an_act_begins_where_the_last_one_was_and_comes_to_its_motion_in_time(actor):
    last = actor.stand()
    act = actor.respond(Response("squat", "push_up", 1.5, (), 70.0, 7), 10.0, last, 5.0)
    first = last.frame(5.0)
    np.testing.assert_allclose(act.turns[0], last.turns[first])
    np.testing.assert_allclose(act.hips[0], last.hips[first])
    assert act.begin == pytest.approx(1.5 - HIDDEN_SECONDS + CHANGE_SECONDS, abs=2 / RATE)
    assert act.end - act.begin == pytest.approx(10.0)
    assert act.seconds > act.end + CHANGE_SECONDS  # afterwards she stands
    back = actor.stand(act, act.begin + 3.0)
    np.testing.assert_allclose(back.turns[0], act.turns[act.frame(act.begin + 3.0)])
    assert back.motion.name in ("standing", "talking")


def test_a_pose_is_held_when_the_last_act_is_over(actor):
    last = actor.stand()
    act = actor.respond(Response("squat", "squat", HIDDEN_SECONDS + 1.0, (), 0.0, 7), 5.0, last, last.seconds + 100)
    np.testing.assert_allclose(act.turns[: int(RATE)], np.repeat(last.turns[-1:], int(RATE), axis=0))


def test_repetitions_and_changes_are_told(actor):
    act = answer(actor, "squat")
    assert act.repetition(act.begin - 0.1) == (0, 0.0) and act.repetition(act.end + 0.1) == (0, 0.0)
    number, phase = act.repetition(act.begin + act.motion.repetitions[1] + 0.01)
    assert number == 2 and phase == pytest.approx(0.0, abs=0.02)
    assert act.changing(act.begin - 0.1) and act.changing(act.end + 0.1)
    assert not act.changing(0.0) and not act.changing(act.begin + 1) and not act.changing(act.seconds)


def test_she_faces_the_robot_and_turns_her_left_side_to_it(actor):
    for yaw, forward, left in ((0.0, (-1, 0), (0, -1)), (90.0, (0, 1), (-1, 0))):
        act = answer(actor, "squat", yaw)
        points = dict(zip(COCO_18.joints, key_points(act, act.frame(act.begin), PLACE)))
        shoulders = (points["left_shoulder"] - points["right_shoulder"])[:2]
        face = (points["nose"] - (points["left_ear"] + points["right_ear"]) / 2)[:2]
        np.testing.assert_allclose(shoulders / np.linalg.norm(shoulders), left, atol=0.15)
        np.testing.assert_allclose(face / np.linalg.norm(face), forward, atol=0.2)


@pytest.mark.parametrize("name", EXERCISES)
def test_she_stays_at_her_place(actor, name):
    act = answer(actor, name, yaw=60.0)
    points = np.array([key_points(act, frame, PLACE) for frame in range(0, len(act), 10)])
    assert np.abs(points[..., :2] - PLACE).max() < 1.3
    assert points[..., 2].min() > -0.01 and points[..., 2].max() < 2.4


def test_the_script_is_sdf_that_leads_the_hips(actor):
    act = answer(actor, "squat")
    root = ElementTree.fromstring(actor_sdf("somebody", act, "/somewhere/a&b.bvh", PLACE))
    assert root.tag == "sdf" and [child.tag for child in root] == ["actor"]
    person = root.find("actor")
    assert person.get("name") == "somebody"
    assert float(person.findtext("pose").split()[2]) < -2  # out of sight until the script begins
    assert person.findtext("animation/filename") == "/somewhere/a&b.bvh"
    assert person.findtext("animation/scale") == "1.0" and person.findtext("script/loop") == "false"
    hidden, trajectory = person.findall("script/trajectory")
    assert {hidden.get("type"), trajectory.get("type")} == {person.find("animation").get("name")}
    assert [float(time.text) for time in hidden.iter("time")] == [0.0, HIDDEN_SECONDS]
    assert all(float(pose.text.split()[1]) < -2 for pose in hidden.iter("pose"))
    times = [float(time.text) for time in trajectory.iter("time")]
    np.testing.assert_allclose(times, np.arange(len(act)) / RATE, atol=1e-3)
    poses = np.array([[float(value) for value in pose.text.split()] for pose in trajectory.iter("pose")])
    assert poses.shape == (len(act), 6) and not poses[:, 3:].any()
    # y up: x, y and z of the world are z, x and y here.
    hips = gazebo_skin.joints(act.turns, act.hips)[:, 0]
    np.testing.assert_allclose(poses[:, [2, 0, 1]], hips[:, [2, 0, 1]] + [PLACE.x, PLACE.y, 0.0], atol=1e-4)


def test_the_laser_has_something_to_see_and_the_camera_has_not():
    model = ElementTree.fromstring(obstacle_sdf("body", 0.25)).find("model")
    assert model.findtext("static") == "true" and model.get("name") == "body"
    cylinder = model.find("link/collision/geometry/cylinder")
    assert float(cylinder.findtext("radius")) == 0.25
    assert float(model.findtext("link/pose").split()[2]) == float(cylinder.findtext("length")) / 2
    assert not list(model.iter("visual"))


@pytest.mark.parametrize("yaw", [0.0, 40.0])
def test_her_hands_are_on_the_bar(actor, yaw):
    act = answer(actor, "pull_up", yaw)
    assert act.hanging and not answer(actor, "squat").hanging
    model = ElementTree.fromstring(bar_sdf("bar", act)).find("model")
    assert model.findtext("static") == "true" and not list(model.iter("collision"))  # the robot does not run into it
    turn = float(model.findtext("link/pose").split()[5])
    ahead, _, height = [float(value) for value in model.findtext("link/visual/pose").split()[:3]]
    along = np.array([-np.sin(turn), np.cos(turn)])
    for frame in range(act.frame(act.begin), act.frame(act.end), 20):
        joints = gazebo_skin.joints(act.turns[frame], act.hips[frame]) @ gazebo_skin.TO_WORLD.T
        for hand in ("LeftHand", "RightHand"):
            x, y, z = joints[gazebo_skin.NAMES.index(hand)]
            aside = np.array([x, y]) @ [np.cos(turn), np.sin(turn)]
            assert abs(aside - ahead) < 0.06 and abs(z - height) < 0.14 and abs(np.array([x, y]) @ along) < 0.85


def test_the_seed_decides_how_she_stands_around():
    def seconds(seed):
        patient = Actor(seed)
        return [patient.stand().motion.angles["arm_flex_r"] for _ in range(3)]

    np.testing.assert_array_equal(seconds(1), seconds(1))
    assert np.abs(np.array(seconds(1)) - seconds(2)).max() > 1e-3
