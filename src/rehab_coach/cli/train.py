"""`rehab-coach train`: train a model from a recipe."""

import argparse

HELP = "Train a model from a recipe, with cross-validation on the clips if the recipe asks for it."
EPILOG = """\
The data folder holds skeletons/ and clips/ as the recipe's sources need them (see
rehab_coach.learning.datasets). The run's folder receives model.safetensors, recipe.yaml, run.json
(revision, data, seed, times), log.csv, curves.png, cross_validation/ and, unless --cache names another
place, the clips' key points.

examples:
  rehab-coach train config/recipes/first.yaml --data DIR --out runs/first
  rehab-coach train config/recipes/first.yaml --data DIR --out runs/first --resume    (after an interruption)
  rehab-coach train config/recipes/first.yaml --data DIR --out runs/quick --folds 0   (the model alone)
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recipe", metavar="RECIPE", help="YAML file, see config/recipes/")
    parser.add_argument("--data", required=True, metavar="DIR", help="folder with skeletons/ and clips/")
    parser.add_argument("--out", required=True, metavar="RUN", help="folder of the run, made if needed")
    parser.add_argument("--cache", metavar="DIR", help="key points of the clips (default: RUN/key_points)")
    parser.add_argument("--resume", action="store_true", help="go on where an interrupted run in RUN stopped")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"), help="default: %(default)s")
    parser.add_argument("--seed", type=int, help="instead of the recipe's")
    parser.add_argument(
        "--folds", type=int, metavar="K", help="cross-validation folds instead of the recipe's, 0 = none"
    )
    parser.add_argument(
        "--workers",
        type=int,
        default=1,
        metavar="N",
        help="processes that estimate the clips' key points, and then each train one fold or the "
        "model at a time (default: %(default)s)",
    )


def run(arguments: argparse.Namespace) -> int:
    from rehab_coach.errors import RehabCoachError
    from rehab_coach.learning.run import train_recipe

    if arguments.workers < 1:
        raise RehabCoachError("--workers must be 1 or more, not %d" % arguments.workers)
    train_recipe(
        arguments.recipe,
        arguments.data,
        arguments.out,
        arguments.cache,
        arguments.resume,
        arguments.device,
        arguments.seed,
        arguments.folds,
        arguments.workers,
    )
    return 0
