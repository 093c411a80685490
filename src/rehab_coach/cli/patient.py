"""`rehab-coach patient`: patients who can be known again by how they move."""

import argparse
from typing import TYPE_CHECKING, List

from rehab_coach.cli.identify import add_layout, add_sure, enrol_unless_doubtful, read_recording
from rehab_coach.cli.visits import add_database, agrees, print_table
from rehab_coach.errors import RehabCoachError

if TYPE_CHECKING:
    from rehab_coach.identification import Recording, Template
    from rehab_coach.visits.store import VisitStore

HELP = "Enrol patients, so that the coach knows them again by how they move and asks them whether it is they."
EPILOG = """\
A patient is enrolled who agreed that visits are kept (rehab-coach visits consent), and agrees to this too. What is kept
is a few thousand numbers, no recording, in the same file as the visits; it goes with them: rehab-coach visits delete.
The robot: roslaunch rehab_coach robot.launch identify:=true

One exercise, three to five repetitions in each recording, one person alone. Who was enrolled by one exercise, or by a
sensor in one place, is known in that one alone: docs/identification.md.

examples:
  rehab-coach patient enrol P-017 --video squat_1.mp4 squat_2.mp4 squat_3.mp4
  rehab-coach patient enrol P-017 --csv squat.csv
  rehab-coach patient enrol P-017 --bag visit.bag
  rehab-coach patient enrol P-017 --visit
  rehab-coach patient list
  rehab-coach patient forget P-017
"""

