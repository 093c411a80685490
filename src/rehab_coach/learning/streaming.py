"""How soon a streaming recogniser knows: clips played to it frame by frame.

FOLDER/streaming.csv, streaming.json, streaming.png

The movement is what lies between the start of the first repetition and the end of the last (`kinematics.repetitions`);
a clip without any is all movement. The answer is the one that is shown, with its hysteresis. Beside it stands
what the network for recordings answers about the clip up to the same frame, as sliding windows would.
"""

import os
import time
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import torch

from rehab_coach.exercises import UNKNOWN
from rehab_coach.kinematics.repetitions.find import find_cycles
from rehab_coach.kinematics.repetitions.signal import movement_signal
from rehab_coach.learning.evaluation import Judged
from rehab_coach.learning.fold_models import Judges
from rehab_coach.learning.metrics import wilson
from rehab_coach.learning.plots import plot_streaming
from rehab_coach.learning.report import write_json, write_rows
from rehab_coach.recognition.continual import ContinualSTGCN
from rehab_coach.recognition.fused import FusedSTGCN
from rehab_coach.recognition.model_file import load_model
from rehab_coach.recognition.preprocessing import window_starts
from rehab_coach.recognition.recognizer import Recognizer
from rehab_coach.recognition.second_look import MEMORY, looks_until
from rehab_coach.recognition.streaming import StreamingRecognizer
from rehab_coach.skeleton import SkeletonSequence

SHARES = (0.2, 0.4, 0.6, 0.8, 1.0)
"""Of the movement, at which the accuracy is told."""
CURVE = np.linspace(0, 1, 41)
"""Of the movement, for the plot and the area under it."""
UNITS = ("seconds", "repetitions")
LEAST_BEFORE = 0.5
"""Seconds before a movement begins without which nothing is said about false answers there."""


class Movement(NamedTuple):
    """When the movement is, and its repetitions.

    Attributes:
        begin, end: stamps.
        ends: stamps of the ends of the repetitions; none: there are none.
    """

    begin: float
    end: float
    ends: Tuple[float, ...]

    def until(self, share: float) -> float:
        """Stamp at which this share of it is over."""
        return self.begin + share * (self.end - self.begin)

    def repetitions(self, stamp: float) -> Optional[float]:
        """Repetitions until then, with the part of the one that is going on; None where there are none."""
        if not self.ends:
            return None
        return float(np.interp(stamp, (self.begin, *self.ends), np.arange(len(self.ends) + 1)))


@dataclass(frozen=True, eq=False)
class Followed:
    """What was shown while a clip was played.

    Attributes:
        clip: which.
        movement: when.
        stamps: (T,) of its frames.
        shown: T labels.
        stable: (T,) bool.
        notices: why the stream began anew.
        recordings: labels, what the network for recordings answers about the clip up to `SHARES` of the movement; none
            where it was not asked.
    """

    clip: Judged
    movement: Movement
    stamps: np.ndarray
    shown: Tuple[str, ...]
    stable: np.ndarray
    notices: Tuple[str, ...]
    recordings: Tuple[str, ...] = ()

    @property
    def right(self) -> np.ndarray:
        """(T,) bool."""
        return np.array([label == self.clip.label for label in self.shown])

    def right_at(self, share: float) -> bool:
        """Whether the answer is right after this share of the movement."""
        return self.shown_at(share) == self.clip.label

    def shown_at(self, share: float) -> str:
        """The answer after this share of the movement."""
        return self.shown[_frames_until(self.stamps, self.movement.until(share)) - 1]

    @property
    def flips(self) -> int:
        """Changes of the answer after the first exercise was shown."""
        shown = list(self.shown)
        first = next((number for number, label in enumerate(shown) if label != UNKNOWN), len(shown))
        return sum(one != other for one, other in zip(shown[first:], shown[first + 1 :]))

    @property
    def first_right(self) -> Optional[float]:
        """Stamp of the first right answer, not before the movement begins; None: it never comes."""
        return self._since(int(np.argmax(self.right))) if self.right.any() else None

    @property
    def stays_right(self) -> Optional[float]:
        """Stamp from which the answer is right to the end; None: it is wrong there."""
        wrong = np.flatnonzero(~self.right)
        first = int(wrong[-1]) + 1 if len(wrong) else 0
        return self._since(first) if first < len(self.stamps) else None

    @property
    def stable_at(self) -> Optional[int]:
        """Number of the frame with which the answer became stable for the first time; None: never."""
        return int(np.argmax(self.stable)) if self.stable.any() else None

    @property
    def before(self) -> Optional[bool]:
        """Whether a wrong exercise was shown before the movement began; None: there is hardly anything before it."""
        earlier = self.stamps < self.movement.begin
        if self.movement.begin - self.stamps[0] < LEAST_BEFORE or not earlier.any():
            return None
        return any(
            label not in (UNKNOWN, self.clip.label) for label, is_earlier in zip(self.shown, earlier) if is_earlier
        )

    def _since(self, frame: int) -> float:
        return max(float(self.stamps[frame]), self.movement.begin)


