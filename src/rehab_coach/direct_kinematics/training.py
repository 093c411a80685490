"""Training the network on films with their true kinematics: `training.loop` does it."""

import os
from dataclasses import dataclass, replace
from typing import Any, Dict, Iterable, List, Mapping, Sequence, Tuple, Union, cast

import numpy as np
import torch
from scipy.spatial.transform import Rotation
from torch import nn

from rehab_coach.direct_kinematics.answers import Answer, answer_features
from rehab_coach.direct_kinematics.backbones import backbone_of
from rehab_coach.direct_kinematics.contract import KinematicsContract
from rehab_coach.direct_kinematics.data import Points, Recording, answered, read_films, split
from rehab_coach.direct_kinematics.landmarks import find_landmarks
from rehab_coach.direct_kinematics.mirror import mirror_of, mirrored_guess
from rehab_coach.direct_kinematics.model_file import save_network
from rehab_coach.direct_kinematics.networks import FrameNetwork, Guess, KinematicsNetwork, MarkersNetwork, frame_of
from rehab_coach.direct_kinematics.recipe import KinematicsRecipe, as_dict
from rehab_coach.direct_kinematics.recording import PELVIS, pelvis_angles
from rehab_coach.direct_kinematics.refinement import PictureFit
from rehab_coach.direct_kinematics.variation import at_pace, vary
from rehab_coach.errors import RehabCoachError
from rehab_coach.files import make_folder
from rehab_coach.opensim.layer import rotation_from_6d
from rehab_coach.opensim.model import Model
from rehab_coach.opensim.model_values import values_of
from rehab_coach.training.checkpoint import CHECKPOINT, forget_checkpoint
from rehab_coach.training.loop import Task, train
from rehab_coach.training.parallel import join

MODEL = "model.safetensors"
ANGLE_BEND, SCALE_BEND = np.radians(5), 0.1
"""Where the losses of angles and scale factors change from squares to absolute values."""

POINTS_EVERY = 3
"""Frames, of which one's points are looked at: those of its neighbours are hardly elsewhere, and cost as much."""

WIDEST = 2 * np.pi
"""A range that is wider is taken for none, and the angle for one around 0."""


@dataclass(frozen=True)
class Batch:
    """Windows of recordings, tensors (B, T, ...)."""

    features: torch.Tensor
    coordinates: torch.Tensor
    counts: torch.Tensor
    scales: torch.Tensor
    root: torch.Tensor

    def tensors(self) -> Tuple[torch.Tensor, ...]:
        """As the loop moves them."""
        return self.features, self.coordinates, self.counts, self.scales, self.root


def make_contract(model: Model, recordings: List[Recording], recipe: KinematicsRecipe) -> KinematicsContract:
    """Ranges from the skeleton, usual values from what is learned from."""
    names = answered(model)
    whole = mirror_of(model)
    places = [model.independent.index(name) for name in names]
    features = np.concatenate([recording.features[recording.seen] for recording in recordings])
    both = np.concatenate([features] + [recording.mirrored[recording.seen] for recording in recordings])
    ranges = np.array([[model.coordinates[name].lowest, model.coordinates[name].highest] for name in names])
    wide = (np.abs(ranges) > WIDEST).any(axis=1)
    ranges[wide] = [-np.pi, np.pi]
    scales = np.unique(np.array([recording.scales.ravel() for recording in recordings]), axis=0)
    usual, spread = scales.mean(axis=0), 3 * scales.std(axis=0) + 0.01
    return KinematicsContract(
        model.name,
        names,
        model.bodies,
        both.mean(axis=0).tolist(),
        (both.std(axis=0) + 1e-3).tolist(),
        ranges.mean(axis=1).tolist(),
        (ranges[:, 1] - ranges.mean(axis=1)).tolist(),
        usual.tolist(),
        spread.tolist(),
        tuple(places.index(whole.coordinates[place]) for place in places),
        tuple(whole.signs[place] for place in places),
        whole.bodies,
        [0.0] * len(names),
        [0.0] * len(PELVIS),
        as_dict(recipe),
        len({(recording.folder, recording.person) for recording in recordings}),
    )


