"""`rehab-coach identify`: who is moving, by a worn sensor or by the skeleton."""

import argparse
import os
import sys
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Iterator, List, Optional, Sequence, Tuple

from rehab_coach.errors import RehabCoachError

if TYPE_CHECKING:
    from rehab_coach.identification import Recording, Template
    from rehab_coach.inertial import InertialSeries

HELP = "Tell people apart by a worn sensor or by their skeleton: enrol them, match a recording, measure, train."
EPILOG = """\
A recording is a CSV file with a header, columns time, ax, ay, az, gx, gy, gz (s, m/s2, rad/s; --help of the action says
how to name others), or skeletons (.npz) as `rehab-coach render` and `dataset` write them. It holds three repetitions or
more of one exercise. What is kept of a person is one small file, from which no recording can be made again; how well
people are told apart, and what is not known about privacy: docs/identification.md.

examples:
  rehab-coach identify enrol P-017 monday.csv tuesday.csv wednesday.csv --people people
  rehab-coach identify match today.csv --people people
  rehab-coach identify match phone.csv --people people --columns acc_x,acc_y,acc_z,gyr_x,gyr_y,gyr_z \\
      --acceleration g --turn deg/s --time-column t --time ms
  rehab-coach identify match today.csv --people people --skeleton today.npz      (both together)
  rehab-coach identify evaluate --data DIR --out report                        (the tables of docs/identification.md)
  rehab-coach identify fit --data DIR --rendered DIR --write models/identity.safetensors      (the model that ships)
  rehab-coach identify skeletons --data DIR --rendered DIR                     (what one camera sees)
  rehab-coach identify train config/recipes/identification/gait_gyroscope.yaml --data DIR --out runs/gait_gyroscope
  rehab-coach identify networks --data DIR --init runs/gait_gyroscope          (transfer against random start)
"""

