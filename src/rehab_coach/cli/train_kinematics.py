"""`rehab-coach train-kinematics`: a network that answers joint angles, from films with their true kinematics."""

import argparse

HELP = "Train a network that answers joint angles from what one camera sees (docs/kinematics.md)."
EPILOG = """examples:
  rehab-coach dataset kinematics FILMS --plan config/plans/kinematics_small.yaml --render   # minutes, to try it
  rehab-coach train-kinematics config/recipes/kinematics/small.yaml --data FILMS --out RUN --report REPORT

  rehab-coach train-kinematics config/recipes/kinematics/d3ke.yaml --data FILMS --out RUN   # of a large plan's films
  rehab-coach train-kinematics config/recipes/kinematics/d3ke.yaml --data FILMS --out RUN --device cuda   # or on a GPU
  rehab-coach evaluate-kinematics RUN/model.safetensors --data FILMS --out REPORT
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Fill in the options of the command."""
    parser.add_argument("recipe", metavar="RECIPE", help="YAML file, see config/recipes/kinematics")
    parser.add_argument(
        "--data", metavar="FILMS", nargs="+", required=True, help="folders of films with their true kinematics"
    )
    parser.add_argument(
        "--out", metavar="RUN", required=True, help="for the model, log and curves; an interrupted run goes on"
    )
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"), help="what computes (default: %(default)s)")
    parser.add_argument(
        "--report", metavar="DIR", help="then measure it on the kept people of the first FILMS, with the tables in DIR"
    )


def run(arguments: argparse.Namespace) -> int:
    """Train; returns the exit code."""
    from rehab_coach.direct_kinematics.recipe import load_recipe
    from rehab_coach.direct_kinematics.training import train_on_films
    from rehab_coach.errors import RehabCoachError
    from rehab_coach.files import make_folder

    recipe = load_recipe(arguments.recipe)
    if arguments.report:
        if recipe.output == "markers" or not recipe.test:
            raise RehabCoachError(
                "--report measures angles on people who are kept: take a recipe with output: kinematics and a test "
                "above 0, or leave it out"
            )
        make_folder(arguments.report)
    path, people = train_on_films(arguments.data, recipe, arguments.out, arguments.device)
    print("learned from %(train)d people, watched %(validation)d, kept %(test)d to test with" % people)
    print("wrote %s" % path)
    if arguments.report:
        from rehab_coach.benchmarks.direct_kinematics.evaluation import evaluate

        print(evaluate(path, arguments.data[0], arguments.report))
    return 0
