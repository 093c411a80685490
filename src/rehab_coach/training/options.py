"""How a network is trained, whatever it is."""

from dataclasses import dataclass
from typing import Optional, Tuple

OPTIMISERS = ("adamw", "sgd", "rmsprop")
SCHEDULES = ("cosine", "steps", "plateau")
PRECISIONS = ("float32", "bfloat16")


@dataclass(frozen=True)
class TrainingOptions:
    """What the loop has to know besides the task.

    Attributes:
        steps: of the optimiser.
        seed: of the weights and of everything that is drawn from PyTorch's random numbers.
        batch: samples in a step, of all processes together; the log counts them.
        log_every: steps between two lines of the log; the last step has one too.
        optimiser: "adamw", "sgd" (Nesterov momentum 0.9) or "rmsprop".
        learning_rate: its highest value; rises linearly for `warm_up`.
        schedule: what it does then: "cosine" falls to zero, "steps" is multiplied by `step_factor` at each of
            `milestones`, "plateau" each time that no lower "validation_loss" came for `plateau` lines of the log.
        warm_up: part of the steps.
        milestones: steps, rising.
        step_factor, plateau: see `schedule`.
        weight_decay: for weights, not for biases and normalisation.
        freeze: first part of the steps in which only the `output_layers` learn.
        unfreeze_factor: of the learning rate after that.
        output_layers: names of children of the network.
        gradient_limit: largest norm of the gradients, which are scaled down to it; None: no limit.
        weight_average: decay per step of the moving average of the weights that is the result; 0: the last weights.
        precision: "float32" or "bfloat16" (automatic mixed precision).
        patience: lines of the log without a lower "validation_loss" after which the training ends; 0 = never.

    Raises:
        ValueError: a value that the loop does not know.
    """

    steps: int
    seed: int = 0
    batch: int = 1
    log_every: int = 100
    optimiser: str = "adamw"
    learning_rate: float = 1e-3
    schedule: str = "cosine"
    warm_up: float = 0.0
    milestones: Tuple[int, ...] = ()
    step_factor: float = 0.1
    plateau: int = 5
    weight_decay: float = 0.01
    freeze: float = 0.0
    unfreeze_factor: float = 1.0
    output_layers: Tuple[str, ...] = ()
    gradient_limit: Optional[float] = 5.0
    weight_average: float = 0.0
    precision: str = "float32"
    patience: int = 0

    def __post_init__(self):
        choices = {"optimiser": OPTIMISERS, "schedule": SCHEDULES, "precision": PRECISIONS}
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise ValueError("%s must be one of %s, not %r" % (name, ", ".join(allowed), getattr(self, name)))
        if self.steps < 1 or self.log_every < 1:
            raise ValueError("steps %r and log_every %r must be 1 or more" % (self.steps, self.log_every))
        if self.freeze and not self.output_layers:
            raise ValueError("freeze needs output_layers: the names of the parts that learn meanwhile")
