"""A whole run: recipe and data in, a model with its record out."""

import contextlib
import datetime
import hashlib
import json
import multiprocessing
import os
import platform
import shutil
import subprocess
from dataclasses import replace
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Set

import torch
import yaml

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import locked, read_table, written_whole
from rehab_coach.learning.cross_validation import judge_folds, split_groups
from rehab_coach.learning.datasets import Sample, check_known, check_labels, fingerprint, read_data_sets
from rehab_coach.learning.extraction import clip_samples
from rehab_coach.learning.fold_models import FOLDS
from rehab_coach.learning.fold_training import PRETRAINING, set_thresholds, train_task
from rehab_coach.learning.recipe import Recipe, load_recipe, make_recipe, with_labels
from rehab_coach.learning.recipe_checks import CLIPS
from rehab_coach.learning.report import write_json
from rehab_coach.learning.sources import read_source
from rehab_coach.learning.transfer import MODEL, load_initial, model_path
from rehab_coach.paths import share_path
from rehab_coach.recognition.model_file import load_model, save_model
from rehab_coach.termination import end_with_parent
from rehab_coach.training.checkpoint import CHECKPOINT
from rehab_coach.training.log import CURVES, LOG, TENSORBOARD
from rehab_coach.training.parallel import Processes, join

RUN, SUMMARY, UNFINISHED = "run.json", "summary.json", "unfinished.safetensors"


class Options(NamedTuple):
    """What is not the recipe's: where a run takes place.

    Attributes:
        data: data folder, see `rehab_coach.learning.datasets`.
        out: folder of the run; what an interrupted run of the same recipe and data left there is taken up.
        cache: folder for the clips' key points, by default in the run's.
        anew: throw away what an earlier run left, instead of taking it up.
        device: "cpu" or "cuda".
        workers: processes; each trains one network (of a fold, or the model itself) at a time. As many estimate the
            clips' key points before.
        loaders: processes that make windows for a training; where several networks are trained at a time, none.
    """

    data: str
    out: str
    cache: Optional[str] = None
    anew: bool = False
    device: str = "cpu"
    workers: int = 1
    loaders: int = 1


def train_recipe(recipe_path: str, options: Options, **changes: Any) -> str:
    """Train what a recipe describes.

    Args:
        recipe_path: YAML file.
        options: where.
        changes: entries instead of the recipe's (seed, folds, init); None changes nothing.

    Returns:
        Path of the model file.

    Raises:
        RehabCoachError: recipe, data or device cannot be used, or the folder holds another run, a finished one, or one
            that another process is working on.
    """
    recipe = load_recipe(recipe_path)
    changes = {key: value for key, value in changes.items() if value is not None}
    recipe = make_recipe(dict(recipe.as_dict(), **changes))
    recipe = with_labels(recipe, os.path.join(options.data, "clips", "clips.csv"))
    path = os.path.join(options.out, MODEL)
    if os.path.exists(path):
        raise RehabCoachError("%s holds a finished run: give another --out" % options.out)
    if recipe.init:
        load_initial(recipe.init)  # before minutes go into key points
    with join(options.device) as processes:
        if processes.count > 1 and options.workers > 1:
            raise RehabCoachError("under torchrun all processes train one network: leave --workers out")
        report: Callable[[str], None] = print if processes.first else (lambda line: None)
        with locked(options.out) if processes.first else contextlib.nullcontext():
            with processes.first_alone():
                samples = read_samples(recipe, options, report)
            record = _begin(recipe_path, recipe, samples, options, processes)
            paths = _train_all(recipe, samples, options, processes, record["identity"])
            if processes.first:
                _finish(recipe, samples, options, record, paths)
    return path


def _begin(
    recipe_path: str, recipe: Recipe, samples: List[Sample], options: Options, processes: Processes
) -> Dict[str, Any]:
    """The run's record; the first process also prepares the folder."""
    digest = fingerprint(samples)
    settings = json.dumps(recipe.as_dict(), sort_keys=True)
    identity = hashlib.sha256((settings + digest + _file_digest(recipe.init)).encode()).hexdigest()
    record: Dict[str, Any] = {
        "recipe": os.path.basename(recipe_path),
        "settings": recipe.as_dict(),
        "identity": identity,
        "revision": _revision(),
        "data_sha256": digest,
        "sequences": len(samples),
        "clip_sequences": sum(sample.source == CLIPS for sample in samples),
        "date": datetime.date.today().isoformat(),
        "device": dict(describe_device(processes.device), processes=processes.count * options.workers),
        "torch": torch.__version__,
        "python": platform.python_version(),
    }
    out = options.out
    if processes.first:
        if options.anew:
            _forget(out)
        elif _identity_of(out) not in ("", identity):
            raise RehabCoachError(
                "%s holds an interrupted run of another recipe, data or seed: give another --out, or --anew to "
                "throw it away" % out
            )
        with written_whole(os.path.join(out, "recipe.yaml")) as temporary, open(temporary, "w") as stream:
            yaml.safe_dump(recipe.as_dict(), stream, sort_keys=False)
        write_json(os.path.join(out, RUN), record)
    processes.wait()
    return record


def _identity_of(out: str) -> str:
    try:
        with open(os.path.join(out, RUN), encoding="utf-8") as stream:
            return str(json.load(stream).get("identity", ""))
    except (OSError, ValueError, AttributeError):
        return ""


def _forget(out: str) -> None:
    """Remove what an interrupted run left, but not the key points."""
    for name in (CHECKPOINT, UNFINISHED, LOG, CURVES, RUN, SUMMARY):
        with contextlib.suppress(FileNotFoundError):
            os.remove(os.path.join(out, name))
    for name in (FOLDS, PRETRAINING, TENSORBOARD):
        shutil.rmtree(os.path.join(out, name), ignore_errors=True)