class KinematicsTask(Task):
    """The losses of D3KE: points, scale factors, angles."""

    unit = "windows"
    changes = "mirrored, varied"

    def __init__(
        self, model: Model, divided: Mapping[str, List[Recording]], recipe: KinematicsRecipe, device: str = "cpu"
    ):
        self.recipe, self.device = recipe, device
        self.learned, self.watched = divided["train"], divided["validation"]
        self.contract = make_contract(model, self.learned, recipe)
        self.points = Points(model, self.contract.names).to(device)
        shortest = min(len(recording.seen) for recording in self.learned)
        self.window = min(recipe.window, shortest)

    def make_network(self) -> nn.Module:
        return KinematicsNetwork(self.recipe, self.contract)

    def batches(self, first_step: int) -> Iterable[Any]:
        for step in range(first_step, self.recipe.steps):
            random = np.random.default_rng([self.recipe.seed, step])
            yield self._batch(random).tensors()

    def _batch(self, random: np.random.Generator) -> Batch:
        chosen = random.integers(len(self.learned), size=self.recipe.batch)
        windows = []
        for number in chosen:
            recording = self.learned[number]
            frames = at_pace(len(recording.seen), self.window, self.recipe.pace, random)
            windows.append(self._window(recording, frames, random.random() < self.recipe.flip))
        features, coordinates, counts, scales, root = (torch.stack(parts) for parts in zip(*windows))
        features, root = vary(features, root, self.recipe, random)
        return Batch(features, coordinates, counts, scales, root)

    def _window(self, recording: Recording, frames: np.ndarray, flip: bool) -> Tuple[torch.Tensor, ...]:
        """Of a recording at fractions of its frames (T,)."""
        before, after = np.floor(frames).astype(int), np.ceil(frames).astype(int)
        share = torch.from_numpy((frames - before).astype(np.float32))

        def between(table: np.ndarray) -> torch.Tensor:
            one, other = torch.from_numpy(table[before]), torch.from_numpy(table[after])
            return torch.lerp(one, other, share.view(-1, *[1] * (one.dim() - 1)))

        root = between(recording.root).transpose(1, 2).reshape(-1, 9)[:, :6]
        truth = Guess(
            between(recording.coordinates),
            torch.from_numpy(recording.scales).expand(len(frames), -1, 3),
            rotation_from_6d(root),
        )
        met = (recording.counts | (not self.recipe.masked)) & recording.seen[:, None]
        counts = torch.from_numpy(met[before] & met[after])
        features = recording.features
        if flip:
            truth, features = mirrored_guess(truth, self.contract), recording.mirrored
            counts = counts[:, list(self.contract.mirrored)]
        return between(features), truth.coordinates, counts, truth.scales, truth.root

    def loss(self, network: nn.Module, batch: Any) -> Tuple[torch.Tensor, Mapping[str, Union[float, torch.Tensor]]]:
        features, coordinates, counts, scales, root = batch
        guess = network(features)
        seen = counts.any(dim=2)
        parts = self._parts(guess, Guess(coordinates, scales, root), counts, seen)
        recipe = self.recipe
        weights = (
            recipe.joint_weight,
            recipe.marker_weight,
            recipe.body_weight,
            recipe.angle_weight,
            recipe.pelvis_weight,
        )
        error = torch.rad2deg((guess.coordinates - coordinates).abs()[counts].mean())
        total = torch.stack([weight * part for weight, part in zip(weights, parts)]).sum()
        return total, {"degrees": error, "joints_mm": 1000 * parts[0].sqrt() if recipe.squared else 1000 * parts[0]}

    def _parts(self, guess: Guess, truth: Guess, counts: torch.Tensor, seen: torch.Tensor) -> Tuple[torch.Tensor, ...]:
        """Losses of joints, markers, bodies, angles and the pelvis."""
        ours, theirs = (self.points(*(part[seen][::POINTS_EVERY] for part in one)) for one in (guess, truth))
        apart = (ours - theirs).square() if self.recipe.squared else (ours - theirs).abs()
        smooth = nn.functional.smooth_l1_loss
        return (
            apart[:, : self.points.joints].mean(),
            apart[:, self.points.joints :].mean(),
            smooth(guess.scales[seen], truth.scales[seen], beta=SCALE_BEND),
            smooth(guess.coordinates[counts], truth.coordinates[counts], beta=float(ANGLE_BEND)),
            (guess.root[seen] - truth.root[seen]).abs().mean(),
        )

    def watch(self, network: nn.Module) -> Dict[str, float]:
        if not self.watched:
            return {}
        errors = []
        for recording in self.watched:
            guess = network(torch.from_numpy(recording.features)[None].to(self.device))
            counts = recording.counts & recording.seen[:, None]
            errors.append(np.abs(guess.coordinates[0].cpu().numpy() - recording.coordinates)[counts])
        return {"validation_loss": float(np.degrees(np.concatenate(errors).mean()))}


