"""A recipe of retraining: one flat YAML file that can be read from top to bottom."""

from dataclasses import asdict, dataclass, field, fields
from typing import Any, Dict, cast

from rehab_coach.errors import RehabCoachError
from rehab_coach.pose.network_file import MOBILENET_THIN
from rehab_coach.shrinking.backbones import BACKBONES
from rehab_coach.shrinking.mobilenet_thin import STAGES
from rehab_coach.training.options import PRECISIONS, TrainingOptions
from rehab_coach.training.recipe_file import read_recipe, typed

_RANGES = {  # inclusive
    "crops_each": (1, 10000),
    "size": (64, 512),
    "held_out": (0.05, 0.9),
    "labels": (0, 1),
    "worse": (0, 1),
    "keep": (0.1, 1),
    "frozen_layers": (0, 11),
    "steps": (1, 10**9),
    "batch": (1, 4096),
    "learning_rate": (1e-7, 1),
    "warm_up": (0, 0.5),
    "gradient_limit": (0.001, 10**6),
    "weight_average": (0, 0.99999),
    "seed": (0, 2**31),
    "log_every": (1, 10**9),
}


@dataclass(frozen=True)
class ShrinkRecipe:
    """How a network that is cut is retrained.

    Attributes:
        crops_each: crops of a clip, at most.
        size: side of a crop in pixels, a multiple of 8.
        held_out: part of the clips' groups that nothing is learned from.
        labels: part of the maps that comes from labels where a clip has some (see `rehab_coach.shrinking.crops`).
        worse: how much darker, paler, blurred, noisy the pictures are made, at most, 0..1; the maps stay as they were.
        backbone: "mobilenet_thin", or one of `rehab_coach.shrinking.backbones` instead of it.
        backbone_weights: file of that one's weights.
        keep: part of the channels that the backbone's widest layers keep (see `rehab_coach.shrinking.pruning`); 1: all.
        frozen_layers: the first layers of the backbone that keep their weights, 0 to 11 (besides the very first one of
            mobilenet_thin).
        stage_weights: of the losses of the stages that are kept, the first one 1; 1 where nothing is said.
        steps: of the optimiser.
        batch: crops in a step.
        learning_rate: its highest value, as a part of the weights (see
            `rehab_coach.shrinking.distillation.learn_relatively`); rises during `warm_up`, then a cosine to zero.
        warm_up: part of the steps.
        gradient_limit: largest norm of the gradients.
        weight_average: decay per step of the moving average of the weights that is the result.
        precision: "float32" or "bfloat16" (automatic mixed precision).
        seed: of everything random.
        log_every: steps between two lines of the log.
    """

    crops_each: int = 64
    size: int = 256
    held_out: float = 0.25
    labels: float = 0.0
    worse: float = 0.0
    backbone: str = MOBILENET_THIN.name
    backbone_weights: str = ""
    keep: float = 1.0
    frozen_layers: int = 4
    stage_weights: Dict[str, Any] = field(default_factory=dict)
    steps: int = 2000
    batch: int = 4
    learning_rate: float = 5e-5
    warm_up: float = 0.05
    gradient_limit: float = 1e4
    weight_average: float = 0.99
    precision: str = "float32"
    seed: int = 0
    log_every: int = 200

    def as_dict(self) -> Dict[str, Any]:
        """Plain values, for JSON and YAML."""
        return asdict(self)

    def stage_weight(self, stage: int) -> float:
        """Of a stage's loss."""
        return float(cast(Dict[int, float], self.stage_weights).get(stage, 1.0))

    @property
    def options(self) -> TrainingOptions:
        """For the training loop."""
        return TrainingOptions(
            steps=self.steps,
            seed=self.seed,
            batch=self.batch,
            log_every=self.log_every,
            learning_rate=self.learning_rate,
            warm_up=self.warm_up,
            weight_decay=0.0,
            gradient_limit=self.gradient_limit,
            weight_average=self.weight_average,
            precision=self.precision,
        )


def load_recipe(path: str) -> ShrinkRecipe:
    """Read and check a recipe of retraining; RehabCoachError names the file, the key and what is allowed."""
    values = read_recipe(path)
    known = {entry.name: entry.type for entry in fields(ShrinkRecipe)}
    try:
        unknown = sorted(set(map(str, values)) - set(known))
        if unknown:
            raise RehabCoachError("unknown key '%s'; allowed: %s" % (unknown[0], ", ".join(sorted(known))))
        recipe = ShrinkRecipe(**{key: typed(key, value, known[key]) for key, value in values.items()})
        _check(recipe)
    except RehabCoachError as error:
        raise RehabCoachError("%s: %s" % (path, error)) from error
    return recipe


def _check(recipe: ShrinkRecipe) -> None:
    values = recipe.as_dict()
    for key, (low, high) in _RANGES.items():
        if not low <= values[key] <= high:
            raise RehabCoachError("'%s' must be between %g and %g, not %r" % (key, low, high, values[key]))
    if recipe.size % 8:
        raise RehabCoachError("'size' must be a multiple of 8, not %d" % recipe.size)
    if recipe.precision not in PRECISIONS:
        raise RehabCoachError("'precision' must be one of %s, not %r" % (", ".join(PRECISIONS), recipe.precision))
    backbones = (MOBILENET_THIN.name, *BACKBONES)
    if recipe.backbone not in backbones:
        raise RehabCoachError("'backbone' must be one of %s, not %r" % (", ".join(backbones), recipe.backbone))
    if recipe.keep < 1 and recipe.backbone != MOBILENET_THIN.name:
        raise RehabCoachError("'keep' is for mobilenet_thin's own backbone: leave it out with %s" % recipe.backbone)
    for stage, weight in recipe.stage_weights.items():
        if not isinstance(stage, int) or not 1 <= stage <= STAGES:
            raise RehabCoachError("'stage_weights' must name stages from 1 to %d, not %r" % (STAGES, stage))
        if isinstance(weight, bool) or not isinstance(weight, (int, float)) or weight < 0:
            raise RehabCoachError("'stage_weights' must be numbers from 0 up, not %r" % (weight,))
