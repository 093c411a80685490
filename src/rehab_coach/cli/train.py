"""`rehab-coach train`: train a model from a recipe."""

import argparse

HELP = "Train a model from a recipe, with cross-validation on the clips if the recipe asks for it."
EPILOG = """\
The data folder holds skeletons/ and clips/ as the recipe's sources need them
(docs/datasets.md), and the sets that the recipe names. The run's folder receives
model.safetensors, recipe.yaml, run.json (revision, data, seed, device), summary.json (losses, threshold,
times), log.csv, curves.png, tensorboard/, cross_validation/ and, unless --cache names another place, the
clips' key points. After an interruption (also a kill or a power cut) the same command goes on where the last
line of the log was written.

examples:
  rehab-coach train config/recipes/own.yaml --data DIR --out runs/own   (your own videos, in DIR/clips/clips.csv)
  rehab-coach train config/recipes/first.yaml --data DIR --out runs/first
  rehab-coach train config/recipes/first.yaml --data DIR --out runs/quick --folds 0   (the model alone)
  rehab-coach train config/recipes/thesis_transfer.yaml --data DIR --out runs/transfer --init runs/general
  torchrun --nproc-per-node 2 -m rehab_coach.cli.main train config/recipes/first.yaml --data DIR \\
      --out runs/first --device cuda     (two GPUs; every process a part of each batch)
  tensorboard --logdir runs
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recipe", metavar="RECIPE", help="YAML file, see config/recipes/")
    parser.add_argument("--data", required=True, metavar="DIR", help="folder with skeletons/ and clips/")
    parser.add_argument("--out", required=True, metavar="RUN", help="folder of the run, made if needed")
    parser.add_argument("--cache", metavar="DIR", help="key points of the clips (default: RUN/key_points)")
    parser.add_argument("--anew", action="store_true", help="throw away what an interrupted run left in RUN")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"), help="default: %(default)s")
    parser.add_argument(
        "--init", metavar="MODEL", help="start from a model file or run, instead of the recipe's `init`"
    )
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
    parser.add_argument(
        "--loaders",
        type=int,
        default=1,
        metavar="N",
        help="processes that make training windows, where one network is trained at a time (default: %(default)s)",
    )


def run(arguments: argparse.Namespace) -> int:
    from rehab_coach.errors import RehabCoachError
    from rehab_coach.learning.run import Options, train_recipe

    if arguments.workers < 1:
        raise RehabCoachError("--workers must be 1 or more, not %d" % arguments.workers)
    if arguments.loaders < 0:
        raise RehabCoachError("--loaders must be 0 or more, not %d" % arguments.loaders)
    options = Options(
        arguments.data,
        arguments.out,
        arguments.cache,
        arguments.anew,
        arguments.device,
        arguments.workers,
        arguments.loaders,
    )
    train_recipe(arguments.recipe, options, seed=arguments.seed, folds=arguments.folds, init=arguments.init)
    return 0
