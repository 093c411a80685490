"""Whether a recording is of somebody who was enrolled, and of whom.

Nothing is trained when somebody is enrolled: a template is the points of the person's recordings in the model's
spaces. Somebody is known whose distance from a template says so with enough certainty; everybody else is unknown.
"""

import io
import os
import zipfile
from dataclasses import dataclass, field
from typing import Dict, Optional, Sequence

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import private_file
from rehab_coach.identification.model import IdentityModel, shipped_model
from rehab_coach.identification.observation import CAMERA, STREAMS, Observation
from rehab_coach.recognition.model_file import ModelError

EXTENSION = ".npz"

LEAD = float(np.log(2))
"""Log odds by which the nearest person must be nearer than the next: twice as likely."""

NEAREST = 1e-6
"""Distance below which two recordings are the same one."""

BESIDE_A_SENSOR = 0.25
"""Of the proportions' log odds: they are of an estimator's usual errors, and unusual ones must not outvote a sensor.
Chosen on three people of UTD-MHAD; motion and posture do not count there: docs/identification.md."""


@dataclass(frozen=True, eq=False)
class Template:
    """What is kept of an enrolled person: points in the model's spaces, no recording.

    Attributes:
        name: the person's pseudonym.
        points: by the name of the stream, float32 (n, D): one for each cycle or recording.
    """

    name: str
    points: Dict[str, np.ndarray]

    @classmethod
    def of(cls, name: str, observations: Sequence[Observation], model: Optional[IdentityModel] = None) -> "Template":
        """A template of recordings as they are; `enrolment.enrol` looks first whether they show one person.

        Args:
            name: the person's pseudonym.
            observations: of that person alone, best three or more, of the exercise in which they are to be known.
            model: default: the one that ships.

        Raises:
            RehabCoachError: no recordings, or recordings that share no stream.
        """
        model = model or shipped_model()
        if not observations:
            raise RehabCoachError(
                "there is no recording of %s: record the exercise once at least, better three times" % name
            )
        shared = [s for s in STREAMS if s in model.spaces and all(s in one.streams for one in observations)]
        if not shared:
            raise RehabCoachError(
                "the recordings of %s have no sensor in common: record all of them the same way" % name
            )
        return cls(
            name, {s: np.concatenate([model.spaces[s].embed(one.streams[s]) for one in observations]) for s in shared}
        )

    def to_bytes(self) -> bytes:
        """What is kept of the person, as the content of a .npz file."""
        stream = io.BytesIO()
        np.savez(stream, **self.points)
        return stream.getvalue()

    @classmethod
    def from_bytes(cls, name: str, content: bytes) -> "Template":
        """Read what `to_bytes` made.

        Raises:
            ModelError: it is broken or something else.
        """
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as stored:
                points = {stream: stored[stream] for stream in stored.files}
            good = all(values.ndim == 2 and len(values) and np.isfinite(values).all() for values in points.values())
            if not points or set(points) - set(STREAMS) or not good:
                raise ValueError("it holds %s" % (sorted(points) or "nothing"))
        except (OSError, ValueError, EOFError, TypeError, AttributeError, zipfile.BadZipFile) as error:
            raise ModelError("the template of %s is broken (%s): enrol them again" % (name, error)) from error
        return cls(name, points)

    def save(self, folder: str) -> str:
        """Write FOLDER/NAME.npz, whole or not at all and for its owner alone; returns the path.

        Raises:
            RehabCoachError: it cannot be written.
        """
        path = os.path.join(folder, self.name + EXTENSION)
        with private_file(path, "wb") as stream:
            stream.write(self.to_bytes())
        return path

    @classmethod
    def load(cls, path: str) -> "Template":
        """Read what `save` wrote.

        Raises:
            ModelError: the file is missing or broken.
        """
        path = os.fspath(path)
        try:
            with open(path, "rb") as stream:
                content = stream.read()
        except OSError as error:
            raise ModelError("cannot read the template %s: %s" % (path, error.strerror)) from error
        return cls.from_bytes(os.path.basename(path)[: -len(EXTENSION)], content)


@dataclass(frozen=True)
class Match:
    """Who a recording shows.

    Attributes:
        name: of the person; None where it is nobody who was enrolled, or two are as near.
        confidence: 0..1, that the nearest of the enrolled people is the one who was recorded; shared with others who
            are as near.
        distances: from each enrolled person by name, in log odds against: the lowest is the nearest.
    """

    name: Optional[str]
    confidence: float
    distances: Dict[str, float] = field(default_factory=dict)


def match(observation: Observation, templates: Sequence[Template], model: Optional[IdentityModel] = None) -> Match:
    """Say whose recording it is.

    Args:
        observation: one recording.
        templates: of everybody who was enrolled; none: nobody is known.
        model: that the templates were made with; default: the one that ships.

    Raises:
        ModelError: a template was made with another model, as far as its size says.
        RehabCoachError: no template has a stream that was observed.
    """
    model = model or shipped_model()
    points = {s: model.spaces[s].embed(values) for s, values in observation.streams.items() if s in model.spaces}
    odds: Dict[str, float] = {}
    others = [
        template.name
        for template in templates
        if any(points[s].shape[1] != template.points[s].shape[1] for s in set(points) & set(template.points))
    ]
    if others:
        raise ModelError(
            "the templates of %s were made with another model: delete them all, then enrol these people again"
            % ", ".join(others)
        )
    for template in templates:
        if set(points) & set(template.points):
            odds[template.name] = _log_odds(model, points, template.points)
    if templates and not odds:
        raise RehabCoachError(
            "nobody was enrolled with what was measured now (%s): enrol with the same sensor"
            % ", ".join(sorted(observation.streams))
        )
    if not odds:
        return Match(None, 0.0, {})
    nearest = max(odds, key=lambda name: odds[name])
    rivals = [value for name, value in odds.items() if name != nearest]
    # The one who was recorded is one of them or, with log odds of 0, none.
    confidence = float(np.exp(odds[nearest] - np.logaddexp.reduce([0.0, *odds.values()])))
    known = odds[nearest] >= max([model.threshold] + [value + LEAD for value in rivals])
    return Match(nearest if known else None, confidence, {name: -value for name, value in odds.items()})


def _log_odds(model: IdentityModel, points: Dict[str, np.ndarray], enrolled: Dict[str, np.ndarray]) -> float:
    """That points in the streams that both have are of the person who was enrolled."""
    both = [stream for stream in points if stream in enrolled]
    return together(model, {s: model.spaces[s].log_odds(log_distance(points[s], enrolled[s])) for s in both})


def together(model: IdentityModel, odds: Dict[str, float]) -> float:
    """Log odds of all streams, by name; where there is a sensor the camera adds a part of the proportions alone."""
    worn = [value for stream, value in odds.items() if stream not in CAMERA]
    if worn:
        return model.together(worn) + BESIDE_A_SENSOR * odds.get("proportions", 0.0)
    return float(sum(odds.values()))


def log_distance(points: np.ndarray, enrolled: np.ndarray) -> float:
    """Logarithm of how far the middle of points (n, D) is from the middle of those that were enrolled (m, D)."""
    distance = float(np.linalg.norm(points.mean(axis=0) - enrolled.mean(axis=0)))
    return float(np.log(max(distance, NEAREST)))