EXAMPLES = {
    "enrol": """\
examples:
  rehab-coach identify enrol P-017 monday.csv tuesday.csv wednesday.csv --people people
  rehab-coach identify enrol P-017 monday.csv --people people --acceleration g --turn deg/s --columns=-x,y,z,-a,b,c
""",
    "match": """\
examples:
  rehab-coach identify match today.csv --people people
  rehab-coach identify match today.csv --people people --skeleton today.npz
""",
    "evaluate": """\
examples:
  rehab-coach identify evaluate --data DIR --out report --seeds 3
  rehab-coach identify evaluate --data DIR --out report --case squat
""",
    "skeletons": """\
examples:
  rehab-coach identify skeletons --data DIR
  rehab-coach identify skeletons --data DIR --rendered DIR
""",
}
"""Of the actions that most people begin with."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Fill in the options of the command."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    def action(name: str, text: str) -> argparse.ArgumentParser:
        return actions.add_parser(
            name,
            help=text,
            description=text,
            epilog=EXAMPLES.get(name),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

    one = action("enrol", "make a template of a person's recordings")
    one.add_argument("name", metavar="NAME", help="pseudonym of the person")
    _add_recordings(one)
    add_sure(one)
    one = action("match", "say whose recordings these are")
    _add_recordings(one)
    one = action("evaluate", "measure on public sets")
    one.add_argument("--data", required=True, metavar="DIR", help="folder with imu/ and mocap/: docs/identification.md")
    one.add_argument("--out", required=True, metavar="REPORT", help="folder of the report, made if needed")
    one.add_argument("--case", action="append", metavar="NAME", help="transitions, squat, thigh squat, whole execution")
    one.add_argument("--seeds", type=int, default=5, metavar="N", help="random splits (default: %(default)s)")
    one = action("fit", "learn from public sets what tells people apart; write the model and how it verifies strangers")
    one.add_argument("--data", required=True, metavar="DIR", help="folder with imu/ and mocap/")
    one.add_argument("--write", required=True, metavar="FILE", help="the model file")
    one.add_argument("--rendered", metavar="DIR", help="also virtual patients: a folder of rehab-coach render --plan")
    one = action("skeletons", "measure what one camera sees: proportions and motion of limbs, and how the trunk turns")
    one.add_argument(
        "--data",
        required=True,
        metavar="DIR",
        help="folder with mocap/ui_prmd; with skeletons/ and imu/utd_mhad also those",
    )
    one.add_argument("--rendered", metavar="DIR", help="also virtual patients: a folder of rehab-coach render --plan")
    one = action("train", "train the people's network from a recipe")
    one.add_argument("recipe", metavar="RECIPE", help="YAML file, see config/recipes/identification/")
    one.add_argument("--data", required=True, metavar="DIR", help="folder with imu/ and mocap/")
    one.add_argument("--out", required=True, metavar="RUN", help="folder of the run, made if needed")
    one.add_argument(
        "--init", metavar="RUN", help="run whose features are taken, where the recipe says `start: transfer`"
    )
    one = action("networks", "measure transfer, frozen features and a random start against each other")
    one.add_argument("--data", required=True, metavar="DIR", help="folder with imu/ and mocap/")
    one.add_argument("--init", required=True, metavar="RUN", help="run whose features are taken (stage gait or all)")
    one.add_argument("--case", action="append", metavar="NAME", help="as of evaluate (default: squat, transitions)")
    one.add_argument("--seeds", type=int, default=5, metavar="N", help="random starts (default: %(default)s)")


def _add_recordings(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recordings", nargs="*", metavar="CSV", help="recordings of the sensor, one exercise each")
    parser.add_argument("--skeleton", nargs="+", default=[], metavar="NPZ", help="skeletons, as many as CSV or alone")
    parser.add_argument("--people", required=True, metavar="DIR", help="folder of the templates")
    add_layout(parser)


def add_layout(parser: argparse.ArgumentParser) -> None:
    """The options that say what is in a sensor's CSV file."""
    parser.add_argument(
        "--columns",
        metavar="AX,AY,AZ,GX,GY,GZ",
        help="names of the columns; -NAME turns an axis round (of the first one: --columns=-AX,...)",
    )
    parser.add_argument("--time-column", default="time", metavar="NAME", help="default: %(default)s")
    parser.add_argument("--rate", type=float, metavar="HZ", help="samples per second of a file without times")
    parser.add_argument("--acceleration", default="m/s2", metavar="UNIT", help="m/s2 (default) or g")
    parser.add_argument("--turn", default="rad/s", metavar="UNIT", help="rad/s (default) or deg/s")
    parser.add_argument("--time", default="s", metavar="UNIT", help="s (default), ms, us or ns")


def add_sure(parser: argparse.ArgumentParser) -> None:
    """The option of those who enrol."""
    parser.add_argument("--sure", action="store_true", help="enrol although there is a doubt")


def run(arguments: argparse.Namespace) -> int:
    """Do it; returns the exit code."""
    return {
        "enrol": _enrol,
        "match": _match,
        "evaluate": _evaluate,
        "fit": _fit,
        "skeletons": _skeletons,
        "train": _train,
        "networks": _networks,
    }[arguments.action](arguments)


def read_recording(path: str, arguments: argparse.Namespace) -> "InertialSeries":
    """A sensor's CSV file, as the options of `add_layout` say."""
    from rehab_coach.inertial.readers import COLUMNS, read_csv

    columns = [name.strip() for name in arguments.columns.split(",")] if arguments.columns else COLUMNS
    units = (arguments.acceleration, arguments.turn, arguments.time)
    return read_csv(path, *units, columns, arguments.time_column, arguments.rate)


def enrol_unless_doubtful(
    name: str, recordings: "Sequence[Recording]", others: "Sequence[Template]", arguments: argparse.Namespace
) -> "Template":
    """A template; a doubt is told with the way round it, the option of `add_sure`."""
    from rehab_coach.identification.enrolment import IdentityDoubt, enrol

    try:
        return enrol(name, recordings, others, arguments.sure)
    except IdentityDoubt as doubt:
        raise RehabCoachError("%s Nobody was enrolled; --sure does it all the same" % doubt) from doubt


