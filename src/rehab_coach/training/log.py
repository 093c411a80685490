"""What a training leaves to look at: log.csv, curves.png, TensorBoard's events."""

import csv
import os
from typing import Dict, Sequence

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import written_whole
from rehab_coach.training.curves import plot_curves

LOG, CURVES, TENSORBOARD = "log.csv", "curves.png", "tensorboard"


class TrainingLog:
    """Writes the lines of a training's history as they come.

    Args:
        folder: of the run.
        title: of the curves.
        step: first step that is still to come; what TensorBoard had of later ones, before an interruption, is void.
        changes: what is done to the batches of the training alone, for the legend of the curves.
    """

    def __init__(self, folder: str, title: str, step: int = 0, changes: str = ""):
        from torch.utils.tensorboard import SummaryWriter

        self._folder, self._title, self._changes = folder, title, changes
        try:
            self._events = SummaryWriter(os.path.join(folder, TENSORBOARD), purge_step=step)
        except OSError as error:
            raise RehabCoachError("cannot write to %s: %s" % (folder, error.strerror)) from error

    def write(self, history: Sequence[Dict[str, float]], step: int) -> None:
        """Write the whole log.csv anew, and the last line to TensorBoard.

        Raises:
            RehabCoachError: the disk is full, or the folder cannot be written.
        """
        with written_whole(os.path.join(self._folder, LOG)) as temporary:
            with open(temporary, "w", newline="", encoding="utf-8") as stream:
                writer = csv.DictWriter(stream, list(history[0]))
                writer.writeheader()
                writer.writerows({key: "%.6g" % value for key, value in line.items()} for line in history)
        try:
            for key, value in list(history[-1].items())[1:]:  # the first one counts
                if key != "seconds":
                    part, _, name = key.rpartition("_")
                    self._events.add_scalar("%s/%s" % (name, part or "training"), value, step)
            self._events.flush()
        except OSError as error:
            raise RehabCoachError("cannot write to %s: %s" % (self._folder, error.strerror)) from error

    def finish(self, history: Sequence[Dict[str, float]]) -> None:
        """Draw the curves and close the files."""
        if history:
            plot_curves(history, os.path.join(self._folder, CURVES), self._title, self._changes)
        self._events.close()
