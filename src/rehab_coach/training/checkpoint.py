"""What is needed to go on with a training that was interrupted, in one file that is whole or not there."""

import contextlib
import io
import os
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional

import torch

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import written_whole

CHECKPOINT = "checkpoint.pt"


@dataclass
class Progress:
    """How far a training is.

    Attributes:
        step: optimiser steps done.
        seconds: time spent in training so far, over all resumptions.
        history: the lines of log.csv.
        best_loss: lowest validation loss so far.
        best_line: number of its line in the history.
        plateaus: how often the validation loss did not fall for a while, so that the learning rate was lowered.
        last_plateau: number of the line of the last of them.
        stopped: the validation loss did not fall any more.
    """

    step: int = 0
    seconds: float = 0.0
    history: List[Dict[str, float]] = field(default_factory=list)
    best_loss: float = float("inf")
    best_line: int = -1
    plateaus: int = 0
    last_plateau: int = -1
    stopped: bool = False

    def add(self, line: Dict[str, float], validation_loss: float) -> bool:
        """Note a line of the log; whether its validation loss is the lowest so far (NaN: there is none)."""
        self.history.append(line)
        lowest = validation_loss < self.best_loss
        if lowest:
            self.best_loss, self.best_line = validation_loss, len(self.history) - 1
        return lowest

    def note_plateau(self, lines: int) -> None:
        """Count a plateau where so many lines came since the lowest validation loss and since the last plateau."""
        line = len(self.history) - 1
        if line - max(self.best_line, self.last_plateau) >= lines:
            self.plateaus, self.last_plateau = self.plateaus + 1, line

    @property
    def lines_since_best(self) -> int:
        """Lines after that of the lowest validation loss; all of them if there was none."""
        return len(self.history) - 1 - self.best_line


def save_checkpoint(
    folder: str, parts: Dict[str, Any], progress: Progress, best: Optional[Dict[str, torch.Tensor]], identity: str
) -> None:
    """Write the state of network, optimiser ..., of chance, and how far the training is.

    Raises:
        RehabCoachError: it cannot be written (the disk is full ...); the one before stays.
    """
    state: Dict[str, Any] = {name: part.state_dict() for name, part in parts.items()}
    state.update(progress=dict(vars(progress)), best=best, identity=identity, chance=_chance())
    content = io.BytesIO()  # torch.save on a full disk raises something of its own
    torch.save(state, content)
    with written_whole(os.path.join(folder, CHECKPOINT)) as temporary, open(temporary, "wb") as stream:
        stream.write(content.getbuffer())


def load_checkpoint(folder: str, parts: Dict[str, Any], identity: str) -> Optional[Dict[str, Any]]:
    """Put the parts into the state of the folder's checkpoint.

    Returns:
        "progress", "best" and "chance" of it; None if there is no checkpoint.

    Raises:
        RehabCoachError: it is broken, or of another recipe, data or seed.
    """
    path = os.path.join(folder, CHECKPOINT)
    if not os.path.exists(path):
        return None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        if state["identity"] != identity:
            raise RehabCoachError(
                "%s belongs to another recipe, data or seed: give another --out, or remove it to begin anew" % path
            )
        for name, part in parts.items():
            part.load_state_dict(state[name])
        return {"progress": Progress(**state["progress"]), "best": state["best"], "chance": state["chance"]}
    except RehabCoachError:
        raise
    except Exception as error:  # a damaged file raises nearly anything
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RehabCoachError("%s cannot be read (%s): remove it to begin anew" % (path, reason)) from error


def forget_checkpoint(folder: str) -> None:
    """Remove the checkpoint of a training whose result is safe."""
    with contextlib.suppress(FileNotFoundError):
        os.remove(os.path.join(folder, CHECKPOINT))


def _chance() -> List[torch.Tensor]:
    """State of PyTorch's random numbers (dropout), of the CPU and of every GPU."""
    return [torch.get_rng_state()] + (torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [])


def restore_chance(chance: List[torch.Tensor]) -> None:
    """Go on with the random numbers of a checkpoint."""
    torch.set_rng_state(chance[0])
    if torch.cuda.is_available() and len(chance) == torch.cuda.device_count() + 1:
        torch.cuda.set_rng_state_all(chance[1:])
