"""How well an exercise is recognised that one person showed: on other people, among the six exercises and `unknown`.

One exercise after the other is taken as new: of the six (the model's own answer for it is then taken away), of UI-PRMD,
of UTD-MHAD and of the virtual patient. One person shows it one to five times; everybody else's recordings are answered,
those of the new exercise, of the six and of everything else.

Movements and people are halved. What is learned (the embedding, the thresholds of both methods) comes from one half of
the movements and one half of the people, what is reported from the other half of both; then the other way round.
"""

from collections import Counter
from itertools import permutations
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.exercises import UNKNOWN
from rehab_coach.learning.movements import VIRTUAL, Recording, halves, movement_of, read_recordings, train_embedding
from rehab_coach.recognition import Recognizer
from rehab_coach.recognition.embedding import Embedding, Thresholds, unit
from rehab_coach.recognition.enrolment import agreements, disagreeing
from rehab_coach.skeleton import COCO_18, SkeletonSequence

ANY = "all sources"
NEW = {
    ANY: ("squat", "lunge", "deadlift", "push_up", "pull_up", "jumping_jack"),
    "uiprmd": (
        "hurdle_step",
        "sit_to_stand",
        "standing_active_straight_leg_raise",
        "standing_shoulder_abduction",
        "standing_shoulder_extension",
        "standing_shoulder_int-ext_rotation",
        "standing_shoulder_scaption",
    ),
    "utd": ("arm_cross", "arm_curl", "boxing", "jog"),
    VIRTUAL: (
        "arm_circles",
        "arms_only_jack",
        "biceps_curl",
        "calf_raise",
        "crunch",
        "high_knees",
        "hip_hinge",
        "kneeling",
        "lateral_raise",
        "leg_raise",
        "overhead_stretch",
        "picking_up",
        "shoulder_press",
        "side_bend",
        "side_step",
        "sitting_down",
        "toe_touch",
        "torso_twist",
    ),
}
"""What is new in turn, and whose people show it. The list was fixed after an exploratory run, in which gestures of
UTD-MHAD such as wave and clap did badly: gestures, sports and what is held still are among `unknown` only."""

TAKES = (1, 3, 5)
SHOWN_BY = 3
"""People of whom each shows an exercise, one after the other."""
FALSE_ACCEPTS, LOST, DOUBTED = 0.04, 0.005, 0.05
"""Shares that thresholds are chosen for, below the five points and the one point allowed: of the recordings of other
movements, those that an added exercise takes over from `unknown`; of those of the six, those that it takes over from
the right answer; of the sets of several takes of one person, those that are said to disagree."""
METHODS = ("embedding", "dtw")
FRAMES, REACH = 24, 6
"""Of a repetition in dynamic time warping, and by how many a frame may be moved."""
LIMBS = [limb for limb in COCO_18.limbs if max(limb) < COCO_18.index("right_eye")]
SHOWN = "new"
"""Stands for the new exercise among answers; no label of a model."""


class Trial(NamedTuple):
    """One new exercise that one person showed.

    Attributes:
        action: the exercise.
        source: whose people show it.
        person: who shows it.
        fold: the half of the movements that it belongs to.
        takes: number of them.
        directions: (takes, D) of the takes in the embedding.
        nearness: method -> (queries,) of the recordings that are answered, higher is nearer.
        expected: (queries,) right answers.
        before: (queries,) the model's own answers.
    """

    action: str
    source: str
    person: str
    fold: int
    takes: int
    directions: np.ndarray
    nearness: Dict[str, np.ndarray]
    expected: np.ndarray
    before: np.ndarray

    @property
    def six(self) -> np.ndarray:
        """(queries,) which ones show one of the six exercises."""
        return (self.expected != SHOWN) & (self.expected != UNKNOWN)


