"""`rehab-coach compare-angles`: how far two measurements of the same movement are apart."""

import argparse

HELP = "compare two OpenSim motions joint by joint"
EPILOG = """examples:
  rehab-coach compare-angles angles.mot reference.mot
  rehab-coach compare-angles angles.mot reference.mot --align --plot difference.png
  rehab-coach compare-angles angles.mot reference.mot --standing 1 2 --json | python3 -m json.tool

Both are read as angles of the same names and signs; the first is judged by the second.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Fill in the options of the command."""
    parser.add_argument("first", metavar="A.mot", help="what is judged")
    parser.add_argument("second", metavar="B.mot", help="what it is judged by")
    parser.add_argument(
        "--align", action="store_true", help="estimate how far the clocks are apart (cross-correlation)"
    )
    parser.add_argument(
        "--standing",
        type=float,
        nargs=2,
        default=(0.0, 0.5),
        metavar=("FROM", "TO"),
        help="seconds of the common time in which the person stands still: their mean difference is the standing "
        "offset (default 0 0.5)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--plot", metavar="FILE.png", help="also draw both")


def run(arguments: argparse.Namespace) -> int:
    """Compare and print; returns the exit code."""
    import json
    import math
    import os
    from dataclasses import asdict

    from rehab_coach.opensim.comparison import compare, table
    from rehab_coach.opensim.files import read_mot

    first, second = read_mot(arguments.first), read_mot(arguments.second)
    comparison = compare(first, second, arguments.align, tuple(arguments.standing))
    if arguments.plot:
        from rehab_coach.kinematics.angles.plots import plot_comparison

        labels = [os.path.basename(path) for path in (arguments.first, arguments.second)]
        plot_comparison(comparison, arguments.plot, labels)
    if arguments.json:
        angles = {
            name: {key: value if math.isfinite(value) else None for key, value in asdict(one).items()}
            for name, one in comparison.differences.items()
        }
        print(json.dumps({"offset": comparison.offset, "frames": len(comparison.stamps), "angles": angles}))
    else:
        print(table(comparison))
        if arguments.plot:
            print("wrote %s" % arguments.plot)
    return 0