ENROL_EXAMPLES = """\
examples:
  rehab-coach patient enrol P-017 --video squat_1.mp4 squat_2.mp4 squat_3.mp4
  rehab-coach patient enrol P-017 --csv squat.csv --acceleration g --turn deg/s --columns=-x,y,z,-a,b,c
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Fill in the options of the command."""
    from rehab_coach.pose.registry import DEFAULT, NAMES

    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    def action(name: str, text: str, examples: str = "") -> argparse.ArgumentParser:
        subparser = actions.add_parser(
            name,
            help=text,
            description=text,
            epilog=examples,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        add_database(subparser)
        return subparser

    one = action("enrol", "keep what a patient is known again by, in place of what there was", ENROL_EXAMPLES)
    one.add_argument("patient", metavar="PATIENT", help="pseudonym, as in the visits")
    source = one.add_mutually_exclusive_group(required=True)
    source.add_argument("--video", nargs="+", metavar="FILE", help="one person who exercises, in one film or several")
    source.add_argument(
        "--csv", nargs="+", metavar="FILE", help="of a worn sensor: columns time, ax, ay, az (m/s2), gx, gy, gz (rad/s)"
    )
    source.add_argument("--bag", nargs="+", metavar="FILE", help="of the topics imu/data or skeleton, and movement")
    source.add_argument(
        "--visit",
        nargs="?",
        type=int,
        const=0,
        metavar="NUMBER",
        help="rounds of a visit whose skeletons were kept (default: the last visit)",
    )
    one.add_argument("--estimator", choices=NAMES, default=DEFAULT, help="of films (default: the robot's, %(default)s)")
    add_layout(one)
    add_sure(one)
    one.add_argument("--language", default="en", metavar="CODE", help="of the question (default: %(default)s)")
    action("list", "who is enrolled, since when, from what")
    one = action("forget", "delete what a patient is known again by, for good; visits stay")
    one.add_argument("patient", metavar="PATIENT")
    one.add_argument("--yes", action="store_true", help="do not ask")


def run(arguments: argparse.Namespace) -> int:
    """Do it; returns the exit code."""
    from rehab_coach.visits.database import default_place
    from rehab_coach.visits.store import VisitStore

    with VisitStore(arguments.database or default_place(), create=False) as store:
        return {"enrol": _enrol, "list": _list, "forget": _forget}[arguments.action](store, arguments)


def _enrol(store: "VisitStore", arguments: argparse.Namespace) -> int:
    import time

    from rehab_coach.identification.model import shipped_fingerprint
    from rehab_coach.identification.verifier import Template
    from rehab_coach.texts import load_texts
    from rehab_coach.visits.store import EnrolledPatient, check_name

    name, texts = check_name(arguments.patient), load_texts(arguments.language)
    store.check_consent(name)  # before films are looked at for minutes
    recordings = _recordings(store, name, arguments)
    model = shipped_fingerprint()
    others = [Template.from_bytes(one.name, one.template) for one in store.enrolled() if one.model == model]
    template = enrol_unless_doubtful(name, recordings, others, arguments)
    question = texts("may_i_recognise", patient=name)
    before = next((one for one in store.enrolled() if one.name == name), None)
    replaces = "" if before is None else texts("replaces_template", before=before.made_from) + ". "
    if before is not None and before.model == model:
        _warn_of_another(Template.from_bytes(name, before.template), template, recordings)
    if not agrees(replaces + question):
        print(texts("not_kept"))
        return 1
    made_from = ", ".join(one.name for one in recordings)
    store.enrol(EnrolledPatient(name, time.time(), question, made_from, model, template.to_bytes()))
    print("%s is enrolled by %s, from %s" % (name, " and ".join(template.points), made_from))
    return 0


def _warn_of_another(before: "Template", template: "Template", recordings: "List[Recording]") -> None:
    """Say where what comes is unlike what it replaces."""
    from rehab_coach.identification import match

    if not set(before.points) & set(template.points):
        kinds = [" and ".join(one.points) for one in (before, template)]
        print("%s is enrolled by %s, and would now be by %s alone" % (template.name, *kinds))
        return
    unlike = [one.name for one in recordings if match(one.observe(), [before]).distances[template.name] > 0]
    if unlike:
        print(
            "%s %s unlike what %s was enrolled from: is it the same person, the same exercise, the sensor in the same "
            "place?" % (", ".join(unlike), "is" if len(unlike) == 1 else "are", template.name)
        )


def _recordings(store: "VisitStore", name: str, arguments: argparse.Namespace) -> "List[Recording]":
    import os

    from rehab_coach.identification import Recording

    if arguments.bag:
        try:
            from rehab_coach.ros.bags import read_bag
        except ImportError as error:
            raise RehabCoachError(
                "a bag is read by ROS, which is not here (%s): source .ws/devel/setup.bash, or use --csv" % error
            ) from error
        return [one for path in arguments.bag for one in read_bag(path)]
    if arguments.csv:
        return [Recording(os.path.basename(path), series=read_recording(path, arguments)) for path in arguments.csv]
    if arguments.video:
        return _films(arguments)
    return _rounds(store, name, arguments.visit)


def _films(arguments: argparse.Namespace) -> "List[Recording]":
    import os

    from tqdm import tqdm

    from rehab_coach.identification import Recording
    from rehab_coach.pose import create_estimator
    from rehab_coach.pose.video import estimate_video
    from rehab_coach.teaching import CrowdWatch

    estimator = create_estimator(arguments.estimator)
    recordings = []
    try:
        for path in arguments.video:
            crowd = CrowdWatch(estimator)
            with tqdm(desc=os.path.basename(path), unit="frame", disable=None, leave=False) as bar:
                sequence = estimate_video(path, crowd, progress=bar.update)
            if not sequence.seen.any():
                raise RehabCoachError(
                    "nobody is seen in %s: film the whole body, from the front or a little aside" % path
                )
            if crowd.crowded:
                raise RehabCoachError("two people are seen in %s: film one alone" % path)
            recordings.append(Recording(os.path.basename(path), skeleton=sequence))
    finally:
        estimator.close()
    return recordings


def _rounds(store: "VisitStore", name: str, visit: int) -> "List[Recording]":
    """Of the exercise that was done most often in a visit."""
    from collections import Counter

    from rehab_coach.identification import Recording

    rounds = store.rounds(name, skeletons=True)
    visit = visit or max([one.visit for one in rounds], default=0)
    kept = [one for one in rounds if one.visit == visit and one.skeleton is not None and one.recognised]
    if not kept:
        raise RehabCoachError(
            "visit %d of %s has no round whose skeleton was kept: visit_keeper/keep_skeletons keeps them"
            % (visit, name)
        )
    exercise = Counter(one.recognised for one in kept).most_common(1)[0][0]
    return [
        Recording("round %d of visit %d" % (one.number, visit), skeleton=one.skeleton)
        for one in kept
        if one.recognised == exercise
    ]


def _list(store: "VisitStore", arguments: argparse.Namespace) -> int:
    from rehab_coach.identification.model import shipped_fingerprint
    from rehab_coach.visits.export import iso

    agreed, model = {one.name for one in store.enrolled()}, shipped_fingerprint()
    rows = [("PATIENT", "ENROLLED", "CONSENT", "FROM")]
    for one in store.enrolled(withdrawn=True):
        made_from = one.made_from if one.model == model else "another model: enrol anew"
        rows.append((one.name, iso(one.time)[:10], "yes" if one.name in agreed else "withdrawn", made_from))
    print_table(rows)
    return 0


def _forget(store: "VisitStore", arguments: argparse.Namespace) -> int:
    from rehab_coach.visits.store import check_name

    if check_name(arguments.patient) not in [one.name for one in store.enrolled(withdrawn=True)]:
        store.rounds(arguments.patient)  # says who is known where nobody of this name is
        raise RehabCoachError("%s is not enrolled; rehab-coach patient list says who is" % arguments.patient)
    if not arguments.yes and not agrees("Forget how %s moves, for good?" % arguments.patient):
        print("nothing was deleted")
        return 1
    store.forget(arguments.patient)
    print("%s is not known again any more; the visits are still there" % arguments.patient)
    return 0
