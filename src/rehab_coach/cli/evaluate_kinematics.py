"""`rehab-coach evaluate-kinematics`: how far a network's joint angles are from the truth."""

import argparse

HELP = "Measure a network of `rehab-coach train-kinematics` on people it has not seen (docs/kinematics.md)."
EPILOG = """examples:
  rehab-coach evaluate-kinematics RUN/model.safetensors --data FILMS --out REPORT
  rehab-coach evaluate-kinematics RUN/model.safetensors --data OTHER_FILMS --everybody --out REPORT

The folder gets kinematics.md (all tables), angles.csv (each angle) and recordings.csv (each film).
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Fill in the options of the command."""
    add = parser.add_argument
    add("model", metavar="MODEL", help="model.safetensors of a run")
    add("--data", metavar="FILMS", required=True, help="films with their true kinematics")
    add("--out", metavar="DIR", required=True, help="folder for the tables")
    add("--everybody", action="store_true", help="all people of FILMS: the model has seen none of them")
    add("--unmasked", action="store_true", help="also angles whose markers OpenSim did not meet")


def run(arguments: argparse.Namespace) -> int:
    """Measure; returns the exit code."""
    from rehab_coach.benchmarks.direct_kinematics import evaluate

    print(evaluate(arguments.model, arguments.data, arguments.out, arguments.everybody, not arguments.unmasked))
    return 0
