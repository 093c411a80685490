"""Many rounds of the whole coach with the virtual patient, or the one in Gazebo, watched from outside.

soak.json:
    rounds              that were answered
    right_answers       verdicts that agree with what the patient did
    recognised          predictions whose label is what the patient did
    inconsistent_rounds rounds without exactly one prediction, or whose answer does not follow from it
    limit_violations    velocities outside the configured limits, or between a request and its prediction (less 0.2 s at
                        both ends: messages under way, clocks that differ); violations says which
    memory_growth_mb    growth of a node's resident set after round 5, the largest; null: too few rounds
    memory_growth_mb_of the same of each node; memory_mb: resident set after each round
    input_rate_hz       pictures that the recorder estimated per second, the rounds' median: slow machines see less
    people              how many people there were
    robot               where the robot stood at the end: metres from its first place, degrees; driven_m, turned_deg:
                        how far it drove and turned in all, to and fro
    camera_rate_hz, real_time_factor   pictures per second; seconds of the nodes' clock, which may be Gazebo's, per
                        second
    per_exercise_and_view, outcomes   right answers by what was shown from where; every round
    seed, obedience, duration_s, early   how it was run
"""

import json
import math
import os
import subprocess
import time
from typing import Any, Dict, Set

import numpy as np
import psutil
import rosgraph
import rospy
import yaml
from geometry_msgs.msg import Twist
from nav_msgs.msg import Odometry
from tqdm import tqdm

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import written_whole
from rehab_coach.msg import ActionClass, DisplayMessage, Prediction, Skeleton, Truth
from rehab_coach.paths import share_path
from rehab_coach.robot.velocity import VelocityLimits
from rehab_coach.ros.launched import START_TIMEOUT, launched, process_of, wait_while
from rehab_coach.simulation.soak import SoakLog
from rehab_coach.skeleton import get_layout, to_coco_18
from rehab_coach.termination import end_on_sigterm

LAUNCH_FILES = {False: "demo.launch", True: "simulation.launch"}
PATIENTS = {False: "virtual_patient", True: "gazebo_patient"}
PAUSE = 3.0  # s between an answer and the next request: our own robot's motion needs 2, Gazebo's the usual pause
STUCK = 300.0  # s without an answer


def run_soak(
    rounds: int,
    seed: int,
    folder: str,
    obedience: float,
    duration: float,
    gazebo: bool = False,
    early: bool = False,
) -> Dict[str, Any]:
    """Play rounds until they are over or Ctrl-C, and keep what came of them in FOLDER/soak.json.

    Args:
        rounds: how many.
        seed: of the requests, the people and what they do.
        folder: for soak.json, the configuration and what roslaunch said.
        obedience: chance that the patient does what she is asked for.
        duration: seconds of each recording.
        gazebo: robot, camera and patient are Gazebo's (simulation.launch) instead of our own (demo.launch).
        early: a recording ends as soon as its answer is certain.

    Returns:
        What soak.json holds.

    Raises:
        RehabCoachError: the folder cannot be written, the coach did not start or ended before its last round.
    """
    configuration = _configure(folder, rounds, seed, obedience, duration, gazebo, early)
    controller = configuration["turtlebot_controller"]
    log = SoakLog(VelocityLimits(controller["linear_limit"], controller["angular_limit"]))
    said = os.path.join(folder, "roslaunch.log")
    config = "config:=" + os.path.join(os.path.abspath(folder), "coach.yaml")
    problem = ""
    end_on_sigterm()
    try:
        with open(said, "w") as output, launched([config], output, LAUNCH_FILES[gazebo]) as process:
            _listen(log, PATIENTS[gazebo])
            wait_while(process, lambda: log.asked, START_TIMEOUT, "the first request")
            problem = _watch(log, process, rounds, set(configuration))
    except KeyboardInterrupt:
        problem = "interrupted"
    except RehabCoachError as error:
        problem = str(error)
    result = log.result()
    result.update(seed=seed, obedience=obedience, duration_s=duration, early=early)
    if log.done:  # else an earlier result stays
        with written_whole(os.path.join(folder, "soak.json")) as path, open(path, "w") as stream:
            json.dump(result, stream, indent=1)
    if problem and problem != "interrupted":
        raise RehabCoachError("%s after %d rounds; %s says more" % (problem, len(log.done), said))
    return result


