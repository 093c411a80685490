"""`rehab-coach evaluate-kinematics`: how far a network's joint angles are from the truth."""

import argparse

from rehab_coach.errors import RehabCoachError

HELP = "Measure a network of `rehab-coach train-kinematics` on people it has not seen (docs/kinematics.md)."
EPILOG = """examples:
  rehab-coach evaluate-kinematics RUN/model.safetensors --data FILMS --out REPORT
  rehab-coach evaluate-kinematics RUN/model.safetensors --data OTHER_FILMS --everybody --out REPORT
  rehab-coach evaluate-kinematics RUN/model.safetensors --data FILMS --out REPORT --markers BASELINE/model.safetensors
  rehab-coach evaluate-kinematics RUN/model.safetensors --data FILMS --out REPORT \\
      --plan config/plans/kinematics.yaml --two-cameras 12 --robustness 12

The folder gets kinematics.md (all tables), each table as CSV, errors.png, and robustness.png.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Fill in the options of the command."""
    add = parser.add_argument
    add("model", metavar="MODEL", help="model.safetensors of a run")
    add("--data", metavar="FILMS", required=True, help="films with their true kinematics")
    add("--out", metavar="DIR", required=True, help="folder for the tables")
    add("--everybody", action="store_true", help="all people of FILMS: the model has seen none of them")
    add("--unmasked", action="store_true", help="also angles whose markers OpenSim did not meet")
    add(
        "--markers",
        metavar="MODEL",
        default="",
        help="baseline: a network that answers markers (config/recipes/kinematics/markers.yaml), then OpenSim",
    )
    add("--plan", metavar="PLAN", help="from which FILMS were made; for the following two")
    add(
        "--two-cameras",
        type=int,
        default=0,
        metavar="N",
        help="baseline: N films shot again from two sides, key points triangulated, then OpenSim",
    )
    add(
        "--robustness",
        type=int,
        default=0,
        metavar="N",
        help="N films shot again, their pictures flipped, scaled, cropped, darker, blurred ...",
    )


def run(arguments: argparse.Namespace) -> int:
    """Measure; returns the exit code."""
    from rehab_coach.benchmarks.direct_kinematics.evaluation import Choice, evaluate
    from rehab_coach.simulation.plan import read_plan

    for name in ("two_cameras", "robustness"):
        if getattr(arguments, name) < 0:
            raise RehabCoachError("--%s must be a number of films" % name.replace("_", "-"))
    again = arguments.two_cameras or arguments.robustness
    if again and not arguments.plan:
        raise RehabCoachError("films are shot again from their plan: name it by --plan")
    choice = Choice(
        arguments.everybody,
        not arguments.unmasked,
        arguments.markers,
        read_plan(arguments.plan) if again else None,
        arguments.two_cameras,
        arguments.robustness,
    )
    print(evaluate(arguments.model, arguments.data, arguments.out, choice))
    return 0