def _frames_until(stamps: np.ndarray, stamp: float) -> int:
    """How many there are, one at least."""
    return max(1, int(np.searchsorted(stamps, stamp + 1e-6)))


def movement_of(sequence: SkeletonSequence, label: str) -> Movement:
    """When somebody moves in a recording."""
    exercise = None if label == UNKNOWN else label
    moved = movement_signal(sequence, exercise)
    cycles = find_cycles(moved, exercise) if moved is not None else []
    if moved is None or not cycles:
        seen = sequence.stamps[sequence.seen] if sequence.seen.any() else sequence.stamps
        return Movement(float(seen[0]), float(seen[-1]), ())
    return Movement(
        float(moved.stamps[cycles[0].before]),
        float(moved.stamps[cycles[-1].after]),
        tuple(float(moved.stamps[cycle.after]) for cycle in cycles),
    )


def follow(recognizer: StreamingRecognizer, clip: Judged, recordings: Optional[Recognizer] = None) -> Followed:
    """Play a clip to a recogniser, and ask the one of recordings, if any, about its beginnings."""
    sequence = clip.sequence
    assert sequence is not None
    recognizer.reset()
    answers = [
        recognizer.add(float(stamp), key_points, sequence.size, sequence.layout)
        for stamp, key_points in zip(sequence.stamps, sequence.key_points)
    ]
    movement = movement_of(sequence, clip.label)
    beginnings = [sequence[: _frames_until(sequence.stamps, movement.until(share))] for share in SHARES]
    return Followed(
        clip,
        movement,
        sequence.stamps,
        tuple(answer.label for answer in answers),
        np.array([answer.stable for answer in answers]),
        tuple(answer.notice for answer in answers if answer.notice),
        () if recordings is None else tuple(recordings.recognize(beginning).label for beginning in beginnings),
    )


def follow_all(
    judges: Judges[StreamingRecognizer], clips: Sequence[Judged], recordings: Optional[Judges[Recognizer]] = None
) -> List[Followed]:
    """Play every clip that could be read to whoever may judge its group."""
    return [
        follow(judges.of(clip.group), clip, None if recordings is None else recordings.of(clip.group))
        for clip in clips
        if clip.sequence is not None and len(clip.sequence) > 1
    ]


def summarise_streams(followed: Sequence[Followed]) -> Dict[str, Any]:
    """Everything that is told of the clips of one estimator; times in seconds from the movement's begin.

    Times and repetitions are of the exercises, medians over all of them: one that never becomes right counts as later
    than every other. "early" is about the first stable answer: how many clips had one before their end, and how many
    of these were right.
    """
    exercises = [each for each in followed if each.clip.label != UNKNOWN]
    curve = np.mean([[each.right_at(share) for share in CURVE] for each in followed], axis=0)
    stable = [(each, each.stable_at) for each in followed if each.stable_at is not None]
    right = [each for each, frame in stable if frame is not None and each.shown[frame] == each.clip.label]
    before = [each.before for each in followed if each.before is not None]
    accuracy = {"%.0f %%" % (100 * share): float(np.mean([e.right_at(share) for e in followed])) for share in SHARES}
    recordings = [[label == each.clip.label for label in each.recordings] for each in followed if each.recordings]
    return {
        "clips": len(followed),
        "exercises": len(exercises),
        "accuracy": accuracy,
        "accuracy_of_recordings": dict(zip(accuracy, np.mean(recordings, axis=0).tolist())) if recordings else {},
        "accuracy_interval": wilson(sum(each.right_at(1.0) for each in followed), len(followed)),
        "accuracy_at_the_end": float(np.mean([each.right[-1] for each in followed])),
        "area": float(np.trapezoid(curve, CURVE) if hasattr(np, "trapezoid") else np.trapz(curve, CURVE)),
        "curve": [float(value) for value in curve],
        "first_right": _times(exercises, [each.first_right for each in exercises]),
        "stays_right": _times(exercises, [each.stays_right for each in exercises]),
        "flips_per_clip": float(np.mean([each.flips for each in followed])),
        "clips_with_something_before": len(before),
        "false_before": float(np.mean(before)) if before else None,
        "early": {
            "clips": len(stable),
            "right": len(right),
            "right_interval": wilson(len(right), len(stable)) if stable else None,
            **_times([each for each, _ in stable], [each.stamps[frame] for each, frame in stable]),
        },
        "begun_anew": sum(bool(each.notices) for each in followed),
    }


