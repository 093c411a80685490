"""`rehab-coach exercise`: exercises of one's own, shown to the coach."""

import argparse
import os
from typing import TYPE_CHECKING, List, Optional

from rehab_coach.errors import RehabCoachError

if TYPE_CHECKING:
    from rehab_coach.pose import PoseEstimator
    from rehab_coach.skeleton import SkeletonSequence
    from rehab_coach.teaching import AddedExercises

HELP = "Show the coach an exercise of your own; it asks for it from the next round on."
EPILOG = """\
One person shows the exercise three to five times, whole body in view. Nothing is trained and no picture is kept: an
exercise is one small file, made for the model that ships. How well it is recognised in other people: docs/enrolment.md.

examples:
  rehab-coach exercise add side_bend                        before the webcam
  rehab-coach exercise add side_bend --video side_bend.mp4
  rehab-coach exercise add side_bend --camera /dev/video2 --picture side_bend.png
  rehab-coach exercise list
  rehab-coach exercise rename side_bend bend_to_the_side
  rehab-coach exercise export side_bend side_bend.exercise
  rehab-coach exercise import side_bend.exercise
  rehab-coach exercise remove side_bend
"""
SECONDS = 15.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Fill in the options of the command."""
    from rehab_coach.pose.registry import DEFAULT, NAMES

    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    def action(name: str, text: str) -> argparse.ArgumentParser:
        subparser = actions.add_parser(name, help=text, description=text)
        subparser.add_argument(
            "--folder",
            default="",
            metavar="DIR",
            help="of the exercises (default: ~/.local/share/rehab_coach/exercises)",
        )
        return subparser

    one = action("add", "learn an exercise from a video or before a camera")
    one.add_argument("name", metavar="NAME", help="letters a to z, digits, _ and -, such as side_bend")
    source = one.add_mutually_exclusive_group()
    source.add_argument("--video", nargs="+", metavar="FILE", help="one person who shows it, in one film or several")
    source.add_argument(
        "--camera",
        default="0",
        metavar="SOURCE",
        help="webcam, or a film played as one (default: %(default)s)",
    )
    one.add_argument(
        "--seconds", type=float, default=SECONDS, metavar="S", help="to film before the camera (default: %(default)g)"
    )
    one.add_argument("--estimator", choices=NAMES, default=DEFAULT, help="the robot's (default: %(default)s)")
    one.add_argument("--sure", action="store_true", help="add it although there is a doubt")
    one.add_argument("--picture", metavar="OUT.png", help="draw the skeleton of each repetition that was seen")
    action("list", "the exercises that were added")
    one = action("remove", "forget an exercise")
    one.add_argument("name", metavar="NAME")
    one = action("rename", "give an exercise another name")
    one.add_argument("name", metavar="NAME")
    one.add_argument("to", metavar="NEW")
    one = action("export", "copy an exercise to a file, for another coach")
    one.add_argument("name", metavar="NAME")
    one.add_argument("file", metavar="FILE")
    one = action("import", "take an exercise that another coach exported")
    one.add_argument("file", metavar="FILE")


def run(arguments: argparse.Namespace) -> int:
    """Do it; returns the exit code."""
    from rehab_coach.recognition import Recognizer
    from rehab_coach.teaching import AddedExercises

    added = AddedExercises(Recognizer.load(), arguments.folder, print)
    return {
        "add": _add,
        "list": _list,
        "remove": _remove,
        "rename": _rename,
        "export": _export,
        "import": _import,
    }[arguments.action](added, arguments)


def _add(added: "AddedExercises", arguments: argparse.Namespace) -> int:
    from rehab_coach.exercises import check_label
    from rehab_coach.files import check_writable
    from rehab_coach.pose import create_estimator
    from rehab_coach.recognition.enrolment import EnrolmentDoubt
    from rehab_coach.webcam import is_live

    # First what can be wrong quickly.
    check_label(arguments.name, "the new exercise")
    _check_free(added, arguments.name)
    if not 3 <= arguments.seconds <= 120:
        raise RehabCoachError("--seconds must be between 3 and 120, not %g" % arguments.seconds)
    check_writable(added.folder)
    if arguments.picture:
        _check_place(arguments.picture)
    estimator = create_estimator(arguments.estimator)
    try:
        if arguments.video:
            takes = _takes_of_films(arguments.video, estimator)
        else:
            takes = _film(arguments, estimator)
        try:
            path = _learn(added, arguments, takes)
        except EnrolmentDoubt as doubt:
            if arguments.video or not is_live(arguments.camera):  # a film shows the same once more
                raise RehabCoachError("%s. --sure adds it all the same" % doubt) from doubt
            print("%s.\nOnce more, please." % doubt)
            takes = _film(arguments, estimator)
            try:
                path = _learn(added, arguments, takes)
            except EnrolmentDoubt as second:
                raise RehabCoachError("%s; nothing was added. --sure adds it all the same" % second) from second
    finally:
        estimator.close()
    print("the coach knows %s from the next round on: %s" % (arguments.name, path))
    return 0


def _check_place(path: str) -> None:
    """RehabCoachError where a file could not be written, or would make a folder that somebody mistyped."""
    from rehab_coach.files import check_writable

    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise RehabCoachError("there is no folder %s: make it first, or name another one" % folder)
    check_writable(folder)


def _check_free(added: "AddedExercises", name: str) -> None:
    if name.lower() in [label.lower() for label in added.labels]:
        raise RehabCoachError("there is an exercise '%s' already: choose another name, or remove it" % name)
    if name.lower() in [label.lower() for label in added.recognizer.labels]:
        raise RehabCoachError("there is an exercise '%s' already, of the model: choose another name" % name)


def _learn(added: "AddedExercises", arguments: argparse.Namespace, takes: "List[SkeletonSequence]") -> str:
    for number, take in enumerate(takes, start=1):
        print("  repetition %d: %.1f to %.1f s" % (number, take.stamps[0], take.stamps[-1]))
    if arguments.picture:
        _draw(takes, arguments.picture)
    return added.teach(arguments.name, takes, arguments.sure)


def _takes_of_films(paths: List[str], estimator: "PoseEstimator") -> "List[SkeletonSequence]":
    """Every repetition in the films of one person."""
    from tqdm import tqdm

    from rehab_coach.pose.video import estimate_video
    from rehab_coach.teaching import CrowdWatch, cut_takes

    takes = []
    for path in paths:
        crowd = CrowdWatch(estimator)
        with tqdm(desc=os.path.basename(path), unit="frame", disable=None, leave=False) as bar:
            sequence = estimate_video(path, crowd, progress=bar.update)
        if not sequence.seen.any():
            raise RehabCoachError("nobody is seen in %s: film the whole body, from the front or a little aside" % path)
        if crowd.crowded:
            raise RehabCoachError("two people are seen in %s: one alone must show the exercise" % path)
        found = cut_takes(sequence)
        print("%s: %d repetition%s" % (path, len(found), "" if len(found) == 1 else "s"))
        takes += found
    return takes


def _film(arguments: argparse.Namespace, estimator: "PoseEstimator") -> "List[SkeletonSequence]":
    """Count down, wait for a whole body, film; the same as the robot does, in words on the terminal."""
    import time

    from rehab_coach.robot.recording import Phase, Recording, Timing
    from rehab_coach.teaching import cut_takes
    from rehab_coach.texts import load_texts
    from rehab_coach.video import VideoSource

    estimator.reset()
    with VideoSource(arguments.camera, size=(640, 480)) as source:
        print(load_texts()("please_show", exercise=load_texts().an(arguments.name)))
        began = time.monotonic()
        # Nobody in a film hears a countdown.
        timing = Timing(3.0 if source.live else 0.0, arguments.seconds)
        recording = Recording(0.0, estimator.layout, timing)
        for picture, stamp in source.read():
            now = time.monotonic() - began if source.live else stamp
            for notice in recording.update(now):
                print("  %s" % notice.text, flush=True)
            if recording.phase is Phase.OVER:
                break
            recording.add(now, now, estimator.estimate(picture), (picture.shape[1], picture.shape[0]))
    sequence: Optional["SkeletonSequence"] = recording.sequence()
    if sequence is None or not sequence.seen.any():
        raise RehabCoachError("nobody was seen: the whole body must be in view, alone; nothing was added")
    takes = cut_takes(sequence)
    print("I saw %d repetition%s" % (len(takes), "" if len(takes) == 1 else "s"))
    return takes


def _draw(takes: "List[SkeletonSequence]", path: str) -> None:
    """A tile for each repetition: the skeleton at three moments, the latest brightest."""
    import cv2
    import numpy as np

    from rehab_coach.dataset.plots import tile
    from rehab_coach.files import written_whole

    picture = np.hstack([tile(take) for take in takes])
    with written_whole(path) as temporary, open(temporary, "wb") as stream:
        stream.write(cv2.imencode(".png", picture)[1].tobytes())
    print("drawn: %s" % path)


def _list(added: "AddedExercises", arguments: argparse.Namespace) -> int:
    from rehab_coach.recognition.enrolment import EnrolledExercise

    if not added.labels:
        print("no exercise was added in %s yet; rehab-coach exercise add NAME" % added.folder)
    for label in added.labels:
        one = EnrolledExercise.load(added.path(label))
        print("%-24s shown %d time%s" % (label, one.takes, "" if one.takes == 1 else "s"))
    return 0


def _path(added: "AddedExercises", name: str) -> str:
    if name not in added.labels:
        raise RehabCoachError("no exercise '%s' was added; there are: %s" % (name, ", ".join(added.labels) or "none"))
    return added.path(name)


def _remove(added: "AddedExercises", arguments: argparse.Namespace) -> int:
    os.remove(_path(added, arguments.name))
    print("%s is forgotten" % arguments.name)
    return 0


def _rename(added: "AddedExercises", arguments: argparse.Namespace) -> int:
    from dataclasses import replace

    from rehab_coach.exercises import check_label
    from rehab_coach.recognition.enrolment import EnrolledExercise

    path = _path(added, arguments.name)
    check_label(arguments.to, "the new name")
    if arguments.to.lower() != arguments.name.lower():
        _check_free(added, arguments.to)
    new = replace(EnrolledExercise.load(path), label=arguments.to).save(added.folder)
    if new != path:
        os.remove(path)
    print("%s is now %s" % (arguments.name, arguments.to))
    return 0


def _export(added: "AddedExercises", arguments: argparse.Namespace) -> int:
    import shutil

    from rehab_coach.files import written_whole

    path = _path(added, arguments.name)
    _check_place(arguments.file)
    with written_whole(arguments.file) as temporary:
        shutil.copyfile(path, temporary)
    print(arguments.file)
    return 0


def _import(added: "AddedExercises", arguments: argparse.Namespace) -> int:
    from rehab_coach.recognition.enrolment import EnrolledExercise

    one = EnrolledExercise.load(arguments.file)
    added.add(one)
    print("the coach knows %s from the next round on" % one.label)
    return 0
