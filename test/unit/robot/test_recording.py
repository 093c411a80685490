import numpy as np
import pytest

from rehab_coach.pose import Pose
from rehab_coach.robot.recording import Phase, Recording, Timing
from rehab_coach.skeleton import COCO_18

SIZE = (640, 480)
TIMING = Timing(countdown=3.0, duration=10.0, framing=20.0, picture=2.0)


def person(x=320.0, legs=True):
    rows = np.linspace(90, 430, 18)
    key_points = np.stack([np.full(18, x), rows, np.full(18, 0.8)], axis=1).astype(np.float32)
    if not legs:
        for joint in ("right_ankle", "left_ankle", "right_knee", "left_knee"):
            key_points[COCO_18.index(joint)] = 0
    return Pose(key_points)


def play(recording, people, until, rate=10.0, start=0.0, frames_until=1e9):
    """Feed pictures at a rate; `people` gives the poses at a time. Returns the notices with their times."""
    notices = []
    for step in range(int((until - start) * rate)):
        now = start + step / rate
        notices += [(round(now, 2), notice) for notice in recording.update(now)]
        if recording.phase is Phase.OVER:
            break
        if now < frames_until:
            recording.add(now, now + 0.01, people(now), SIZE)
    return notices


def test_a_round_counts_down_then_records_for_its_duration():
    recording = Recording(0.0, COCO_18, TIMING)
    notices = play(recording, lambda now: [person()], 30)
    assert [(notice.text, round(notice.seconds)) for _, notice in notices] == [
        ("Get ready", 3),
        ("Get ready", 2),
        ("Get ready", 1),
        ("Go!", 10),
    ]
    sequence = recording.sequence()
    assert recording.phase is Phase.OVER and not recording.camera_lost
    assert sequence.duration == pytest.approx(10.0, abs=0.11) and sequence.seen.all()
    assert 3.0 <= sequence.stamps[0] < 3.3


def test_it_waits_for_a_whole_body_and_says_what_is_missing():
    recording = Recording(0.0, COCO_18, TIMING)
    notices = play(recording, lambda now: [person(legs=now > 9)], 60)
    said = [(time, notice.text) for time, notice in notices if notice.kind == "info"]
    assert said and all("feet" in text for _, text in said)
    assert recording.sequence().stamps[0] >= 9


def test_a_single_badly_seen_frame_is_not_complained_about():
    recording = Recording(0.0, COCO_18, TIMING)
    notices = play(recording, lambda now: [] if now < 3.3 else [person()], 60)
    assert [notice.kind for _, notice in notices] == ["countdown"] * 3 + ["recording"]


def test_somebody_who_is_never_seen_whole_is_recorded_after_the_time_out():
    recording = Recording(0.0, COCO_18, TIMING)
    play(recording, lambda now: [person(legs=False)], 60)
    assert 23 <= recording.sequence().stamps[0] < 24


def test_an_empty_scene_ends_without_a_recording():
    recording = Recording(0.0, COCO_18, TIMING)
    notices = play(recording, lambda now: [], 60)
    assert recording.phase is Phase.OVER and recording.sequence() is None and not recording.camera_lost
    assert any("cannot see you" in notice.text for _, notice in notices)


def test_a_camera_that_never_gives_a_picture_is_named():
    recording = Recording(0.0, COCO_18, TIMING)
    notices = play(recording, lambda now: [], 60, frames_until=0)
    assert recording.camera_lost and any(
        "no camera picture" in notice.text and notice.kind == "problem" for _, notice in notices
    )


def test_what_was_recorded_before_the_camera_died_is_kept():
    recording = Recording(0.0, COCO_18, TIMING)
    play(recording, lambda now: [person()], 60, frames_until=9.0)
    assert recording.phase is Phase.OVER and recording.camera_lost
    assert recording.sequence().duration == pytest.approx(5.9, abs=0.2)


def test_frames_without_the_patient_stay_in_the_sequence_as_unseen():
    recording = Recording(0.0, COCO_18, TIMING)
    play(recording, lambda now: [] if 6 <= now < 8 else [person()], 60)
    assert recording.sequence().seen.mean() == pytest.approx(0.8, abs=0.03)


def test_a_recording_that_is_enough_ends():
    recording = Recording(0.0, COCO_18, TIMING)
    recording.end()
    assert recording.phase is Phase.COUNTDOWN  # there is nothing to end yet
    play(recording, lambda now: [person()], 5.0)
    assert recording.phase is Phase.RECORDING
    recording.end()
    assert recording.phase is Phase.OVER and 1.5 < recording.sequence().duration < 2.5