def _times(followed: Sequence[Followed], stamps: Sequence[Optional[float]]) -> Dict[str, Any]:
    """Medians of the seconds and repetitions until such stamps."""
    seconds = [
        np.inf if stamp is None else max(0.0, stamp - each.movement.begin) for each, stamp in zip(followed, stamps)
    ]
    repetitions = [
        np.inf if stamp is None else each.movement.repetitions(stamp)
        for each, stamp in zip(followed, stamps)
        if each.movement.ends
    ]
    return {
        "reached": int(np.isfinite(seconds).sum()) if seconds else 0,
        "seconds": _median(seconds),
        "repetitions": _median([value for value in repetitions if value is not None]),
    }


def _median(values: Sequence[float]) -> Optional[float]:
    """None where half of them are never reached, or there are none."""
    middle = float(np.median(values)) if len(values) else np.inf
    return round(middle, 3) if np.isfinite(middle) else None


def count_operations(path: str, baseline: str, duration: float = 10.0, second: str = "") -> Dict[str, float]:
    """What a prediction costs, in multiplications and additions of matrix products and convolutions.

    Args:
        path: of the streaming model.
        baseline: of a model for windows.
        duration: seconds of a recording.
        second: of the model that has a second look now and then; "" = none.

    Returns:
        "step": of one prediction of the stream; "second": the part of it that second looks take, in the mean over a
        recording; "window": of one window of the baseline; "recording_so_far": of the baseline's windows over the
        recording so far, the mean over a recording; the last two as many times "step" in "window_ratio",
        "recording_ratio" and, for a prediction at every frame, "frame_ratio". All with mirror images.
    """
    from torch.utils.flop_counter import FlopCounterMode

    def operations(module: torch.nn.Module, *given: torch.Tensor) -> float:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            module(*given)
        return float(counter.get_total_flops())

    network, contract = load_model(path)
    continual = ContinualSTGCN(network)
    frames = torch.zeros(2, 3, continual.step, len(network.layout), contract.persons)
    step = operations(continual, frames, *continual.begin(2, contract.persons))

    def of_windows(model: str, moments: Sequence[float]) -> Tuple[float, float]:
        """Of one window, and of all windows that an answer at each of these moments takes."""
        other, windowed = load_model(model)
        window = operations(FusedSTGCN(other), torch.zeros(2, 3, windowed.window, len(other.layout), windowed.persons))
        lengths = [int(seconds * windowed.rate + 1e-6) for seconds in moments]
        return window, window * sum(len(window_starts(length, windowed.window)) for length in lengths)

    steps = range(continual.step, int(duration * contract.rate) + 1, continual.step)
    moments = [frames / contract.rate for frames in steps]
    window, recordings = of_windows(baseline, moments)
    looks = of_windows(second, [min(look, MEMORY) for look in looks_until(duration)])[1] if second else 0.0
    looks, so_far = looks / len(moments), recordings / len(moments)
    step += looks
    return {
        "step": step,
        "second": looks,
        "window": window,
        "recording_so_far": so_far,
        "window_ratio": window / step,
        "recording_ratio": so_far / step,
        "frame_ratio": window / (step / continual.step),
    }


