"""How a model does at other frame rates than its own: the thesis's table 7.13, for both estimators.

The thesis trained at 30 frames per second; its robot filmed 9, and its accuracy fell from 84 % to 67 % until each
frame was copied three times. Here each clip is judged at every rate, with its frames taken for frames of the model's
rate ("as_it_is"), copied, or interpolated.

FOLDER/frame_rates.csv, frame_rates.json, frame_rates.png
"""

import os
from dataclasses import replace
from typing import Any, Callable, Dict, List, Sequence, Tuple

from rehab_coach.learning.evaluation import Judged, judge_all
from rehab_coach.learning.fold_models import Judges
from rehab_coach.learning.metrics import summarise
from rehab_coach.learning.plots import plot_frame_rates
from rehab_coach.learning.report import write_json, write_rows

ONCE = "key points estimated once a clip, frames then left out"
AT_RATE = "key points estimated at the rate: the estimator saw only those frames"
COLUMNS = ("accuracy", "low", "high", "balanced_accuracy", "clips", "not_seen", "slower_clips")


def leave_out_frames(clip: Judged, rate: float) -> Judged:
    """The clip as a slower camera would have filmed it: the nearest frames; as it is if it has no more than that."""
    sequence = clip.sequence
    if sequence is None or len(sequence) < 2 or sequence.rate <= rate * 1.01:
        return clip
    return replace(clip, sequence=sequence.resample(rate, "copy"))


def study_frame_rates(
    judges: Judges,
    clips_at: Callable[[str, float], Sequence[Judged]],
    estimators: Sequence[str],
    rates: Sequence[float],
    methods: Sequence[str],
) -> List[Dict[str, Any]]:
    """Judge every clip at every rate in every way.

    Args:
        judges: the model.
        clips_at: the clips as an estimator sees them at a rate.
        estimators: names.
        rates: frames per second.
        methods: of `rehab_coach.recognition.preprocessing.METHODS`.

    Returns:
        For each estimator, rate and method a dictionary with these three and `COLUMNS`; "slower_clips" have fewer
        frames per second than the rate, and count as they are.
    """
    rows: List[Dict[str, Any]] = []
    for estimator in estimators:
        for rate in rates:
            clips = clips_at(estimator, rate)
            slower = sum(clip.sequence is not None and clip.sequence.rate < 0.95 * rate for clip in clips)
            for method in methods:
                summary = summarise(judge_all(judges, clips, method), judges.labels)
                low, high = summary["accuracy_interval"]
                values = (summary["accuracy"], low, high, summary["balanced_accuracy"])
                counts = (summary["clips"] - summary["errors"], summary["not_seen"], slower)
                row = {"estimator": estimator, "rate": rate, "resampling": method}
                rows.append({**row, **dict(zip(COLUMNS, values + counts))})
    return rows


def write_study(folder: str, rows: Sequence[Dict[str, Any]], model: str, how: str) -> None:
    """Write the three files; `how` says where the key points come from."""
    header = list(rows[0])
    cells = [["%.4f" % row[key] if isinstance(row[key], float) else row[key] for key in header] for row in rows]
    write_rows(os.path.join(folder, "frame_rates.csv"), header, cells)
    write_json(os.path.join(folder, "frame_rates.json"), {"model": model, "key_points": how, "rows": list(rows)})
    plot_frame_rates(
        rows, os.path.join(folder, "frame_rates.png"), "%s; %s" % (os.path.join(*model.split(os.sep)[-2:]), how)
    )


def describe_study(rows: Sequence[Dict[str, Any]]) -> str:
    """The accuracies as a table for the terminal."""
    methods = list(dict.fromkeys(row["resampling"] for row in rows))
    values: Dict[Tuple[str, float], Dict[str, float]] = {}
    for row in rows:
        values.setdefault((row["estimator"], row["rate"]), {})[row["resampling"]] = row["accuracy"]
    lines = ["%-10s %8s " % ("", "frames/s") + " ".join("%12s" % method for method in methods)]
    lines += [
        "%-10s %8g " % key + " ".join("%10.1f %%" % (100 * of_rate[method]) for method in methods)
        for key, of_rate in values.items()
    ]
    return "\n".join(lines)
