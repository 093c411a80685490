"""`rehab-coach angles`: joint angles and repetitions of a recording."""

import argparse
import sys

from rehab_coach.errors import RehabCoachError
from rehab_coach.exercises import EXERCISES

HELP = "measure joint angles and repetitions in a video or a skeleton sequence"
EPILOG = """examples:
  rehab-coach angles squat.mp4 --out squat --exercise squat
  rehab-coach angles session.mp4 --start 12.5 --end 22.5 --estimator mediapipe --out session
  rehab-coach angles sequence.npz --out again --source 2d
  rehab-coach angles squat.mp4 --out squat --source d3ke --height 1.72   # by a network: docs/kinematics.md

The folder gets
  angles.csv         time in s, each angle and its standard deviation in degrees; missing: empty
  angles.mot         the angles as an OpenSim motion
  skeleton.osim      with --source d3ke and where OpenSim is installed: the motion's skeleton, scaled to the person
  keypoints.trc      the joints as OpenSim markers (m, or pixels with --source 2d)
  repetitions.json   count, boundaries, tempo, range of motion; with --exercise also remarks on the form
  angles.png         the angles over time with the repetitions marked
  overlay.mp4        the recording with skeleton, angles and repetitions
docs/angles.md says what the angles mean and which view shows which of them.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Fill in the options of the command."""
    from rehab_coach.pose.registry import NAMES, describe_estimators

    parser.add_argument(
        "recording", metavar="VIDEO|SEQUENCE.npz", help="video, directory of pictures, or saved sequence"
    )
    parser.add_argument("--out", metavar="DIR", required=True, help="folder for the results; it is made if missing")
    parser.add_argument("--exercise", choices=list(EXERCISES), help="what is done (default: anything that repeats)")
    parser.add_argument(
        "--estimator", choices=NAMES, default="mediapipe", help="default mediapipe; %s" % describe_estimators()
    )
    parser.add_argument(
        "--source",
        choices=("auto", "fit", "3d", "2d", "d3ke"),
        default="auto",
        help="what the angles are made from; d3ke: by a network (auto)",
    )
    parser.add_argument("--model", metavar="FILE", help="for d3ke, of train-kinematics (default: the one that ships)")
    parser.add_argument(
        "--height",
        type=float,
        metavar="M",
        help="for d3ke: how tall the person is, in metres, which one camera hardly shows (default: guessed)",
    )
    parser.add_argument("--start", type=float, metavar="S", help="second of the video to begin at")
    parser.add_argument("--end", type=float, metavar="S", help="second of the video to end at")
    parser.add_argument("--no-overlay", action="store_true", help="leave overlay.mp4 out")


def run(arguments: argparse.Namespace) -> int:
    """Measure and write; returns the exit code."""
    start, end = arguments.start or 0.0, arguments.end
    if start < 0 or (end is not None and end <= start):
        raise RehabCoachError("--start must not be negative and --end must come after it, not %g and %s" % (start, end))
    by_network = arguments.source == "d3ke"
    if arguments.model and not by_network:
        raise RehabCoachError("--model is for --source d3ke")
    if arguments.height is not None and not by_network:
        raise RehabCoachError("--height is for --source d3ke")
    if arguments.height is not None and not 0.5 <= arguments.height <= 2.5:
        raise RehabCoachError("--height is in metres, 0.5 to 2.5, not %g" % arguments.height)
    is_sequence = arguments.recording.endswith(".npz")
    if is_sequence and (arguments.start is not None or end is not None):
        raise RehabCoachError("--start and --end cut videos; a saved sequence is taken as it is")
    if by_network and not is_sequence and arguments.estimator != "mediapipe":
        raise RehabCoachError("--source d3ke needs --estimator mediapipe, whose key points are in space too")

    import os

    import numpy as np

    from rehab_coach.files import check_writable
    from rehab_coach.kinematics.angles.measure import joint_angles, measured_points
    from rehab_coach.kinematics.angles.plots import plot_angles
    from rehab_coach.opensim.files import write_csv, write_mot, write_trc
    from rehab_coach.skeleton import SkeletonSequence

    check_writable(arguments.out)  # first what can be wrong quickly, then what takes minutes
    if by_network:
        from rehab_coach.direct_kinematics.recording import AngleNetwork, for_skeleton

        network = AngleNetwork.load(arguments.model, with_pictures=not is_sequence)
    if is_sequence:
        sequence = SkeletonSequence.load(arguments.recording)
    else:
        sequence = _estimate(arguments.recording, arguments.estimator, start, end)
    if len(sequence) < 2:
        raise RehabCoachError("%s has one frame: a movement needs at least two" % arguments.recording)
    if by_network:
        pictures = () if is_sequence else _pictures(arguments.recording, start, end, len(sequence))
        angles, scales = network.measure(sequence, pictures, arguments.height)
        _tell_hidden(angles)
    else:
        angles = joint_angles(sequence, source=arguments.source)
    movement, remarks = _repetitions(sequence, arguments.exercise, angles)

    def path(name):
        return os.path.join(arguments.out, name)

    write_csv(path("angles.csv"), angles)
    write_mot(path("angles.mot"), for_skeleton(angles) if by_network else angles)
    if os.path.exists(path("skeleton.osim")):  # of an earlier recording
        os.remove(path("skeleton.osim"))
    if by_network:
        try:
            network.write_skeleton(path("skeleton.osim"), scales)
        except RehabCoachError as error:  # the angles do not need it, nor does the robot
            print("warning: skeleton.osim is left out: %s" % error, file=sys.stderr)
    points = measured_points(sequence, angles.source)
    write_trc(path("keypoints.trc"), points.stamps, points.places)
    _write_json(path("repetitions.json"), arguments.exercise, angles.source, movement, remarks)
    title = "%s, %s" % (os.path.basename(arguments.recording), _count(movement))
    plot_angles(angles, movement, path("angles.png"), title)
    if arguments.no_overlay:
        if os.path.exists(path("overlay.mp4")):  # of an earlier recording
            os.remove(path("overlay.mp4"))
    else:
        _film(path("overlay.mp4"), arguments.recording, is_sequence, start, end, sequence, angles, movement)
    print("%s, %d frames, angles from %s" % (title, len(sequence), angles.source))
    print("%-18s %8s %8s %12s" % ("degrees", "lowest", "highest", "uncertainty"))
    for number, name in enumerate(angles.names):
        values = np.degrees(angles.values[:, number])
        if np.isfinite(values).any():
            deviation = np.degrees(np.nanmedian(angles.uncertainty[:, number]))
            print("%-18s %8.0f %8.0f %12.0f" % (name, np.nanmin(values), np.nanmax(values), deviation))
    print("wrote %s" % arguments.out)
    return 0


