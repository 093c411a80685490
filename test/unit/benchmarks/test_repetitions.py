import os

import pytest

from rehab_coach.benchmarks import repetitions as repetition_benchmark
from rehab_coach.benchmarks.repetitions import FRAME_RATE, measure
from rehab_coach.dataset.ui_prmd import Execution
from rehab_coach.errors import RehabCoachError
from rehab_coach.pose.clips import Clip, Job, cached_name
from rehab_coach.pose.registry import NAMES


@pytest.fixture
def data(tmp_path, act, repeats, monkeypatch):
    """Two clips that were counted by eye (five squats, one lunge), OpenCap's two, and one squat of motion capture."""
    videos = {
        "clips/squat/Ambaks__squats.mp4": ("squat", 5),
        "clips/lunge/rit_123__Lunge2.mp4": ("lunge", 1),
        "kinematics/opencap_squat/cam0/squats-with-arm-raise.mov": ("squat", 6),
        "kinematics/opencap_squat/cam1/squats-with-arm-raise.mov": ("squat", 6),
    }
    for name, (exercise, count) in videos.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
        for estimator in NAMES:
            cached = cached_name(Job(Clip(str(path), {}), estimator, FRAME_RATE), str(tmp_path / "cache"))
            os.makedirs(os.path.dirname(cached), exist_ok=True)
            act(exercise, repeats(count), 45).save(cached)
    (tmp_path / "clips" / "clips.csv").write_text(
        "label,file,group\nsquat,squat/Ambaks__squats.mp4,a\nlunge,lunge/rit_123__Lunge2.mp4,b\n"
        "unknown,unknown/not_counted.mp4,c\n"
    )
    joints = [Execution(name, "1", "1", True, act.joints("squat", repeats(1))) for name in MOVEMENTS]
    monkeypatch.setattr(repetition_benchmark, "read_executions", lambda folder: joints)
    return tmp_path


MOVEMENTS = ("deep_squat", "inline_lunge", "side_lunge", "sit_to_stand")


def test_tables_from_cached_key_points(data):
    told = []
    measure(str(data), str(data / "cache"), told.append)
    opencap, clips, live, mocap = told
    assert opencap.splitlines()[1].split() == ["tf_pose", "view", "cam0", "6", "6", "6"]
    lines = {" ".join(line.split()) for line in clips.splitlines()}
    assert "mediapipe squat" + 5 * " 1 of 1 (100 %)" in lines
    assert "mediapipe lunge 0 of 1 (0 %)" + 4 * " 1 of 1 (100 %)" in lines, "by eye there are two"
    assert "tf_pose first half of people" + 5 * " 1 of 1 (100 %)" in lines
    assert "tf_pose all 1 of 2 (50 %)" + 4 * " 2 of 2 (100 %)" in lines
    assert "ms of processor time per frame" in live
    assert mocap.splitlines()[-1].split() == ["all", "12", "of", "12", "(100", "%)"]


def test_a_folder_without_data_is_told(tmp_path):
    with pytest.raises(RehabCoachError, match="clips.csv"):
        measure(str(tmp_path))
