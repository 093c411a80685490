"""A whole evaluation, as `rehab-coach evaluate` asks for it: clips in, a report out."""

import contextlib
import os
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import make_folder
from rehab_coach.learning.evaluation import Judged, estimate_judged, judge_all, read_judged, read_judged_table, tell
from rehab_coach.learning.fold_models import Judges, has_folds, load_judges, load_streams
from rehab_coach.learning.frame_rates import (
    AT_RATE,
    ONCE,
    describe_study,
    leave_out_frames,
    study_frame_rates,
    write_study,
)
from rehab_coach.learning.metrics import describe
from rehab_coach.learning.report import describe_comparison, of_run, write_comparison, write_report
from rehab_coach.learning.sources import table_of
from rehab_coach.learning.streaming import (
    count_operations,
    describe_streams,
    follow_all,
    summarise_streams,
    time_frames,
    write_streams,
)
from rehab_coach.learning.transfer import model_path
from rehab_coach.pose.clips import Clip, read_clips
from rehab_coach.pose.network_file import find_network
from rehab_coach.pose.registry import DEFAULT, estimators_with
from rehab_coach.recognition.recognizer import default_model
from rehab_coach.recognition.second_look import OtherLabels


class Request(NamedTuple):
    """What is to be measured, and on what.

    Attributes:
        model: model file or folder of a run.
        out: folder of the report.
        clips: table of clips, or
        packed: data file and label pickle of a packed pair, or
        set: path of any other set of skeletons, or of a table of them.
        like: estimators that are imitated where a table's key points are true.
        compare: a second model.
        folds: let the folds of the runs judge, each what it did not learn from.
        estimators: of the clips' key points.
        network: of the estimators that have a choice; "" = their own.
        method: how frames get to the model's rate.
        rates: frame rates of a study; none = no study.
        resampling: methods of the study.
        estimate_at_rate: the study estimates key points anew at each rate.
        rate: frames per second of the clips that are looked at, at most; None = all.
        workers: processes that estimate key points.
        cache: folder for key points.
        streaming: play the clips frame by frame to a model for streams.
        second: of streaming, a model for recordings that has a second look; "" = none.
    """

    model: str
    out: str
    clips: Optional[str] = None
    packed: Optional[Sequence[str]] = None
    set: Optional[str] = None
    like: Sequence[str] = ()
    compare: Optional[str] = None
    folds: bool = False
    estimators: Sequence[str] = (DEFAULT,)
    network: str = ""
    method: str = "interpolate"
    rates: Sequence[float] = ()
    resampling: Sequence[str] = ()
    estimate_at_rate: bool = False
    rate: Optional[float] = None
    workers: int = 1
    cache: Optional[str] = None
    streaming: bool = False
    second: str = ""


def evaluate(request: Request) -> None:
    """Measure, write the report, print its main numbers.

    Raises:
        RehabCoachError: model, table or set cannot be used, no clip could be read, or nothing can be written.
    """
    if request.streaming:
        _stream(request)
        return
    judges = load_judges(request.model, request.folds)
    others = load_judges(request.compare, request.folds) if request.compare else None
    if others is not None and others.labels != judges.labels:
        raise RehabCoachError(
            "%s answers %s and %s answers %s: only models of the same labels can be compared"
            % (judges.name, ", ".join(judges.labels), others.name, ", ".join(others.labels))
        )
    make_folder(request.out)
    if not request.folds and has_folds(request.model):
        tell(
            "note: clips that %s learned from say nothing of strangers; --folds judges each by a fold that did not"
            % request.model
        )
    if request.rates:
        _study(request, judges)
        return
    parts = _parts(request, [judges] if others is None else [judges, others])
    for name, clips in parts.items():
        folder = os.path.join(request.out, name) if len(parts) > 1 else request.out
        _forget(folder)
        outcomes = judge_all(judges, clips, request.method)
        summary = write_report(
            folder,
            outcomes,
            judges.labels,
            estimator=name,
            **({"network": _network(request, name)} if _network(request, name) else {}),
            method=request.method,
            model=request.model,
            folds=request.folds,
            table=request.clips or request.set or (request.packed or ("",))[0],
            **of_run(request.model, folder),
        )
        print("%s: %s" % (name, describe(summary)) if name else describe(summary), flush=True)
        if others is not None:
            compared = write_comparison(
                folder,
                (judges.name, others.name),
                (outcomes, judge_all(others, clips, request.method)),
                judges.labels,
            )
            print(describe_comparison(compared), flush=True)
        print("the report is in %s" % folder, flush=True)


