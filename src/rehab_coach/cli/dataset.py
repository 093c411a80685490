"""`rehab-coach dataset`: sets of labelled skeletons."""

import argparse
from typing import Dict

HELP = "Make, convert, divide and look at sets of labelled skeletons (formats: docs/datasets.md)."
EXAMPLES = {
    "from-videos": "from-videos videos.csv sets --estimator tf_pose mediapipe --workers 4",
    "inspect": "inspect sets/tf_pose sets/mediapipe --out report",
    "subset": "subset kinetics_train --classes squat lunge --unknown 500 --out small --group-pattern '^(.{11})'",
    "convert": "convert small/train packed/train --to packed",
    "from-public": "from-public penn ~/Downloads/Penn_Action DATA",
    "kinematics": "kinematics FILMS --plan PLAN.yaml --render",
    "motions": "motions OUT --data DATA",
}
EPILOG = """\
A SET is a folder of Kinetics-skeleton .json or of .npz files, or a packed pair NAME_data.npy + NAME_label.pkl.

examples:
""" + "".join("  rehab-coach dataset %s\n" % example for example in EXAMPLES.values())
FORMATS = ("kinetics", "npz", "packed")
PUBLIC_SETS = ("penn", "jhmdb", "uiprmd", "utd")
SET = "folder of .json or .npz files, or NAME_data.npy"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Fill in the sub-commands and their options."""
    commands = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, text, fill in (
        ("from-videos", "download or read videos, cut them, and write their skeletons", _add_from_videos),
        ("from-public", "put a public set, as it is downloaded, into the recipes' data folder", _add_from_public),
        ("convert", "write a set in another format", _add_convert),
        ("subset", "some classes of a set, others as unknown, split by person or video", _add_subset),
        ("inspect", "pictures and numbers about sets", _add_inspect),
        ("kinematics", "true joint angles, by OpenSim, of films of virtual patients", _add_kinematics),
        ("motions", "joint angles of UI-PRMD's people, for virtual patients to perform", _add_motions),
    ):
        example = "example: rehab-coach dataset " + EXAMPLES[name]
        fill(commands.add_parser(name, help=text, description=text, epilog=example))


def _add_from_videos(parser: argparse.ArgumentParser) -> None:
    from rehab_coach.pose.registry import DEFAULT, NAMES

    add = parser.add_argument
    add("table", metavar="CSV", help="columns label, file (path or url), and optionally start, end (seconds), group")
    add("out", metavar="OUT", help="folder; a run that was interrupted goes on where it stopped")
    add(
        "--estimator",
        nargs="+",
        choices=NAMES,
        default=[DEFAULT],
        help="pose estimators, a set for each (default: " + DEFAULT + ")",
    )
    add("--format", choices=FORMATS[:2], default="kinetics", help="of the files (default: %(default)s)")
    add("--fit", choices=("letterbox", "stretch"), default="letterbox", help="to 340x256 (default: %(default)s)")
    add("--flip", action="store_true", help="also mirrored pictures")
    add("--zoom", nargs="+", type=float, default=[], metavar="Z", help="also pictures so much larger, e.g. 0.8 1.25")
    add("--labels", metavar="FILE", help="label file, one a line (default: the labels of CSV as they come)")
    add("--workers", type=int, default=1, metavar="N", help="processes (default: %(default)s)")
    add("--ray", default="", metavar="ADDRESS", help="use a Ray cluster: HOST:PORT, auto, or local (N processors)")
    add("--temporary", default="", metavar="DIR", help="for the clips that are worked on (default: in OUT)")
    add("--no-retry", action="store_true", help="do not try again what failed in an earlier run")


def _add_from_public(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("name", metavar="NAME", choices=PUBLIC_SETS, help="%s (docs/datasets.md)" % ", ".join(PUBLIC_SETS))
    add("source", metavar="SOURCE", help="folder of the download, unpacked")
    add("data", metavar="DATA", help="folder that `rehab-coach train --data` reads; made if needed")
    add("--all", action="store_true", help="also the persons and parts that the recipes leave out to test with")


def _add_convert(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("set", metavar="SET", help=SET)
    parser.add_argument("out", metavar="OUT", help="FOLDER/NAME of the new set")
    parser.add_argument("--to", choices=FORMATS, required=True, help="its format (docs/datasets.md)")


def _add_subset(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("set", metavar="SET", help=SET)
    add("--out", required=True, metavar="DIR", help="folder for train, validation and test")
    add("--classes", required=True, nargs="+", metavar="LABEL", help="those that are kept")
    add("--unknown", type=int, default=0, metavar="N", help="so many of the others as 'unknown' (default: none)")
    add(
        "--split",
        nargs=3,
        type=float,
        default=(0.7, 0.15, 0.15),
        metavar=("TRAIN", "VALIDATION", "TEST"),
        help="shares (default: 0.7 0.15 0.15)",
    )
    add("--groups", metavar="CSV", help="columns name, group (person or video), optionally split")
    add("--group-pattern", metavar="RE", help="regular expression; its parentheses take the group from the name")
    add("--seed", type=int, default=0, help="of the choice and the splits (default: %(default)s)")
    add("--format", choices=FORMATS, help="of the new sets (default: as SET)")


def _add_inspect(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sets", nargs="+", metavar="SET", help=SET + "; several are compared")
    parser.add_argument("--out", required=True, metavar="DIR", help="for summary.json, clips.csv and the PNGs")
    parser.add_argument(
        "--columns",
        type=int,
        default=8,
        metavar="N",
        help="clips of a class on the contact sheet (default: %(default)s)",
    )
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="only N random clips of each set")


def _add_kinematics(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("films", metavar="FILMS", help="folder that `rehab-coach render --plan PLAN --out FILMS` made")
    add("--plan", metavar="FILE", required=True, help="that plan; a run that was interrupted goes on where it stopped")
    add("--render", action="store_true", help="first make the plan's films that are missing, as mediapipe sees them")


def _add_motions(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("out", metavar="OUT", help="folder for the motions (.mot); a run that was interrupted goes on where it stopped")
    add("--data", metavar="DATA", required=True, help="folder with mocap/ui_prmd (docs/datasets.md)")
    add("--most", type=int, default=0, metavar="N", help="only N repetitions of each movement (default: all)")


def run(arguments: argparse.Namespace) -> int:
    """Run one sub-command; returns the exit code."""
    actions = {
        "from-videos": _from_videos,
        "from-public": _from_public,
        "convert": _convert,
        "subset": _subset,
        "inspect": _inspect,
        "kinematics": _kinematics,
        "motions": _motions,
    }
    return actions[arguments.action](arguments)


def _progress(entries):
    from tqdm import tqdm

    return tqdm(entries, unit="clip", desc="clips", disable=None, leave=False, dynamic_ncols=True)


def _report(line: str) -> None:
    from tqdm import tqdm

    tqdm.write(line)


def _from_videos(arguments: argparse.Namespace) -> int:
    from tqdm import tqdm

    from rehab_coach.dataset.from_videos import Plan, costs, make_sets
    from rehab_coach.dataset.videos import variants
    from rehab_coach.errors import RehabCoachError

    if arguments.workers < 1:
        raise RehabCoachError("--workers must be 1 or more, not %d" % arguments.workers)
    plan = Plan(
        arguments.table,
        arguments.out,
        tuple(dict.fromkeys(arguments.estimator)),
        variants(arguments.zoom, arguments.flip),
        arguments.fit,
        arguments.format,
        arguments.labels or "",
        arguments.workers,
        arguments.ray,
        arguments.temporary,
        not arguments.no_retry,
    )
    bars = []

    def progress(finished: int, total: int):
        bars.append(tqdm(initial=finished, total=total, unit="clip", desc="clips", dynamic_ncols=True))
        return bars[0]

    try:
        report = make_sets(plan, progress)
    finally:
        for bar in bars:
            bar.close()
    print("\n".join(costs(report)))
    print("wrote %s" % report.path)
    return 0


def _from_public(arguments: argparse.Namespace) -> int:
    from rehab_coach.dataset.public_sets import add_public_set

    counts = add_public_set(arguments.name, arguments.source, arguments.data, arguments.all, _report, _progress)
    labels = ", ".join("%s %d" % count for count in counts.items())
    print("%s: %d sequences written to %s/skeletons" % (arguments.name, sum(counts.values()), arguments.data))
    print("  " + labels)
    return 0


def _convert(arguments: argparse.Namespace) -> int:
    from rehab_coach.dataset import convert, open_set

    source = open_set(arguments.set)
    count = convert(source, arguments.out, arguments.to, _report, _progress)
    print("%d of %d clips written to %s" % (count, len(source) + len(source.problems), arguments.out))
    return 0


def _subset(arguments: argparse.Namespace) -> int:
    from rehab_coach.dataset import open_set
    from rehab_coach.dataset.subset import (
        SPLITS,
        choose,
        groups_from_names,
        groups_from_table,
        split,
        write_splits,
    )
    from rehab_coach.exercises import UNKNOWN

    source = open_set(arguments.set)
    for problem in source.problems:
        _report("left out: " + problem)
    chosen = choose(source.entries, arguments.classes, arguments.unknown, arguments.seed)
    fixed: Dict[str, str] = {}
    if arguments.groups:
        chosen, fixed = groups_from_table(chosen, arguments.groups)
    elif arguments.group_pattern:
        chosen = groups_from_names(chosen, arguments.group_pattern)
    splits = split(chosen, arguments.split, arguments.seed, fixed)
    labels = tuple(arguments.classes) + ((UNKNOWN,) if arguments.unknown else ())
    format = arguments.format or source.format
    counts = write_splits(source, splits, labels, arguments.out, format, _report, _progress)
    print("%-12s %8s %s" % ("", "groups", " ".join("%12s" % label for label in labels)))
    for name, row in counts.items():
        groups = len({entry.group for entry in splits[name]})
        print("%-12s %8d %s" % (name, groups, " ".join("%12d" % row[label] for label in labels)))
    for name, share in zip(SPLITS, arguments.split):
        for label in labels if share else ():
            if not counts.get(name, {}).get(label):
                print("%s has no clip of '%s': too few groups of that class" % (name, label))
    return 0


def _inspect(arguments: argparse.Namespace) -> int:
    from rehab_coach.dataset import open_set
    from rehab_coach.dataset.inspection import describe, inspect_sets
    from rehab_coach.errors import RehabCoachError

    if arguments.columns < 1 or arguments.sample < 0:
        raise RehabCoachError("--columns must be 1 or more, --sample not negative")
    sets = [open_set(path) for path in arguments.sets]
    print(describe(inspect_sets(sets, arguments.out, arguments.columns, arguments.sample, _report, _progress)))
    print("wrote %s" % arguments.out)
    return 0


def _kinematics(arguments: argparse.Namespace) -> int:
    from rehab_coach.simulation.kinematics_truth import add_truth, report
    from rehab_coach.simulation.plan import read_plan

    plan = read_plan(arguments.plan)
    if arguments.render:
        from rehab_coach.simulation.films import Order, produce

        for problem in produce(Order(plan, arguments.films, ("mediapipe",))):
            _report(problem)
    for problem in add_truth(arguments.films, plan):
        _report(problem)
    print(report(arguments.films))
    return 0


def _motions(arguments: argparse.Namespace) -> int:
    from rehab_coach.dataset.motions import report, write_motions
    from rehab_coach.errors import RehabCoachError

    if arguments.most < 0:
        raise RehabCoachError("--most must be a number of repetitions, not %d" % arguments.most)
    write_motions(arguments.data, arguments.out, arguments.most, _progress)
    print(report(arguments.out))
    return 0