def run(
    data: str,
    recognizer: Optional[Recognizer] = None,
    write: str = "",
    progress: Callable[[int], Any] = lambda count: None,
) -> Dict[str, Any]:
    """Measure on the recordings of a data folder (see `rehab_coach.learning.movements`).

    Args:
        data: the folder.
        recognizer: of the model; None: of the one that ships.
        write: path for an embedding of all recordings with the thresholds of the result; "" = none is written.
        progress: called with 1 after each recording that the model has seen.

    Returns:
        {"rows": [{"method", "takes", "new", "six_before", "six_after", "false_before", "false_after", "exercises",
        "trials"}], "exercises": [{"action", "source", and for each method and number of takes the share that is
        recognised}], "thresholds": of the embedding, the means of both halves, "doubts": shares of the sets of three
        takes of one person that are said to disagree: all of one movement, and one of another; first with the limit of
        the other half, then with the mean of both, "recordings"}.

    Raises:
        RehabCoachError: data are missing or too few, or dtaidistance is missing, or the embedding cannot be written.
    """
    recognizer = recognizer or Recognizer.load()
    recordings, probabilities, features = [], [], []
    for recording in read_recordings(data):
        seen = recognizer.features(recording.sequence)
        if seen is not None:
            recordings.append(recording)
            features.append(seen)
            probabilities.append(recognizer.recognize(recording.sequence).probabilities)
        progress(1)
    trials = _trials(recordings, np.stack(probabilities), np.stack(features), recognizer)
    if {trial.fold for trial in trials if trial.takes == 3} != {0, 1}:
        raise RehabCoachError(
            "%s holds too few recordings to divide movements and people: docs/enrolment.md says which ones it needs"
            % data
        )
    limits: Dict[Tuple[str, int], Thresholds] = {}
    for fold in (0, 1):
        others = [trial for trial in trials if trial.fold != fold]
        limits.update({(method, fold): _thresholds(others, method) for method in METHODS})
    judged = [_judged(trial, method, limits[method, trial.fold]) for trial in trials for method in METHODS]
    means = np.mean([limits["embedding", fold] for fold in (0, 1)], axis=0)
    thresholds = Thresholds(*(round(float(mean), 3) for mean in means))
    if write:
        train_embedding(recordings, np.stack(features), recognizer, thresholds).save(write)
    return {
        "rows": _rows(judged),
        "exercises": _by_exercise(judged),
        "thresholds": thresholds,
        "doubts": [
            _doubts(trials, [limits["embedding", fold].agreement for fold in (0, 1)]),
            _doubts(trials, [thresholds.agreement] * 2),
        ],
        "recordings": len(recordings),
    }


def _trials(
    recordings: Sequence[Recording], probabilities: np.ndarray, features: np.ndarray, recognizer: Recognizer
) -> List[Trial]:
    half_of = halves([recording.movement for recording in recordings])
    movement = np.array([half_of[recording.movement] for recording in recordings])
    people = _halves_of_people(recordings)
    warped = _Warping(recordings)
    trials = []
    for fold in (0, 1):  # of the new movements and of the people who are judged
        learned = np.flatnonzero((movement != fold) & (people != fold))
        of_learned = [recordings[number] for number in learned]
        embedding = train_embedding(of_learned, features[learned], recognizer, Thresholds(0, 0, 0))
        directions = embedding(features)
        for source, actions in NEW.items():
            for action in (action for action in actions if half_of.get(movement_of(action)) == fold):
                answers = _answers(probabilities, recognizer, action)
                trials += _trials_of(
                    action, source, fold, recordings, people, directions, answers, embedding, recognizer, warped
                )
    return trials


def _trials_of(action, source, fold, recordings, people, directions, answers, embedding: Embedding, recognizer, warped):
    names = np.array([recording.action for recording in recordings])
    groups = np.array([recording.group for recording in recordings])
    expected = np.where(names == action, SHOWN, [_truth(name) for name in names])
    same = np.array([recording.movement == movement_of(action) for recording in recordings])
    shows = (names == action) & (people == fold)
    shows &= np.array([recording.source in ("uiprmd", "utd", VIRTUAL) for recording in recordings])
    if source != ANY:
        shows &= np.array([recording.source == source for recording in recordings])
    trials = []
    for person in _some(sorted(set(groups[shows]))):
        takes = [take for number in np.flatnonzero(shows & (groups == person)) for take in recordings[number].takes()]
        takes = [(take, feature) for take in takes for feature in [recognizer.features(take)] if feature is not None]
        # Nearly the same movement under another name is neither right nor wrong.
        asked = np.flatnonzero((people == fold) & (groups != person) & ((names == action) | ~same))
        if not takes or not (names[asked] == action).any():
            continue
        shown = embedding(np.stack([feature for _, feature in takes[: max(TAKES)]]))
        warping = warped.nearness([take for take, _ in takes[: max(TAKES)]], asked)
        for count in TAKES:
            # UTD-MHAD has four trials of each person: they stand for five.
            if len(takes) < min(count, 4):
                continue
            nearness = {
                "embedding": directions[asked] @ unit(shown[:count].mean(axis=0)),
                "dtw": warping[:count].max(axis=0),
            }
            trials.append(
                Trial(action, source, person, fold, count, shown[:count], nearness, expected[asked], answers[asked])
            )
    return trials