def _recordings(arguments: argparse.Namespace) -> "Iterator[Tuple[Optional[str], Optional[str]]]":
    """The files of each recording: the sensor's, the skeleton's."""
    paths, skeletons = arguments.recordings, arguments.skeleton
    if not paths and not skeletons:
        raise RehabCoachError("name a recording: a CSV file of the sensor, or --skeleton NPZ")
    if paths and skeletons and len(paths) != len(skeletons):
        raise RehabCoachError("%d recordings of the sensor beside %d skeletons" % (len(paths), len(skeletons)))
    return zip_longest(paths, skeletons)


def _read(path: Optional[str], skeleton: Optional[str], arguments: argparse.Namespace) -> "Recording":
    from rehab_coach.identification import Recording
    from rehab_coach.skeleton import SkeletonSequence

    return Recording(
        path or skeleton or "",
        None if path is None else read_recording(path, arguments),
        None if skeleton is None else SkeletonSequence.load(skeleton),
    )


def _templates(folder: str) -> "List[Template]":
    from rehab_coach.identification.verifier import EXTENSION, Template

    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    return [Template.load(os.path.join(folder, name)) for name in names if name.endswith(EXTENSION)]


def _enrol(arguments: argparse.Namespace) -> int:
    from rehab_coach.identification.verifier import EXTENSION

    if not arguments.name or os.sep in arguments.name or arguments.name.startswith("."):
        raise RehabCoachError("'%s' cannot be a person's pseudonym: it becomes a file's name" % arguments.name)
    recordings = [_read(*files, arguments) for files in _recordings(arguments)]
    there = os.path.join(arguments.people, arguments.name + EXTENSION)
    if os.path.exists(there):
        raise RehabCoachError(
            "%s is enrolled already: delete %s first, or choose another name" % (arguments.name, there)
        )
    template = enrol_unless_doubtful(arguments.name, recordings, _templates(arguments.people), arguments)
    counts = ", ".join("%s %d" % (stream, len(points)) for stream, points in template.points.items())
    print("%s is enrolled (%s): %s" % (arguments.name, counts, template.save(arguments.people)))
    if len(recordings) < 3:
        print("of %d recording%s; three make it surer" % (len(recordings), "" if len(recordings) == 1 else "s"))
    return 0


def _match(arguments: argparse.Namespace) -> int:
    templates = _templates(arguments.people)
    if not templates:
        raise RehabCoachError("nobody is enrolled in %s; rehab-coach identify enrol NAME CSV" % arguments.people)
    code = 0
    for files in _recordings(arguments):
        try:
            _tell_who(_read(*files, arguments), templates)
        except RehabCoachError as problem:  # the other recordings can still be answered
            print("rehab-coach identify: %s" % problem, file=sys.stderr)
            code = 2
    return code


def _tell_who(recording: "Recording", templates: "Sequence[Template]") -> None:
    from rehab_coach.identification import match
    from rehab_coach.identification.enrolment import FEWEST_CYCLES, whole_repetitions

    observation = recording.observe()
    try:
        found = match(observation, templates)
    except RehabCoachError as problem:
        raise RehabCoachError("%s: %s" % (recording.name, problem)) from problem
    nearest = min(found.distances, key=lambda person: found.distances[person])
    text = "%s (%.0f %%)" if found.name else "unknown (nearest: %s, %.0f %% likely)"
    print("%s: %s" % (recording.name, text % (nearest, 100 * found.confidence)))
    for person, against in sorted(found.distances.items(), key=lambda entry: entry[1])[:3]:
        print("  %-12s log odds %6.1f" % (person, -against))
    if whole_repetitions(recording, observation) < FEWEST_CYCLES:
        print("  this is about one whole repetition at most: record three to be surer (enrol refuses so little)")


