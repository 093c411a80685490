"""World, robot and launch file as Gazebo will read them; neither Gazebo nor xacro is needed."""

from xml.etree import ElementTree

import pytest

from rehab_coach.paths import share_path
from rehab_coach.simulation.gazebo.actor import Place

XACRO = "{http://ros.org/wiki/xacro}"


@pytest.fixture(scope="module")
def world():
    return ElementTree.parse(share_path("worlds", "clinic.world")).getroot().find("world")


@pytest.fixture(scope="module")
def robot():
    return ElementTree.parse(share_path("urdf", "turtlebot3_waffle_pi_webcam.urdf.xacro")).getroot()


@pytest.fixture(scope="module")
def launch():
    return ElementTree.parse(share_path("launch", "simulation.launch")).getroot()


def test_the_world_needs_nothing_from_elsewhere_and_has_no_shadows(world):
    assert not list(world.iter("include")) and not list(world.iter("uri"))
    assert world.findtext("scene/shadows") == "false"
    assert {light.findtext("cast_shadows") for light in world.iter("light")} == {"false"}


def test_every_wall_is_there_for_camera_and_laser(world):
    walls = world.find("model[@name='walls']/link")
    boxes = {
        kind: {wall.get("name"): wall.findtext("pose") for wall in walls.iter(kind)} for kind in ("collision", "visual")
    }
    assert boxes["collision"] == boxes["visual"] and len(boxes["visual"]) == 4
    sizes = [size.text for size in walls.iter("size")]
    assert sizes[::2] == sizes[1::2]


def test_robot_and_patient_are_inside_of_the_room(world):
    inner = {}
    for wall in world.findall("model[@name='walls']/link/collision"):
        x, y = (float(value) for value in wall.findtext("pose").split()[:2])
        inner[wall.get("name")] = (x, y)
    for x, y in ((0.0, 0.0), Place()):
        assert inner["behind_the_robot"][0] + 1 < x < inner["behind_the_patient"][0] - 1
        assert inner["right"][1] + 1 < y < inner["left"][1] - 1


def test_the_webcam_sits_on_the_mast_and_sees_the_whole_person(robot):
    names = [link.get("name") for link in robot.findall("link")]
    for joint in robot.findall("joint"):
        assert joint.find("child").get("link") in names
        assert joint.find("parent").get("link") in names + ["base_footprint"]
    sensor = robot.find("gazebo[@reference='webcam']/sensor")
    width, height = (float(sensor.findtext("camera/image/" + side)) for side in ("width", "height"))
    assert (width, height, float(sensor.findtext("update_rate"))) == (640, 480, 30)
    # From 1.0 m over the floor, level: feet and raised hands at the patient's place are inside of the picture.
    half = float(sensor.findtext("camera/horizontal_fov")) / 2 * height / width
    assert Place().x * half > 1.25


def test_the_mast_is_too_near_for_the_laser_to_measure(robot):
    values = {entry.get("name"): entry.get("value") for entry in robot.findall(XACRO + "property")}
    laser = -0.064
    assert 0.055 < laser - float(values["behind"]) + 0.006 < 0.12
    assert not list(robot.iter("collision"))


def test_launch_file_and_robot_agree(robot, launch):
    default = {argument.get("name"): argument.get("default") for argument in launch.findall("arg")}
    height = robot.find(XACRO + "arg[@name='camera_height']").get("default")
    assert default["camera_height"] == height and default["gui"] == "false"
    plugin = robot.find("gazebo/sensor/plugin")
    image = plugin.findtext("cameraName") + "/" + plugin.findtext("imageTopicName")
    lens = plugin.findtext("cameraName") + "/" + plugin.findtext("cameraInfoTopicName")
    remapped = {remap.get("from"): remap.get("to") for remap in launch.findall("remap")}
    assert remapped == {
        "camera/image": image,
        "camera/image/compressed": image + "/compressed",
        "camera/camera_info": lens,
    }
    # A remapping counts for what comes after it.
    tags = [child.tag for child in launch]
    includes = [child.get("file") for child in launch if child.tag == "include"]
    assert includes[-1].endswith("/coach.launch") and tags.index("remap") < len(tags) - 1 - tags[::-1].index("include")
