"""What a model and its users agree upon."""

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Dict, Tuple

from rehab_coach.exercises import UNKNOWN
from rehab_coach.recognition.st_gcn import NetworkConfig
from rehab_coach.skeleton import COCO_18

FORMAT_VERSION = 1
LAYOUTS = (COCO_18.name,)
NORMALISATIONS = ("picture", "box", "running_box")
SAMPLINGS = ("consecutive", "uniform")
LATER_ENTRIES = ("sampling",)
"""Entries of the contract that older files lack; their default is what those files mean."""


@dataclass(frozen=True)
class ModelContract:
    """What a model was trained for; whoever uses it has to keep to it.

    Attributes:
        labels: names of the outputs in order, the exercises and usually "unknown".
        network: shape of the network.
        layout: joint layout of the input.
        rate: frames per second that the input must be put on; with `sampling` "uniform" the lowest rate.
        window: frames of one input.
        persons: persons of one input (M); the patient is the first.
        normalisation: of the coordinates, "picture", "box" or "running_box" (see preprocessing.normalise).
        sampling: "consecutive": a window holds `window` frames at `rate`, a shorter recording is repeated.
            "uniform": it holds `window` moments spread evenly over the recording, of window / rate seconds at most.
        unknown_threshold: an exercise less probable than this is answered as "unknown".
        training: how it was trained: recipe, data, revision, date, accuracy; plain JSON values.
        format_version: of the file.

    Raises:
        ValueError: values that contradict each other or that this version does not know.
    """

    labels: Tuple[str, ...]
    network: NetworkConfig
    layout: str = COCO_18.name
    rate: float = 15.0
    window: int = 64
    persons: int = 1
    normalisation: str = "box"
    unknown_threshold: float = 0.5
    training: Dict[str, Any] = field(default_factory=dict)
    format_version: int = FORMAT_VERSION
    sampling: str = SAMPLINGS[0]

    def __post_init__(self):
        object.__setattr__(self, "labels", tuple(self.labels))
        if self.format_version != FORMAT_VERSION:
            raise ValueError(
                "format version %r, this version of the package reads %d" % (self.format_version, FORMAT_VERSION)
            )
        if not all(isinstance(label, str) and label for label in self.labels) or len(set(self.labels)) != len(
            self.labels
        ):
            raise ValueError("labels must be different names, not %s" % (self.labels,))
        if len(self.labels) != self.network.classes:
            raise ValueError("%d labels for a network of %d classes" % (len(self.labels), self.network.classes))
        if not set(self.labels) - {UNKNOWN}:
            raise ValueError("no label besides '%s'" % UNKNOWN)
        if self.layout not in LAYOUTS:
            raise ValueError("joint layout '%s'; known: %s" % (self.layout, ", ".join(LAYOUTS)))
        if self.normalisation not in NORMALISATIONS:
            raise ValueError("normalisation '%s'; known: %s" % (self.normalisation, ", ".join(NORMALISATIONS)))
        if self.network.causal and (self.normalisation == "box" or self.sampling != SAMPLINGS[0]):
            raise ValueError(
                "a causal network takes consecutive frames and the normalisation running_box or picture: "
                "'%s' of '%s' look ahead" % (self.normalisation, self.sampling)
            )
        if self.sampling not in SAMPLINGS:
            raise ValueError("sampling '%s'; known: %s" % (self.sampling, ", ".join(SAMPLINGS)))
        if not (self.rate > 0 and self.window >= 1 and self.persons >= 1):
            raise ValueError("rate %r, window %r, persons %r must be positive" % (self.rate, self.window, self.persons))
        if not 0 <= self.unknown_threshold <= 1:
            raise ValueError("unknown_threshold %r must be in 0..1" % self.unknown_threshold)

    def to_json(self) -> str:
        """The contract as JSON text."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "ModelContract":
        """Read what `to_json` wrote; ValueError says what is missing, unknown or contradictory."""
        values = json.loads(text)
        if not isinstance(values, dict):
            raise ValueError("the contract is not a JSON object")
        if values.get("format_version") != FORMAT_VERSION:
            raise ValueError(
                "format version %r, this version of the package reads %d"
                % (values.get("format_version"), FORMAT_VERSION)
            )
        names = {entry.name for entry in fields(cls)}
        if not names - set(LATER_ENTRIES) <= set(values) <= names:
            raise ValueError("entries %s, expected %s" % (sorted(values), sorted(names)))
        try:
            values["network"] = NetworkConfig(**values["network"])
            return cls(**values)
        except TypeError as error:
            raise ValueError("a value of the wrong kind (%s)" % error) from error