class MarkersTask(KinematicsTask):
    """The baseline without the skeleton's layer: the losses of points alone."""

    def __init__(
        self, model: Model, divided: Mapping[str, List[Recording]], recipe: KinematicsRecipe, device: str = "cpu"
    ):
        super().__init__(model, divided, recipe, device)
        self.contract = replace(self.contract, points=self.points.names)

    def make_network(self) -> nn.Module:
        network = MarkersNetwork(self.recipe, self.contract)
        network.start_at(torch.stack([self._usual(one) for one in self.learned]).mean(dim=0))
        return network

    def _usual(self, recording: Recording) -> torch.Tensor:
        """The mean of the points (P, 3), in the axes that they are answered in."""
        points = self._true(recording)
        if self.recipe.body_frame:
            points = points @ frame_of(torch.from_numpy(recording.features))
        return points.mean(dim=0)

    def _true(self, recording: Recording) -> torch.Tensor:
        scales = torch.from_numpy(recording.scales).expand(len(recording.seen), -1, 3)
        parts = (torch.from_numpy(recording.coordinates), scales, torch.from_numpy(recording.root))
        return self.points(*(part.to(self.device) for part in parts)).cpu()

    def loss(self, network: nn.Module, batch: Any) -> Tuple[torch.Tensor, Mapping[str, Union[float, torch.Tensor]]]:
        features, coordinates, counts, scales, root = batch
        seen = counts.any(dim=2)
        truth = self.points(*(part[seen][::POINTS_EVERY] for part in (coordinates, scales, root)))
        apart = network(features)[0][seen][::POINTS_EVERY] - truth
        apart = apart.square() if self.recipe.squared else apart.abs()
        joints, markers = apart[:, : self.points.joints].mean(), apart[:, self.points.joints :].mean()
        total = self.recipe.joint_weight * joints + self.recipe.marker_weight * markers
        return total, {"joints_mm": 1000 * joints.sqrt() if self.recipe.squared else 1000 * joints}

    def watch(self, network: nn.Module) -> Dict[str, float]:
        if not self.watched:
            return {}
        errors = []
        for recording in self.watched:
            points = network(torch.from_numpy(recording.features)[None].to(self.device))[0][0].cpu()
            seen = torch.from_numpy((recording.counts & recording.seen[:, None]).any(axis=1))
            errors.append((points - self._true(recording)).norm(dim=2)[seen].flatten())
        return {"validation_loss": 1000 * float(torch.cat(errors).detach().mean())}


TASKS = {"kinematics": KinematicsTask, "markers": MarkersTask}
"""By the recipe's output."""


