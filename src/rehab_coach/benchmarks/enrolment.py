"""How well an exercise is recognised that one person showed: on other people, among the six exercises and `unknown`.

One exercise after the other is taken as new: of the six (the model's own answer for it is then taken away), of UI-PRMD,
of UTD-MHAD and of the virtual patient. One person shows it one to five times; everybody else's recordings are answered,
those of the new exercise, of the six and of everything else.

Movements and people are halved. What is learned (the embedding, the thresholds of both methods) comes from one half of
the movements and one half of the people, what is reported from the other half of both; then the other way round.
"""

from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple, cast

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.exercises import UNKNOWN
from rehab_coach.learning.movements import VIRTUAL, Recording, halves, movement_of, read_recordings, train_embedding
from rehab_coach.recognition import Recognizer
from rehab_coach.recognition.embedding import Embedding, unit
from rehab_coach.recognition.enrolment import disagreeing
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
"""What is new in turn, and whose people show it. Chosen as exercises before anything was measured; gestures, sports and
what is held still are among `unknown` only."""

TAKES = (1, 3, 5)
SHOWN_BY = 3
"""People of whom each shows an exercise, one after the other."""
FALSE_ACCEPTS = 0.03
"""Of the recordings of other movements: thresholds are chosen for this share, below the five points allowed."""
METHODS = ("embedding", "dtw")
FRAMES, REACH = 24, 6
"""Of a repetition in dynamic time warping, and by how many a frame may be moved."""
LIMBS = [limb for limb in COCO_18.limbs if max(limb) < COCO_18.index("right_eye")]


class Trial(NamedTuple):
    """One new exercise that one person showed.

    Attributes:
        action: the exercise.
        source: whose people show it.
        fold: the half of the movements that it belongs to.
        takes: number of them.
        queries: numbers of the recordings that are answered.
        nearness: method -> (queries,), higher is nearer.
        directions: (takes, D) of the takes in the embedding.
    """

    action: str
    source: str
    fold: int
    takes: int
    queries: np.ndarray
    nearness: Dict[str, np.ndarray]
    directions: np.ndarray


def run(data: str, recognizer: Optional[Recognizer] = None, dtw: bool = True) -> Dict[str, Any]:
    """Measure on the recordings of a data folder (see `rehab_coach.learning.movements`).

    Args:
        data: the folder.
        recognizer: of the model; None: of the one that ships.
        dtw: also measure dynamic time warping, which takes most of the time.

    Returns:
        {"rows": [{"method", "takes", "new", "six_before", "six_after", "false_before", "false_after", "exercises",
        "trials"}], "exercises": [{"action", "source", and for each method and number of takes the share that is
        recognised}], "threshold": of the embedding, the mean of both halves, "takes_refused": share of the sets of
        three takes of one person that are said to disagree, "recordings"}.

    Raises:
        RehabCoachError: data are missing, or dtaidistance is.
    """
    recognizer = recognizer or Recognizer.load()
    recordings = read_recordings(data)
    answers = [recognizer.recognize(recording.sequence) for recording in recordings]
    recordings = [recording for recording, answer in zip(recordings, answers) if answer.probabilities.any()]
    probabilities = np.stack([answer.probabilities for answer in answers if answer.probabilities.any()])
    features = np.stack([cast(np.ndarray, recognizer.features(recording.sequence)) for recording in recordings])
    methods = METHODS if dtw else METHODS[:1]
    trials = _trials(recordings, features, recognizer, methods)
    truth = np.array([recording.action if recording.action in NEW[ANY] else UNKNOWN for recording in recordings])
    truth[[recording.action == "side_lunge" for recording in recordings]] = "lunge"
    thresholds = {
        (method, fold): _threshold([trial for trial in trials if trial.fold != fold], method, recordings, truth)
        for method in methods
        for fold in (0, 1)
    }
    judged = [
        _judged(trial, method, thresholds, recordings, truth, probabilities, recognizer)
        for trial in trials
        for method in methods
    ]
    chosen = {fold: thresholds["embedding", fold] for fold in (0, 1)}
    refused = [bool(disagreeing(trial.directions, chosen[trial.fold])) for trial in trials if trial.takes == 3]
    return {
        "rows": _rows(judged),
        "exercises": _by_exercise(judged),
        "threshold": round(float(np.mean(list(chosen.values()))), 3),
        "takes_refused": float(np.mean(refused)),
        "recordings": len(recordings),
    }


