"""The whole coach measured on a clip: first prompt, frame rate, waiting time, memory, processor time."""

import os
import statistics
import subprocess
import tempfile
import time
from typing import Any, Dict, List, Sequence

import rospy
import yaml

from rehab_coach.errors import RehabCoachError
from rehab_coach.msg import DisplayMessage, Prediction
from rehab_coach.paths import share_path
from rehab_coach.ros.launched import START_TIMEOUT, launched, process_of, wait_while

NODES = ("camera", "pick_action", "recorder", "turtlebot_controller", "displayer")
LIGHT = ("displayer", "turtlebot_controller", "pick_action")
ROUND_TIMEOUT = 120.0


def measure_coach(video: str, rounds: int = 3, changes: Sequence[str] = ()) -> Dict[str, Any]:
    """Run demo.launch on a master of its own and watch it.

    Args:
        video: file that the camera shows.
        rounds: how many are measured; their medians are reported.
        changes: of config/coach.yaml, such as "recorder/precision=bf16".

    Returns:
        first_prompt_s (from the start of roslaunch; the first screen stays 4 s of it), input_rate_hz, waiting_time_s,
        recorder_memory_mb (resident, highest), cpu (node -> share of one core from the first prompt to the end).

    Raises:
        RehabCoachError: a change of what is not configured, the coach did not start, or ended before its rounds were
            over.
    """
    text = yaml.safe_dump(changed_configuration(changes))
    started = time.monotonic()
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as config:
        config.write(text)
        config.flush()
        try:
            arguments = ["source:=" + os.path.abspath(video), "rounds:=%d" % rounds, "config:=" + config.name]
            with launched(arguments) as process:
                return _watch(process, started, rounds)
        except RehabCoachError as error:
            hint = "`make demo%s` shows what is wrong" % (" CONFIG=FILE` with these values in FILE" if changes else "`")
            raise RehabCoachError("%s; %s" % (error, hint)) from error


def changed_configuration(changes: Sequence[str]) -> Dict[str, Dict[str, Any]]:
    """What config/coach.yaml says, with other values of some parameters; RehabCoachError where there is none such."""
    with open(share_path("config", "coach.yaml"), encoding="utf-8") as stream:
        content = yaml.safe_load(stream)
    for change in changes:
        name, _, text = change.partition("=")
        node, _, parameter = name.partition("/")
        try:
            value = yaml.safe_load(text)
        except yaml.YAMLError:
            value = None
        if parameter not in content.get(node, {}) or value is None:
            raise RehabCoachError(
                "--set %s: give NODE/PARAMETER=VALUE with a parameter of config/coach.yaml, as recorder/precision=bf16"
                % change
            )
        content[node][parameter] = value
    return content


def _watch(process: subprocess.Popen, started: float, rounds: int) -> Dict[str, Any]:
    prompts: List[float] = []
    predictions: List[Prediction] = []
    rospy.Subscriber(
        "display_message",
        DisplayMessage,
        queue_size=100,
        callback=lambda message: prompts.append(time.monotonic()) if message.kind == DisplayMessage.PROMPT else None,
    )
    rospy.Subscriber("stgcn_prediction", Prediction, predictions.append, queue_size=10)
    wait_while(process, lambda: prompts, START_TIMEOUT, "the first prompt")
    programs = {name: process_of("/" + name) for name in NODES}
    before = {name: sum(program.cpu_times()[:2]) for name, program in programs.items()}
    memory, since = 0, time.monotonic()
    for number in range(1, rounds + 1):
        wait_while(process, lambda: len(predictions) >= number, ROUND_TIMEOUT, "the prediction of round %d" % number)
        memory = max(memory, programs["recorder"].memory_info().rss)
    elapsed = time.monotonic() - since
    cpu = {name: (sum(program.cpu_times()[:2]) - before[name]) / elapsed for name, program in programs.items()}
    return {
        "first_prompt_s": prompts[0] - started,
        "input_rate_hz": statistics.median([prediction.input_rate for prediction in predictions]),
        "waiting_time_s": statistics.median([prediction.waiting_time for prediction in predictions]),
        "recorder_memory_mb": memory / 1e6,
        "cpu": cpu,
    }


def report(result: Dict[str, Any]) -> str:
    """The result of `measure_coach` as lines for people."""
    lines = [
        "first prompt after             %6.1f s" % result["first_prompt_s"],
        "pictures estimated             %6.1f per second, while recording" % result["input_rate_hz"],
        "waiting time                   %6.3f s, from the last picture's stamp to the answer"
        % (result["waiting_time_s"]),
        "memory of the recorder         %6.0f MB" % result["recorder_memory_mb"],
    ]
    lines += ["processor time of %-12s %6.2f cores" % (name[-12:], share) for name, share in result["cpu"].items()]
    lines.append("%s together %.2f cores" % (" + ".join(LIGHT), sum(result["cpu"][name] for name in LIGHT)))
    return "\n".join(lines)