def _stream(request: Request) -> None:
    if request.folds and request.second and not has_folds(request.second):
        raise RehabCoachError(
            "--folds needs a second model that has folds, too: %s may have learned from the clips. Give --second the "
            "folder of a run with cross-validation, or none" % request.second
        )
    second = load_judges(request.second, request.folds) if request.second else None
    # A model for streams without folds, such as the one that ships, may judge beside a second one that has them.
    folds = request.folds and (has_folds(request.model) or second is None)
    try:
        judges = load_streams(request.model, folds, second)
    except OtherLabels as error:
        raise RehabCoachError("%s: give --second another, or none" % error) from error
    # Also refuses what cannot be counted, an ONNX file, before minutes go into the clips.
    operations = count_operations(
        model_path(request.model), default_model(), second=request.second and model_path(request.second)
    )
    make_folder(request.out)
    parts = _parts(request, [judges])
    followed = {name or "skeletons": follow_all(judges, clips, second) for name, clips in parts.items()}
    followed = {name: clips for name, clips in followed.items() if clips}
    if not followed:
        raise RehabCoachError("no clip could be read: there is nothing to play")
    summaries = {name: summarise_streams(clips) for name, clips in followed.items()}
    clips = next(iter(followed.values()))
    milliseconds = time_frames(judges.of(clips[0].clip.group), [each.clip for each in clips[:20]])
    write_streams(
        request.out,
        followed,
        summaries,
        model=request.model,
        second=request.second,
        folds=request.folds,
        table=request.clips or request.set or (request.packed or ("",))[0],
        operations=operations,
        milliseconds=milliseconds,
    )
    print(describe_streams(summaries))
    print(
        "a prediction takes %.1f million operations, %.1f of them for second looks: %.0f times fewer than a window of "
        "the model that ships, %.0f than its windows over ten seconds so far; its sliding window at every frame takes "
        "%.0f times as many as this; %.2f ms a frame on one thread, 95 %% of them in %.2f"
        % (
            operations["step"] / 1e6,
            operations["second"] / 1e6,
            operations["window_ratio"],
            operations["recording_ratio"],
            operations["frame_ratio"],
            milliseconds["mean"],
            milliseconds["percentile_95"],
        )
    )
    print("the report is in %s" % request.out, flush=True)


def _parts(request: Request, everybody: Sequence[Judges[Any]]) -> Dict[str, List[Judged]]:
    """The clips by estimator; a set of skeletons that is no table knows none."""
    labels = everybody[0].labels
    if not request.clips:
        path = _data_of(request.packed) if request.packed else request.set
        assert path is not None  # one of the three is given
        if table_of(path):
            return read_judged_table(path, labels, request.like)
        if request.like:
            raise RehabCoachError("--like needs a table of true key points, which %s is not" % path)
        return {"": read_judged(path, labels)}
    clips = _clips(request, everybody)
    return {
        estimator: estimate_judged(
            clips, estimator, request.workers, request.cache, request.rate, network=_network(request, estimator)
        )
        for estimator in request.estimators
    }


def _network(request: Request, estimator: str) -> str:
    return request.network if estimator in estimators_with("network") else ""


def _clips(request: Request, everybody: Sequence[Judges[Any]]) -> List[Clip]:
    """The table's clips, each of which may be judged: asked before minutes go into their key points."""
    if request.network:
        find_network(request.network).check()
    assert request.clips is not None
    clips = read_clips(request.clips, everybody[0].labels)
    for judges in everybody:
        for clip in clips:
            judges.of(clip.group)
    return clips


def _forget(folder: str) -> None:
    """Remove what an earlier report may have left that this one does not write."""
    for name in ("comparison.csv", "comparison.json", "comparison.png", "curves.png"):
        with contextlib.suppress(FileNotFoundError):
            os.remove(os.path.join(folder, name))


def _data_of(packed: Sequence[str]) -> str:
    data, labels = packed
    ending = "_data.npy"
    if not data.endswith(ending) or os.path.normpath(labels) != os.path.normpath(data[: -len(ending)] + "_label.pkl"):
        raise RehabCoachError(
            "--packed takes the two files of a pair, NAME_data.npy and NAME_label.pkl, not %s and %s" % (data, labels)
        )
    return data


def _study(request: Request, judges: Judges) -> None:
    clips = _clips(request, [judges])
    kept: Dict[Tuple[str, Optional[float]], List[Judged]] = {}

    def clips_at(estimator: str, rate: float) -> List[Judged]:
        looked_at = rate if request.estimate_at_rate else request.rate
        # A clip that cannot be read is told once.
        report = {} if not any(key[0] == estimator for key in kept) else {"report": lambda line: None}
        if (estimator, looked_at) not in kept:
            kept[estimator, looked_at] = estimate_judged(
                clips,
                estimator,
                request.workers,
                request.cache,
                looked_at,
                network=_network(request, estimator),
                **report,
            )
        return [leave_out_frames(clip, rate) for clip in kept[estimator, looked_at]]

    rows = study_frame_rates(judges, clips_at, request.estimators, request.rates, request.resampling)
    write_study(request.out, rows, request.model, AT_RATE if request.estimate_at_rate else ONCE)
    print("%s\nthe report is in %s" % (describe_study(rows), request.out), flush=True)