def _file_digest(init: str) -> str:
    path = model_path(init) if init else ""
    if not os.path.isfile(path):
        return ""
    with open(path, "rb") as stream:
        return hashlib.sha256(stream.read()).hexdigest()


class _Task(NamedTuple):
    number: int  # of the fold; 0 = the model itself, from everything
    held_out: Set[str]


class _Shared(NamedTuple):
    recipe: Recipe
    samples: List[Sample]
    options: Options
    identity: str
    threads: int


_shared: List[_Shared] = []  # one a process: samples are too large to travel with every task


def _train_all(
    recipe: Recipe, samples: List[Sample], options: Options, processes: Processes, identity: str
) -> List[str]:
    """Train the folds and the model; the paths of their files in that order."""
    folds = split_groups(samples, recipe.folds, recipe.judged) if recipe.folds else []
    tasks = [_Task(number, held_out) for number, held_out in enumerate(folds, start=1)] + [_Task(0, set())]
    threads = max(1, (os.cpu_count() or 1) // max(options.workers, int(os.environ.get("LOCAL_WORLD_SIZE", "1"))))
    shared = _Shared(recipe, samples, options, identity, threads)
    if options.workers == 1:
        _share(shared)
        return [_train(task, processes) for task in tasks]
    # Threads of this process do not survive a fork.
    with multiprocessing.get_context("spawn").Pool(options.workers, _begin_worker, (shared,)) as pool:
        return pool.map(_train, tasks, chunksize=1)


def _share(shared: _Shared) -> None:
    _shared[:] = [shared]
    torch.set_num_threads(shared.threads)


def _begin_worker(shared: _Shared) -> None:
    end_with_parent()
    _share(shared)


def _train(task: _Task, processes: Optional[Processes] = None) -> str:
    (shared,) = _shared
    options = shared.options
    folder, path = options.out, os.path.join(options.out, UNFINISHED)
    if task.number:
        folder = os.path.join(options.out, FOLDS, "fold-%d" % task.number)
        path = os.path.join(folder, MODEL)
    return train_task(
        shared.recipe,
        shared.samples,
        task.number,
        task.held_out,
        folder,
        path,
        shared.identity,
        options.loaders if options.workers == 1 else 0,  # a process of a pool may not start others
        processes or Processes(device=options.device),
    )


def _finish(recipe: Recipe, samples: List[Sample], options: Options, record: Dict[str, Any], paths: List[str]) -> None:
    """Judge the folds, write the summary, and at last the model with its record."""
    out = options.out
    *folds, model = paths
    set_thresholds(recipe, samples, paths)
    network, contract = load_model(model)
    groups = ("identity", "held_out", "validated")
    training = {key: value for key, value in contract.training.items() if key not in groups}
    summary = {
        "model": MODEL,
        "recipe": record["recipe"],
        "parameters": network.parameter_count,
        "device": record["device"],
        "precision": recipe.precision,
        "unknown_threshold": contract.unknown_threshold,
        **training,
    }
    if folds:
        judged = judge_folds(recipe, samples, folds, os.path.join(out, FOLDS))
        summary["fold_minutes"] = [load_model(path)[1].training["minutes"] for path in folds]
        summary["cross_validated"] = {
            estimator: {
                key: values[key]
                for key in ("accuracy", "balanced_accuracy", "confusion", "frame_rates", "rejection", "pooled_recall")
                if key in values
            }
            for estimator, values in judged.items()
        }
    record.update({key: summary[key] for key in ("minutes", "threshold", "cross_validated") if key in summary})
    write_json(os.path.join(out, RUN), record)
    write_json(os.path.join(out, SUMMARY), summary)
    save_model(os.path.join(out, MODEL), network, replace(contract, training=record))
    os.remove(model)
    print(
        "%s: %.2f million parameters, trained in %.1f minutes on %s"
        % (os.path.join(out, MODEL), network.parameter_count / 1e6, summary["minutes"], record["device"]["name"]),
        flush=True,
    )


def read_samples(recipe: Recipe, options: Options, report: Callable[[str], None] = print) -> List[Sample]:
    """Everything that the recipe learns from, checked against its labels."""
    data = options.data
    if not os.path.isdir(data):
        raise RehabCoachError("there is no data folder %s: give --data DIR" % data)
    samples = read_data_sets(data, recipe.sources, recipe.label_column)
    check_known(samples, recipe.labels)  # before the estimators take their minutes
    for name, path in recipe.sets.items():
        samples += read_source(name, os.path.join(data, path), recipe.labels, report)
    if CLIPS in recipe.sources:
        samples += clip_samples(
            os.path.join(data, "clips", "clips.csv"),
            recipe.labels,
            recipe.estimators,
            options.cache or os.path.join(options.out, "key_points"),
            recipe.clip_rate,
            report,
            options.workers,
        )
    if recipe.leave_out:
        strangers = {row["group"] for row in read_table(os.path.join(data, recipe.leave_out), ("group",))}
        samples = [sample for sample in samples if sample.group not in strangers]
    check_labels(samples, recipe.labels)
    return samples


def describe_device(device: str) -> Dict[str, Any]:
    """Kind, name and, of a CPU, the number of cores; for the records."""
    if device.startswith("cuda"):
        return {"kind": "cuda", "name": torch.cuda.get_device_name(device)}
    name = platform.processor() or platform.machine()
    with contextlib.suppress(OSError), open("/proc/cpuinfo", encoding="utf-8") as stream:
        name = next((line.split(":", 1)[1].strip() for line in stream if line.startswith("model name")), name)
    return {"kind": "cpu", "name": name, "cores": os.cpu_count() or 1}


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