def _evaluate(arguments: argparse.Namespace) -> int:
    from tqdm import tqdm

    from rehab_coach.benchmarks.identification import tables
    from rehab_coach.benchmarks.identification.protocols import CASES

    rows = []
    with tqdm(unit="row", disable=None, leave=False) as bar:

        def tell(what: str) -> None:
            bar.set_description(what)
            bar.update()

        cases = _cases(arguments.case, tuple(CASES))
        for one in tables.run(arguments.data, cases, _seeds(arguments.seeds), tell):
            rows.append(one)
        if not arguments.case:
            for what, part in (("crossed", tables.crossed), ("forms", tables.forms)):
                tell(what)
                rows += part(arguments.data)
        outcome = tables.honest_outcome(arguments.data, cases[0])
    title = "%s: %d people, first half of their executions against the second" % (cases[0], len(outcome.people))
    tables.write_report(arguments.out, rows, outcome, title)
    print(tables.table(rows))
    print("\n%s: rows.json, and of %s people.csv and confusion.png" % (arguments.out, cases[0]))
    return 0


def _cases(chosen, default):
    from rehab_coach.benchmarks.identification.protocols import CASES

    for name in chosen or ():
        if name not in CASES:
            raise RehabCoachError("no case '%s'; known: %s" % (name, ", ".join(CASES)))
    return tuple(chosen or default)


def _seeds(count: int) -> int:
    if not 1 <= count <= 100:
        raise RehabCoachError("--seeds must be between 1 and 100, not %d" % count)
    return count


def _fit(arguments: argparse.Namespace) -> int:
    from tqdm import tqdm

    from rehab_coach.benchmarks.identification.camera import LIKE_AN_ESTIMATOR, read_rendered
    from rehab_coach.benchmarks.identification.strangers import fit_model, verification_table
    from rehab_coach.files import check_writable

    check_writable(os.path.dirname(os.path.abspath(arguments.write)))
    beside = read_rendered(arguments.rendered).others[LIKE_AN_ESTIMATOR] if arguments.rendered else []
    with tqdm(unit="step", disable=None, leave=False) as bar:

        def tell(what: str) -> None:
            bar.set_description(what)
            bar.update()

        learned = fit_model(arguments.data, tell, beside)
    learned.model.save(arguments.write)
    print(verification_table(learned))
    print("\n%s" % arguments.write)
    return 0


def _skeletons(arguments: argparse.Namespace) -> int:
    from tqdm import tqdm

    from rehab_coach.benchmarks.identification import camera
    from rehab_coach.benchmarks.identification.kinect import kinect
    from rehab_coach.benchmarks.identification.tables import table
    from rehab_coach.dataset.sequences import SPATIAL

    patients = camera.read_rendered(arguments.rendered) if arguments.rendered else None
    parts = [camera.virtual_patients(patients)] if patients else []
    parts.append(camera.skeletons(arguments.data, patients.others if patients else {}))
    if os.path.exists(os.path.join(arguments.data, "skeletons", SPATIAL + ".csv")):
        parts.append(kinect(arguments.data))
    for number, line in enumerate(chain.from_iterable(parts)):
        if number == 0:  # no head over a refusal
            print(camera.HEADER)
        print(line, flush=True)
    with tqdm(unit="recording", disable=None, leave=False) as bar:
        rows = [camera.trunk(arguments.data, bar.update)]
    print("\n" + table(rows))
    return 0


def _train(arguments: argparse.Namespace) -> int:
    from rehab_coach.identification.run import train_recipe

    train_recipe(arguments.recipe, arguments.data, arguments.out, arguments.init)
    return 0


def _networks(arguments: argparse.Namespace) -> int:
    from tqdm import tqdm

    from rehab_coach.benchmarks.identification import tables

    rows = []
    with tqdm(unit="row", disable=None, leave=False) as bar:
        cases = _cases(arguments.case, ("squat", "transitions"))
        for one in tables.networks(arguments.data, arguments.init, cases, _seeds(arguments.seeds)):
            rows.append(one)
            bar.update()
    print(tables.table(rows))
    return 0