def _truth(action: str) -> str:
    """What the model should answer to a movement."""
    action = "lunge" if action == "side_lunge" else action
    return action if action in NEW[ANY] else UNKNOWN


def _some(people: List[str]) -> List[str]:
    if len(people) <= SHOWN_BY:
        return people
    return [people[number] for number in np.linspace(0, len(people) - 1, SHOWN_BY).astype(int)]


def _halves_of_people(recordings: Sequence[Recording]) -> np.ndarray:
    sources = sorted({recording.source for recording in recordings})
    half: Dict[Tuple[str, str], int] = {}
    for source in sources:
        of_source = halves([recording.group for recording in recordings if recording.source == source])
        half.update({(source, group): number for group, number in of_source.items()})
    return np.array([half[recording.source, recording.group] for recording in recordings])


def _thresholds(trials: Sequence[Trial], method: str) -> Thresholds:
    """For which of these trials the shares are `FALSE_ACCEPTS`, `LOST` and `DOUBTED`; each exercise weighs the same."""
    unknown = _limit(trials, method, lambda trial: trial.expected == UNKNOWN, FALSE_ACCEPTS)
    known = _limit(trials, method, lambda trial: trial.six, LOST)
    several = [agreements(trial.directions).min() for trial in trials if trial.takes > 1]
    return Thresholds(unknown, max(unknown, known), float(np.quantile(several, DOUBTED)))


def _limit(trials: Sequence[Trial], method: str, chosen: Callable[[Trial], np.ndarray], share: float) -> float:
    """The nearness above which this share of the chosen recordings is answered right and would be taken over."""
    counts = Counter((trial.source, trial.action) for trial in trials)
    values, weights = [], []
    for trial in trials:
        right = chosen(trial) & (trial.before == trial.expected)
        values.append(trial.nearness[method][right])
        each = 1 / max(chosen(trial).sum(), 1) / counts[trial.source, trial.action] / len(counts)
        weights.append(np.full(right.sum(), each))
    values, weights = np.concatenate(values), np.concatenate(weights)
    order = np.argsort(-values)
    place = int(np.searchsorted(np.cumsum(weights[order]), share))
    return float(values[order][place]) if place < len(order) else -np.inf


def _judged(trial: Trial, method: str, thresholds: Thresholds) -> Dict[str, Any]:
    limit = np.where(trial.before == UNKNOWN, thresholds.unknown, thresholds.known)
    after = np.where(trial.nearness[method] > limit, SHOWN, trial.before)
    new, six, unknown = trial.expected == SHOWN, trial.six, trial.expected == UNKNOWN
    return {
        "method": method,
        "takes": trial.takes,
        "action": trial.action,
        "source": trial.source,
        "new": float((after[new] == SHOWN).mean()),
        "six_before": float((trial.before[six] == trial.expected[six]).mean()),
        "six_after": float((after[six] == trial.expected[six]).mean()),
        "false_before": float((trial.before[unknown] != UNKNOWN).mean()),
        "false_after": float((after[unknown] != UNKNOWN).mean()),
    }


def _doubts(trials: Sequence[Trial], agreement: Sequence[float]) -> Tuple[float, float]:
    """How often three takes of one person are said to disagree: all of one movement, and one of another."""
    three = [trial for trial in trials if trial.takes == 3]
    alike = [(trial.fold, trial.directions) for trial in three]
    mixed = [
        (trial.fold, np.stack([trial.directions[0], trial.directions[1], other.directions[0]]))
        for trial, other in permutations(three, 2)
        if trial.person == other.person and movement_of(trial.action) != movement_of(other.action)
    ]
    of_one, of_two = (
        float(np.mean([bool(disagreeing(takes, agreement[fold])) for fold, takes in sets])) for sets in (alike, mixed)
    )
    return of_one, of_two


def _answers(probabilities: np.ndarray, recognizer: Recognizer, left_out: str) -> np.ndarray:
    """The model's own answers, as if it had never had an output for the exercise that is left out."""
    labels = np.array(recognizer.labels)
    kept = np.where(labels == left_out, 0, probabilities)
    kept = kept / np.maximum(kept.sum(axis=1, keepdims=True), 1e-9)
    best = np.where(labels == UNKNOWN, -1, kept).argmax(axis=1)
    sure = kept[np.arange(len(kept)), best] >= recognizer.contract.unknown_threshold
    return np.where(sure & (best == kept.argmax(axis=1)), labels[best], UNKNOWN)


SHARES = ("new", "six_before", "six_after", "false_before", "false_after")