def _trials(
    recordings: Sequence[Recording], features: np.ndarray, recognizer: Recognizer, methods: Sequence[str]
) -> List[Trial]:
    half_of = halves([recording.movement for recording in recordings])
    movement = np.array([half_of[recording.movement] for recording in recordings])
    people = _halves_of_people(recordings)
    warped = _Warping(recordings) if "dtw" in methods else None
    trials = []
    for fold in (0, 1):  # of the new movements and of the people who are judged
        learned = np.flatnonzero((movement != fold) & (people != fold))
        embedding = train_embedding([recordings[number] for number in learned], features[learned], recognizer, 0.5)
        directions = embedding(features)
        for source, actions in NEW.items():
            for action in (action for action in actions if half_of.get(movement_of(action)) == fold):
                trials += _trials_of(
                    action, source, fold, recordings, people, directions, embedding, recognizer, warped
                )
    return trials


def _trials_of(action, source, fold, recordings, people, directions, embedding: Embedding, recognizer, warped):
    names = np.array([recording.action for recording in recordings])
    groups = np.array([recording.group for recording in recordings])
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
        warping = None if warped is None else warped.nearness([take for take, _ in takes[: max(TAKES)]], asked)
        for count in TAKES:
            # UTD-MHAD has four trials of each person: they stand for five.
            if len(takes) < min(count, 4):
                continue
            nearness = {"embedding": directions[asked] @ unit(shown[:count].mean(axis=0))}
            if warping is not None:
                nearness["dtw"] = warping[:count].max(axis=0)
            trials.append(Trial(action, source, fold, count, asked, nearness, shown[:count]))
    return trials


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


def _threshold(trials: Sequence[Trial], method: str, recordings: Sequence[Recording], truth: np.ndarray) -> float:
    """From where `FALSE_ACCEPTS` of the unknown recordings pass, each exercise weighing the same."""
    names = np.array([recording.action for recording in recordings])
    values, weights = [], []
    for trial in trials:
        wrong = (truth[trial.queries] == UNKNOWN) & (names[trial.queries] != trial.action)
        same = sum(other.action == trial.action and other.source == trial.source for other in trials)
        values.append(trial.nearness[method][wrong])
        weights.append(np.full(wrong.sum(), 1 / wrong.sum() / same))
    values, weights = np.concatenate(values), np.concatenate(weights)
    order = np.argsort(-values)
    passed = np.cumsum(weights[order]) / weights.sum()
    return float(values[order][np.searchsorted(passed, FALSE_ACCEPTS)])


def _judged(trial, method, thresholds, recordings, truth, probabilities, recognizer) -> Dict[str, Any]:
    names = np.array([recordings[number].action for number in trial.queries])
    before = _answers(probabilities[trial.queries], recognizer, trial.action)
    accepted = trial.nearness[method] > thresholds[method, trial.fold]
    after = np.where(accepted, "new", before)
    new = names == trial.action
    expected = np.where(new, "new", truth[trial.queries])
    six, unknown = (expected != "new") & (expected != UNKNOWN), expected == UNKNOWN
    return {
        "method": method,
        "takes": trial.takes,
        "action": trial.action,
        "source": trial.source,
        "new": float((after[new] == "new").mean()),
        "six_before": float((before[six] == expected[six]).mean()),
        "six_after": float((after[six] == expected[six]).mean()),
        "false_before": float((before[unknown] != UNKNOWN).mean()),
        "false_after": float((after[unknown] != UNKNOWN).mean()),
    }


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
        "%d recordings; threshold %.3f; three takes of one person are said to disagree in %.0f %%"
        % (result["recordings"], result["threshold"], 100 * result["takes_refused"]),
    ]
    return "\n".join(lines)