def _configure(
    folder: str, rounds: int, seed: int, obedience: float, duration: float, gazebo: bool, early: bool
) -> Dict[str, Any]:
    with open(share_path("config", "coach.yaml"), encoding="utf-8") as stream:
        configuration = yaml.safe_load(stream)
    patience = configuration["pick_action"]["round_timeout"] - configuration["recorder"]["duration"] + duration
    for node, changes in {
        # In turn: each exercise is asked for equally often.
        "pick_action": dict(
            rounds=rounds,
            order="listed",
            start_delay=0.0,
            round_timeout=patience,
            **({} if gazebo else {"pause": PAUSE}),
        ),
        "turtlebot_controller": dict(prediction_timeout=patience),
        "recorder": dict(duration=duration, early=early),
        "virtual_patient": dict(seed=seed, obedience=obedience, rounds_per_person=10, duration=duration + 10.0),
        "gazebo_patient": dict(seed=seed, obedience=obedience, duration=duration + 10.0),
        "speaker": dict(voice="off"),
    }.items():
        configuration[node].update(changes)
    try:
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "coach.yaml"), "w", encoding="utf-8") as stream:
            yaml.safe_dump(configuration, stream)
    except OSError as error:
        raise RehabCoachError("cannot write to %s: %s" % (folder, error.strerror)) from error
    return configuration


def _listen(log: SoakLog, patient: str) -> None:
    """Tell the log what the nodes say."""

    def truth(message: Truth) -> None:
        stamp = message.header.stamp.to_sec()
        log.picture(stamp, time.monotonic())
        if message.round and message.key_points:
            log.truth(
                stamp,
                message.round,
                np.reshape(message.key_points, (-1, 3)),
                response=message.response,
                label=message.label,
                faults=tuple(message.faults),
                yaw=message.yaw,
                person=message.person,
            )

    def skeleton(message: Skeleton) -> None:
        if message.key_points:
            key_points = np.reshape(message.key_points, (-1, 3))
            log.skeleton(message.header.stamp.to_sec(), to_coco_18(key_points, get_layout(message.layout)))

    def odometry(message: Odometry) -> None:
        pose = message.pose.pose
        log.place(pose.position.x, pose.position.y, 2 * math.atan2(pose.orientation.z, pose.orientation.w))

    def request(message: ActionClass) -> None:
        log.request(message.header.stamp.to_sec(), message.round, message.label)

    def prediction(message: Prediction) -> None:
        stamp = message.header.stamp.to_sec()
        log.prediction(stamp, message.round, message.status, message.label, message.confidence, message.input_rate)

    def command(message: Twist) -> None:
        log.command(rospy.get_time(), message.linear.x, message.angular.z)

    for topic, kind, callback in (
        (patient + "/truth", Truth, truth),
        ("skeleton", Skeleton, skeleton),
        ("odom", Odometry, odometry),
        ("action_class", ActionClass, request),
        ("stgcn_prediction", Prediction, prediction),
        ("display_message", DisplayMessage, lambda message: log.verdict(message.round, message.kind)),
        ("cmd_vel", Twist, command),
    ):
        rospy.Subscriber(topic, kind, callback, queue_size=1000)


def _watch(log: SoakLog, process: subprocess.Popen, rounds: int, nodes: Set[str]) -> str:
    """Show how far it is until the coach has ended, and weigh these nodes; returns what went wrong, or nothing."""
    done, since = 0, time.monotonic()
    with tqdm(total=rounds, desc="rounds", unit="round", disable=None) as bar:
        while True:
            ended = process.poll() is not None
            count = len(log.done)
            if count > done:
                bar.update(count - done)
                bar.set_postfix_str("%d right" % sum(entry.right for entry in log.done))
                done, since = count, time.monotonic()
                if not ended:
                    _weigh(log, done, nodes)
            if ended:
                return "" if done >= rounds else "the coach ended"
            if time.monotonic() - since > STUCK:
                return "no answer came for %.0f s" % STUCK
            time.sleep(0.2)


def _weigh(log: SoakLog, done: int, nodes: Set[str]) -> None:
    """Note the memory of our nodes."""
    for node in nodes:
        try:
            process = process_of("/" + node)
            log.memory(done, node, process.pid, process.memory_info().rss)
        except (psutil.Error, rosgraph.MasterException, OSError):
            continue  # this launch file does not start it, or it has just ended