def train_on_films(
    folders: Sequence[str], recipe: KinematicsRecipe, out: str, device: str = "cpu"
) -> Tuple[str, Dict[str, int]]:
    """Train on folders of films, or go on with a training that was interrupted.

    Args:
        folders: of films with their true kinematics.
        recipe: what to train.
        out: folder for the model, the log and the curves.
        device: "cpu" or "cuda".

    Returns:
        Path of the model file, and how many people were learned from, watched and kept.

    Raises:
        RehabCoachError: no such films or device, too few people, films at another rate, or `out` belongs to another
            training, or to one that is finished.
    """
    make_folder(out)
    path = os.path.join(out, MODEL)
    if os.path.exists(path) and not os.path.exists(os.path.join(out, CHECKPOINT)):
        raise RehabCoachError("%s holds a finished run: give another --out" % out)
    with join(device) as processes:
        backbone = backbone_of(recipe, processes.device)
        weights = backbone.weights if backbone else ""
        model, recordings = read_films(*folders, backbone=backbone)
        check_rate(recordings, recipe.rate)
        divided = split(recordings, recipe.validation, recipe.test, recipe.seed)
        task = TASKS[recipe.output](model, divided, recipe, processes.device)
        films = sorted(os.path.join(one.folder, one.name) for one in recordings)
        identity = "%s %s%s" % (as_dict(recipe), films, weights)
        network, _ = train(task, recipe.options(), out, "training", identity, processes)
    met = sorted({one.body for one in (*task.learned, *task.watched)})
    contract = replace(task.contract, met=met, backbone_sha256=weights)
    if isinstance(network, KinematicsNetwork):
        landmarks = find_landmarks(model, contract, task.learned)
        contract = replace(contract, model=values_of(model), landmarks=landmarks._asdict())
        contract = with_errors(contract, network, task.watched or task.learned)
    save_network(path, cast(FrameNetwork, network), contract)
    forget_checkpoint(out)
    return path, {kind: len({(one.folder, one.person) for one in group}) for kind, group in divided.items()}


def with_errors(
    contract: KinematicsContract, network: KinematicsNetwork, recordings: List[Recording]
) -> KinematicsContract:
    """The contract with the errors in recordings of which nothing was learned: the network's, then the refined."""
    given = [answer_features(network, contract, one.features, one.mirrored) for one in recordings]
    turns = [
        Rotation.from_matrix(np.swapaxes(one.root, 1, 2) @ guess.root).as_rotvec()
        for guess, one in zip(given, recordings)
    ]
    contract = replace(contract, guess_error=_usual(given, recordings, turns, contract.mirrored))
    fit = PictureFit(contract)
    given = [fit(one.sequence, guess) for guess, one in zip(given, recordings)]
    turns = [
        (pelvis_angles(guess.root) - pelvis_angles(one.root) + np.pi) % (2 * np.pi) - np.pi
        for guess, one in zip(given, recordings)
    ]
    error = _usual(given, recordings, turns, contract.mirrored)
    return replace(contract, error=error[: -len(PELVIS)], pelvis_error=error[-len(PELVIS) :])


def _usual(
    given: List[Answer], recordings: List[Recording], turns: List[np.ndarray], mirrored: Sequence[int]
) -> List[float]:
    """Root mean square errors of all coordinates and of turns (T, 3) of the pelvis, the same on both sides."""
    errors = []
    for guess, one, turn in zip(given, recordings, turns):
        counts = one.counts & one.seen[:, None]
        own = np.where(counts, guess.coordinates - one.coordinates, np.nan)
        errors.append(np.concatenate([own, np.where(counts.any(axis=1, keepdims=True), turn, np.nan)], axis=1))
    squares = np.concatenate(errors) ** 2
    # A mirror image is answered by the mirrored kinematics, so the other side's errors are errors of this one, too.
    squares = np.concatenate([squares, squares[:, [*mirrored, *range(len(mirrored), squares.shape[1])]]])
    known = np.isfinite(squares)
    return np.sqrt(np.where(known, squares, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)).tolist()


def check_rate(recordings: List[Recording], rate: float) -> None:
    """RehabCoachError where a film has another rate than the network."""
    for recording in recordings:
        if abs(recording.sequence.rate - rate) > 0.05 * rate:
            raise RehabCoachError(
                "%s has %.1f frames a second, the recipe %g: render films with that rate, or change the recipe"
                % (recording.name, recording.sequence.rate, rate)
            )