def _rows(judged: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
    rows = []
    for method in METHODS:
        for takes in TAKES:
            chosen = [one for one in judged if one["method"] == method and one["takes"] == takes]
            if not chosen:
                continue
            exercises = sorted({(one["source"], one["action"]) for one in chosen})
            row = {"method": method, "takes": takes, "exercises": len(exercises), "trials": len(chosen)}
            for share in SHARES:
                row[share] = float(np.mean([_mean(chosen, exercise, share) for exercise in exercises]))
            rows.append(row)
    return rows


def _mean(judged: List[Dict[str, Any]], exercise: Tuple[str, str], share: str) -> float:
    return float(np.mean([one[share] for one in judged if (one["source"], one["action"]) == exercise]))


def _by_exercise(judged: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
    result = []
    for source, actions in NEW.items():
        for action in actions:
            row: Dict[str, Any] = {"action": action, "source": source}
            for method in METHODS:
                for takes in TAKES:
                    chosen = [one for one in judged if one["method"] == method and one["takes"] == takes]
                    chosen = [one for one in chosen if (one["source"], one["action"]) == (source, action)]
                    if chosen:
                        row["%s %d" % (method, takes)] = _mean(chosen, (source, action), "new")
            result.append(row)
    return result


class _Warping:
    """Dynamic time warping of the limbs' directions over one repetition, as they are and as in a mirror.

    The baseline: what one would do without a network. A recording is compared by its first repetition.
    """

    def __init__(self, recordings: Sequence[Recording]):
        try:
            from dtaidistance import dtw_ndim
        except ImportError as error:
            raise RehabCoachError("the baseline needs dtaidistance: pip install rehab_coach[benchmark]") from error
        self._distance = dtw_ndim.distance_fast
        self._shapes = [limb_directions(recording.takes()[0]) for recording in recordings]

    def nearness(self, takes: Sequence[SkeletonSequence], queries: np.ndarray) -> np.ndarray:
        """(takes, queries)."""
        result = np.empty((len(takes), len(queries)))
        for row, take in zip(result, takes):
            shapes = limb_directions(take), limb_directions(take.mirror())
            for place, number in enumerate(queries):
                row[place] = -min(self._distance(shape, self._shapes[number], window=REACH) for shape in shapes)
        return result


def limb_directions(sequence: SkeletonSequence) -> np.ndarray:
    """float64 (FRAMES, 2 * limbs): unit vectors along the limbs in the picture, 0 where one is never seen."""
    moments = np.linspace(sequence.stamps[0], sequence.stamps[-1], FRAMES)
    result = np.zeros((FRAMES, len(LIMBS), 2))
    for number, limb in enumerate(LIMBS):
        ends = sequence.key_points[:, list(limb)]
        seen = (ends[..., 2] > 0).all(axis=1)
        if not seen.any():
            continue
        along = ends[seen, 1, :2] - ends[seen, 0, :2]
        along = along / np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-6)
        for axis in (0, 1):
            result[:, number, axis] = np.interp(moments, sequence.stamps[seen], along[:, axis])
    return result.reshape(FRAMES, -1)


def report(result: Dict[str, Any]) -> str:
    """The result of `run` as tables for people."""
    names = {"embedding": "this package", "dtw": "DTW"}
    lines = [
        "method        repetitions  new exercise  the six: before  after  unknown accepted: before  after",
        *(
            "%-12s %12d %12.1f%% %15.1f%% %5.1f%% %23.1f%% %5.1f%%"
            % (names[row["method"]], row["takes"], *(100 * row[share] for share in SHARES))
            for row in result["rows"]
        ),
        "",
        "%-36s %-12s %s" % ("new exercise", "shown by", "recognised with 1, 3, 5 repetitions | DTW"),
    ]
    for row in result["exercises"]:
        cells = [
            " ".join("%4.0f%%" % (100 * row[key]) if key in row else "    -" for key in keys)
            for keys in (["%s %d" % (method, takes) for takes in TAKES] for method in METHODS)
        ]
        lines.append("%-36s %-12s %s" % (row["action"], row["source"], " | ".join(cells)))
    lines += [
        "",
        "%d recordings; thresholds %.3f from unknown, %.3f from the six, %.3f between takes"
        % ((result["recordings"],) + result["thresholds"]),
        *(
            "three takes of one person are said to disagree in %.0f %%, of two movements in %.0f %% (%s)"
            % (100 * alike, 100 * mixed, whose)
            for (alike, mixed), whose in zip(result["doubts"], ("limit of the other half", "limit of both halves"))
        ),
    ]
    return "\n".join(lines)
