import pytest

pytest.importorskip("rospy")
pytest.importorskip("rehab_coach.msg", reason="the workspace is not sourced")

import rosbag  # noqa: E402
import rospy  # noqa: E402
from sensor_msgs.msg import Imu  # noqa: E402
from std_msgs.msg import Bool  # noqa: E402

from rehab_coach.errors import RehabCoachError  # noqa: E402
from rehab_coach.msg import Movement  # noqa: E402
from rehab_coach.ros.bags import read_bag  # noqa: E402


def imu(stamp):
    made = Imu()
    made.header.stamp = rospy.Time.from_sec(stamp)
    made.linear_acceleration.z = 9.8
    return made


def movement(number, start, end, teach=False):
    made = Movement(round=number)
    made.header.stamp = rospy.Time.from_sec(start)
    made.request.teach = teach
    made.prediction.frames, made.prediction.waiting_time = 100, 0.5
    made.prediction.header.stamp = rospy.Time.from_sec(end + 0.5)
    return made


@pytest.fixture
def recorded(tmp_path):
    """recorded(topic and message, ...) -> path of a bag."""

    def record(*messages):
        path = str(tmp_path / "visit.bag")
        with rosbag.Bag(path, "w") as bag:
            for topic, message in messages:
                bag.write(topic, message, rospy.Time(1))
        return path

    return record


def test_each_round_is_a_recording_and_a_lesson_is_none(recorded):
    samples = [("imu/data", imu(100 + 0.1 * number)) for number in range(300)]
    rounds = [movement(1, 102.0, 112.0), movement(2, 112.5, 114.0, teach=True), movement(3, 115.0, 125.0)]
    first, second = read_bag(recorded(*samples, *[("movement", one) for one in rounds]))
    assert (first.name, second.name) == ("round 1 in visit.bag", "round 3 in visit.bag")
    assert first.skeleton is None and len(first.series) == len(second.series) == pytest.approx(101, abs=1)
    assert first.series.times[0] == pytest.approx(102.0, abs=0.11)


def test_without_rounds_it_is_one_recording(recorded):
    (whole,) = read_bag(recorded(*[("imu/data", imu(100 + 0.1 * number)) for number in range(50)]))
    assert whole.name == "visit.bag" and len(whole.series) == 50


def test_what_is_no_recording_is_told(recorded, tmp_path):
    with pytest.raises(RehabCoachError, match="two topics of sensor_msgs/Imu, imu/data and imu"):
        read_bag(recorded(("imu/data", imu(1.0)), ("imu", imu(1.0))))
    with pytest.raises(RehabCoachError, match="neither a sensor_msgs/Imu nor a rehab_coach/Skeleton"):
        read_bag(recorded(("consent", Bool(True))))
    (tmp_path / "no.bag").write_text("no bag")
    for name in ("no.bag", "nowhere.bag"):
        with pytest.raises(RehabCoachError, match="cannot read the bag .*%s" % name):
            read_bag(str(tmp_path / name))
