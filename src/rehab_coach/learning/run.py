"""A whole run: recipe and data in, a model with its record out."""

import datetime
import hashlib
import json
import multiprocessing
import os
import platform
import subprocess
from typing import Any, Dict, List, NamedTuple, Optional, Set

import torch
import yaml

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import written_whole
from rehab_coach.learning.cross_validation import is_trained, judge_folds, split_groups, train_fold
from rehab_coach.learning.datasets import Sample, check_labels, fingerprint, read_data_sets
from rehab_coach.learning.evaluation import write_json
from rehab_coach.learning.extraction import clip_samples
from rehab_coach.learning.recipe import CLIPS, Recipe, load_recipe, make_recipe
from rehab_coach.learning.trainer import forget_checkpoint, make_contract, train_network
from rehab_coach.paths import share_path
from rehab_coach.recognition.model_file import load_model, save_model

MODEL = "model.safetensors"


def train_recipe(
    recipe_path: str,
    data: str,
    out: str,
    cache: Optional[str] = None,
    resume: bool = False,
    device: str = "cpu",
    seed: Optional[int] = None,
    folds: Optional[int] = None,
    workers: int = 1,
) -> str:
    """Train what a recipe describes.

    Args:
        recipe_path: YAML file.
        data: data folder, see `rehab_coach.learning.datasets`.
        out: folder of the run.
        cache: folder for the clips' key points, by default in the run's.
        resume: keep what an earlier, interrupted run in `out` finished.
        device: "cpu" or "cuda".
        seed, folds: instead of the recipe's.
        workers: processes; each trains one network (of a fold, or the model itself) at a time. As many
            estimate the clips' key points before.

    Returns:
        Path of the model file.

    Raises:
        RehabCoachError: recipe, data or device cannot be used, or `out` holds a finished run.
    """
    recipe = load_recipe(recipe_path)
    changes = {key: value for key, value in (("seed", seed), ("folds", folds)) if value is not None}
    recipe = make_recipe(dict(recipe.as_dict(), **changes))
    path = os.path.join(out, MODEL)
    if os.path.exists(path):
        raise RehabCoachError("%s holds a finished run: give another --out" % out)
    if device == "cuda" and not torch.cuda.is_available():
        raise RehabCoachError("this machine has no CUDA device: use --device cpu")
    samples = read_samples(recipe, data, cache or os.path.join(out, "key_points"), workers)
    digest = fingerprint(samples)
    identity = hashlib.sha256((json.dumps(recipe.as_dict(), sort_keys=True) + digest).encode()).hexdigest()

    os.makedirs(out, exist_ok=True)
    with written_whole(os.path.join(out, "recipe.yaml")) as temporary, open(temporary, "w") as stream:
        yaml.safe_dump(recipe.as_dict(), stream, sort_keys=False)
    record: Dict[str, Any] = {
        "recipe": os.path.basename(recipe_path),
        "settings": recipe.as_dict(),
        "revision": _revision(),
        "data_sha256": digest,
        "sequences": len(samples),
        "clip_sequences": sum(sample.source == CLIPS for sample in samples),
        "date": datetime.date.today().isoformat(),
        "device": device,
        "torch": torch.__version__,
        "python": platform.python_version(),
    }
    write_json(os.path.join(out, "run.json"), record)
    folds = split_groups(samples, recipe.folds, recipe.seed) if recipe.folds else []
    tasks = [_Task(number, held_out) for number, held_out in enumerate(folds, start=1)] + [_Task(0, set())]
    threads = max(1, (os.cpu_count() or 1) // workers)
    shared = _Shared(recipe, samples, out, device, resume, identity, workers, threads)
    if workers == 1:
        _share(shared)
        paths = [_train(task) for task in tasks]
    else:
        # Threads of this process do not survive a fork.
        with multiprocessing.get_context("spawn").Pool(workers, _share, (shared,)) as pool:
            paths = pool.map(_train, tasks, chunksize=1)
    if recipe.folds:
        folder = os.path.join(out, "cross_validation")
        summaries = judge_folds(recipe, samples, paths[:-1], folder)
        record["cross_validated"] = {
            estimator: {
                key: summary[key] for key in ("accuracy", "balanced_accuracy", "confusion", "frame_rates", "rejection")
            }
            for estimator, summary in summaries.items()
        }
    network, contract = load_model(paths[-1])
    record["minutes"] = contract.training["minutes"]
    write_json(os.path.join(out, "run.json"), record)
    save_model(path, network, make_contract(recipe, record))
    forget_checkpoint(out)
    os.remove(paths[-1])
    print(
        "%s: %.2f million parameters, trained in %.1f minutes"
        % (path, network.parameter_count / 1e6, record["minutes"]),
        flush=True,
    )
    return path


class _Task(NamedTuple):
    number: int  # of the fold; 0 = the model itself, from everything
    held_out: Set[str]


class _Shared(NamedTuple):
    recipe: Recipe
    samples: List[Sample]
    out: str
    device: str
    resume: bool
    identity: str
    workers: int
    threads: int


_shared: List[_Shared] = []  # one a process: samples are too large to travel with every task


def _share(shared: _Shared) -> None:
    _shared[:] = [shared]
    torch.set_num_threads(shared.threads)


def _train(task: _Task) -> str:
    (shared,) = _shared
    loaders = 1 if shared.workers == 1 else 0  # a process of a pool may not start others
    if task.number:
        folder = os.path.join(shared.out, "cross_validation", "fold-%d" % task.number)
        return train_fold(
            shared.recipe,
            shared.samples,
            task.number,
            task.held_out,
            folder,
            shared.device,
            shared.resume,
            loaders,
            shared.identity,
        )
    path = os.path.join(shared.out, "unfinished.safetensors")
    if shared.resume and is_trained(path, shared.identity):
        return path
    network, progress = train_network(
        shared.recipe,
        shared.samples,
        shared.out,
        shared.device,
        shared.recipe.seed,
        shared.resume,
        (),
        loaders,
        "model",
        shared.identity,
    )
    save_model(
        path, network, make_contract(shared.recipe, {"identity": shared.identity, "minutes": progress.seconds / 60})
    )
    return path


def read_samples(recipe: Recipe, data: str, cache: str, workers: int = 1) -> List[Sample]:
    """Everything that the recipe learns from, checked against its labels."""
    if not os.path.isdir(data):
        raise RehabCoachError("there is no data folder %s: give --data DIR" % data)
    samples = read_data_sets(data, recipe.sources)
    if CLIPS in recipe.sources:
        samples += clip_samples(
            os.path.join(data, "clips", "clips.csv"),
            recipe.labels,
            recipe.estimators,
            cache,
            recipe.clip_rate,
            print,
            workers,
        )
    check_labels(samples, recipe.labels)
    return samples


def _revision() -> str:
    """Git revision of the package's repository, with "+" if files differ from it; "" outside a repository."""
    try:
        answer = subprocess.run(
            ["git", "describe", "--always", "--dirty=+", "--abbrev=12"],
            cwd=share_path(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=10,
            check=True,
        )
        return answer.stdout.decode().strip()
    except (OSError, subprocess.SubprocessError):
        return ""