def _tell_hidden(angles) -> None:
    import numpy as np

    hidden = [name for name, column in zip(angles.names, angles.values.T) if not np.isfinite(column).any()]
    if hidden:
        print(
            "warning: out of the picture, so not measured: %s; film the whole body" % ", ".join(hidden), file=sys.stderr
        )


def _count(repetitions) -> str:
    return "%d repetition%s" % (len(repetitions), "" if len(repetitions) == 1 else "s")


def _estimate(video, estimator_name, start, end):
    from tqdm import tqdm

    from rehab_coach.pose import create_estimator
    from rehab_coach.pose.video import estimate_video, shortfall
    from rehab_coach.video import VideoSource

    with VideoSource(video) as source:
        if source.live:
            raise RehabCoachError("%s is a camera; give a video file" % video)
        last = min(end or source.duration, source.duration)
        wanted = max(0.0, last - start)
        rate, total = source.rate, round(wanted * source.rate) or None
    estimator = create_estimator(estimator_name)
    try:
        with tqdm(total=total, unit="frame", desc=estimator_name, disable=None, leave=False) as bar:
            sequence = estimate_video(video, estimator, start, end, progress=bar.update)
    finally:
        estimator.close()
    problem = shortfall(sequence, rate, wanted)
    if problem:
        print("warning: " + problem, file=sys.stderr)
    return sequence


def _pictures(video, start, end, frames):
    """A film once more, for a network that looks at its pictures."""
    from tqdm import tqdm

    from rehab_coach.video import VideoSource

    with VideoSource(video) as source:
        yield from tqdm(source.read(start, end), total=frames, unit="frame", desc="d3ke", disable=None, leave=False)


def _repetitions(sequence, exercise, angles):
    """Repetitions with the ranges of these angles, and what the rules say of the form when the exercise is known."""
    if exercise is None:
        from rehab_coach.kinematics.repetitions.find import find_repetitions

        return find_repetitions(sequence, angles=angles), None
    from rehab_coach.kinematics.analysis import analyse

    movement = analyse(sequence, exercise, lambda _: angles)
    return movement.repetitions, movement


def _write_json(path, exercise, source, repetitions, movement) -> None:
    import json
    import math
    from dataclasses import asdict

    from rehab_coach.files import written_whole

    def number(value, digits=3):
        return None if value is None or not math.isfinite(value) else round(value, digits)

    content = {
        "exercise": exercise,
        "angles": source,
        "count": len(repetitions),
        "repetitions": [
            {
                "start": number(one.start),
                "turn": number(one.turn),
                "end": number(one.end),
                "tempo": {name: number(getattr(one, name)) for name in ("down", "hold", "up", "pause")},
                "range_of_motion_degrees": {
                    name: [number(math.degrees(value), 1) for value in limits]
                    for name, limits in one.range_of_motion.items()
                },
                "smoothness": number(one.smoothness),
                "symmetry": number(one.symmetry),
            }
            for one in repetitions
        ],
    }
    if movement is not None:
        content["remarks"] = [asdict(remark) for remark in movement.remarks]
        content["not_judged"] = movement.not_judged
    with written_whole(path) as temporary, open(temporary, "w") as stream:
        json.dump(content, stream, indent=2)
        stream.write("\n")


def _film(path, recording, is_sequence, start, end, sequence, angles, repetitions) -> None:
    from tqdm import tqdm

    from rehab_coach.kinematics.angles.overlay import write_overlay
    from rehab_coach.video import VideoSource

    with tqdm(total=len(sequence), unit="frame", desc="overlay.mp4", disable=None, leave=False) as bar:
        if is_sequence:
            write_overlay(path, sequence, angles, repetitions, progress=bar.update)
            return
        with VideoSource(recording) as source:
            pictures = (picture for picture, _ in source.read(start, end))
            write_overlay(path, sequence, angles, repetitions, pictures, bar.update)