def time_frames(recognizer: StreamingRecognizer, clips: Sequence[Judged], frames: int = 2000) -> Dict[str, float]:
    """Milliseconds of processor time that a frame takes on one thread: mean, and the highest share of 5 %."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        taken: List[float] = []
        for clip in clips:
            if clip.sequence is None or len(taken) >= frames:
                continue
            recognizer.reset()
            for stamp, key_points in zip(clip.sequence.stamps, clip.sequence.key_points):
                began = time.process_time()
                recognizer.add(float(stamp), key_points, clip.sequence.size, clip.sequence.layout)
                taken.append(1000 * (time.process_time() - began))
    finally:
        torch.set_num_threads(threads)
    return {"mean": float(np.mean(taken)), "percentile_95": float(np.percentile(taken, 95)), "frames": len(taken)}


def write_streams(
    folder: str, followed: Dict[str, List[Followed]], summaries: Dict[str, Dict[str, Any]], **about: Any
) -> None:
    """Write the three files.

    Args:
        folder: that exists.
        followed: clips, by estimator.
        summaries: of `summarise_streams`, by estimator.
        about: what else the JSON file shall say.
    """
    header = ["estimator", "file", "label", "shown", "begin", "end", "repetitions", "first_right", "stays_right"]
    header += ["stable", "stable_label", "flips", "false_before", "notices", "shown_at_end", "recordings_at_end"]
    rows = []
    for name, clips in followed.items():
        for each in clips:
            frame = each.stable_at
            cells: List[Any] = [name, each.clip.file, each.clip.label, each.shown[-1]]
            cells += ["%.2f" % each.movement.begin, "%.2f" % each.movement.end, len(each.movement.ends)]
            cells += ["" if stamp is None else "%.2f" % stamp for stamp in (each.first_right, each.stays_right)]
            cells += ["", ""] if frame is None else ["%.2f" % each.stamps[frame], each.shown[frame]]
            cells += [each.flips, "" if each.before is None else int(each.before), "; ".join(each.notices)]
            cells += [each.shown_at(1.0), each.recordings[-1] if each.recordings else ""]
            rows.append(cells)
    write_rows(os.path.join(folder, "streaming.csv"), header, rows)
    write_json(os.path.join(folder, "streaming.json"), {**about, "estimators": summaries})
    times = {
        name: [
            np.inf if each.stays_right is None else each.stays_right - each.movement.begin
            for each in clips
            if each.clip.label != UNKNOWN
        ]
        for name, clips in followed.items()
    }
    plot_streaming(
        CURVE,
        {name: summary["curve"] for name, summary in summaries.items()},
        SHARES,
        {name: list(summary["accuracy_of_recordings"].values()) for name, summary in summaries.items()},
        times,
        os.path.join(folder, "streaming.png"),
    )


def describe_streams(summaries: Dict[str, Dict[str, Any]]) -> str:
    """The numbers as a table for the terminal."""
    rows: List[Tuple[str, Callable[[Dict[str, Any]], str]]] = [
        (title % share, lambda of, of_whom=of_whom, share=share: "%.1f %%" % (100 * of[of_whom][share]))  # type: ignore[misc]
        for of_whom, title in (
            ("accuracy", "accuracy at %s of the movement"),
            ("accuracy_of_recordings", "network for recordings, at %s"),
        )
        for share in next(iter(summaries.values()))[of_whom]
    ]
    rows += [
        ("accuracy at the end of the clip", lambda of: "%.1f %%" % (100 * of["accuracy_at_the_end"])),
        ("area under the accuracy", lambda of: "%.3f" % of["area"]),
        ("first right answer (s, repetitions)", lambda of: _pair(of, "first_right")),
        ("right from then on (s, repetitions)", lambda of: _pair(of, "stays_right")),
        ("flips per clip", lambda of: "%.2f" % of["flips_per_clip"]),
        (
            "false answers before the movement",
            lambda of: (
                "no such clip"
                if of["false_before"] is None
                else "%.1f %% of %d" % (100 * of["false_before"], of["clips_with_something_before"])
            ),
        ),
        ("stable answers that are right", lambda of: "%d of %d" % (of["early"]["right"], of["early"]["clips"])),
        ("stable (s, repetitions)", lambda of: _pair(of, "early")),
    ]
    lines = ["%-40s" % "" + "".join("%18s" % ("%s, %d" % (name, of["clips"])) for name, of in summaries.items())]
    lines += ["%-40s" % title + "".join("%18s" % value(of) for of in summaries.values()) for title, value in rows]
    return "\n".join(lines)


def _pair(summary: Dict[str, Any], what: str) -> str:
    """Seconds and repetitions."""
    if not summary["exercises"]:
        return "no such clip"
    return ", ".join("never" if summary[what][unit] is None else "%.1f" % summary[what][unit] for unit in UNITS)
