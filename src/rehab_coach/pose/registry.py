"""Pose estimators by name.

A new one is a file with a `PoseEstimator` in it, whose `options` say what can be set, and one line in `ESTIMATORS`.
"""

import importlib
from dataclasses import dataclass
from typing import Any, Dict, Tuple, Type

from rehab_coach.errors import RehabCoachError
from rehab_coach.pose.estimator import Option, PoseEstimator


@dataclass(frozen=True)
class EstimatorEntry:
    """What is known of an estimator before it is imported.

    Attributes:
        name: by which it is asked for.
        description: in a few words.
        needs: what is done where something that it needs is missing.
        module, type: where its class is.
    """

    name: str
    description: str
    needs: str
    module: str
    type: str

    @property
    def factory(self) -> Type[PoseEstimator]:
        """Its class; only now is anything of it imported."""
        return getattr(importlib.import_module("rehab_coach.pose." + self.module), self.type)

    @property
    def options(self) -> Tuple[Option, ...]:
        """What can be set."""
        return self.factory.options


ESTIMATORS: Dict[str, EstimatorEntry] = {
    entry.name: entry
    for entry in (
        EstimatorEntry("tf_pose", "several people, 18 joints", "`rehab-coach fetch-graph`", "tf_pose", "TfPose"),
        EstimatorEntry(
            "mediapipe",
            "one person, 33 joints, also in metres",
            "`pip install -e '.[mediapipe]'` in the repository",
            "blazepose",
            "BlazePose",
        ),
    )
}

NAMES = tuple(ESTIMATORS)
DEFAULT = NAMES[0]


def get_estimator(name: str) -> EstimatorEntry:
    """An entry by its name; RehabCoachError names those that there are."""
    if name not in ESTIMATORS:
        raise RehabCoachError("unknown pose estimator '%s'; choose %s" % (name, " or ".join(NAMES)))
    return ESTIMATORS[name]


def describe_estimators() -> str:
    """One line for help texts."""
    return "; ".join("%s: %s" % (entry.name, entry.description) for entry in ESTIMATORS.values())


def estimators_with(option: str) -> Tuple[str, ...]:
    """Names of the estimators that have an option."""
    return tuple(name for name, entry in ESTIMATORS.items() if any(known.name == option for known in entry.options))


def create_estimator(name: str, threads: int = 0, **options: Any) -> PoseEstimator:
    """An estimator by name.

    Args:
        name: one of NAMES.
        threads: to use at most, by estimators that can be told; 0 = the library's choice.
        options: of the estimator, as its class lists them.

    Raises:
        RehabCoachError: an unknown name, option or value, or what the estimator needs is not installed.
    """
    entry = get_estimator(name)
    known = {option.name: option for option in entry.options}
    for key, value in options.items():
        if key not in known:
            raise RehabCoachError(
                "the pose estimator %s has no option '%s'; %s"
                % (name, key, "it has " + ", ".join(known) if known else "it has none")
            )
        known[key].check(value)
    if threads and "threads" in known:
        known["threads"].check(threads)
        options["threads"] = threads
    try:
        return entry.factory(**options)
    except ImportError as error:
        others = [other for other in NAMES if other != name]
        raise RehabCoachError(
            "the estimator '%s' is not installed here (%s): %s, or choose %s"
            % (name, error, entry.needs, " or ".join(others))
        ) from error
