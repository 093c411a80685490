"""A recipe: one training in one flat YAML file. See config/recipes/kinematics."""

from dataclasses import asdict, dataclass, fields

from rehab_coach.errors import RehabCoachError
from rehab_coach.training.options import TrainingOptions
from rehab_coach.training.recipe_file import read_recipe

KEY_POINTS = "key_points"
BACKBONES = (KEY_POINTS, "resnext50_32x4d", "mobilenet_v2")
OUTPUTS = ("kinematics", "markers")
SEQUENCES = ("none", "lstm", "tcn", "transformer")
LIMITS = {
    "rate": (1, 120),
    "window": (1, 1000),
    "width": (8, 4096),
    "layers": (1, 12),
    "dropout": (0, 0.9),
    "flip": (0, 1),
    "noise": (0, 1),
    "turned": (0, 90),
    "wandering": (0, 1),
    "resized": (0, 1),
    "shifted": (0, 1),
    "lost": (0, 0.9),
    "pace": (1, 3),
    "steps": (1, 10**7),
    "batch": (1, 10**5),
    "seed": (0, 2**62),
    "log_every": (1, 10**6),
}


@dataclass(frozen=True)
class KinematicsRecipe:
    """Everything that decides what is trained.

    Attributes:
        output: "kinematics", or "markers" (joints and markers without the skeleton's layer, of which OpenSim then makes
            angles: the baseline of `evaluate-kinematics --markers`).
        backbone: what looks at a frame: "key_points" (BlazePose's alone), or a network of pictures at the person's
            surroundings, which is not trained, see `backbones`; the paper trains "resnext50_32x4d" with all the rest.
        backbone_weights: file of its weights.
        key_points: beside such a network BlazePose's key points are seen, too.
        sequence: what joins the frames: "none" (each by itself), "lstm" (both ways), "tcn" (convolutions, each layer
            twice as far apart), "transformer".
        body_frame: points in space are also seen from the body's own axes (hips and shoulders), from which the pelvis's
            rotation is answered then, too: the same pose looks the same from all sides.
        width: of the hidden layers. The paper's LSTM has 128, its authors' code 512.
        layers: of what joins the frames.
        dropout: in every layer.
        rate: frames per second.
        window: frames that are learned from, and looked at, together.
        joint_weight, marker_weight, body_weight, angle_weight: of the losses. The paper has 1, 2, 0.1 and 0.06, its
            authors' code 0.01 for the angles.
        pelvis_weight: of a loss of its own for the pelvis's rotation (the mean difference of the matrices' entries),
            which the paper has not: there points teach it.
        squared: mean square distances of points (the authors' sequence networks), else mean distances.
        masked: angles whose markers OpenSim did not meet are not learned from; nor measured, if `evaluate-kinematics`
            is not told otherwise. The authors' code measures all.
        flip: share of the windows that are mirrored.
        noise: standard deviation that is added to the features of each frame.
        turned: degrees, standard deviation by which a window is turned about each of the camera's axes.
        wandering: metres, standard deviation of each point's error that stays throughout a window; twice that in depth.
        resized: standard deviation of the factor by which points in space are too large or too small (0.1: 10 %).
        shifted: standard deviation by which the person stands elsewhere in the picture, in halves of it.
        lost: share of the frames in which nobody is seen.
        pace: a window is up to this many times faster or slower.
        steps, batch, learning_rate, weight_decay, weight_average, seed, log_every: see
            `rehab_coach.training.options`; a batch counts windows.
        validation: share of the people that nothing is learned from; the weights are those that did best on them.
        test: share of the people that are kept for `evaluate-kinematics`.
    """

    output: str = "kinematics"
    backbone: str = KEY_POINTS
    backbone_weights: str = ""
    key_points: bool = True
    sequence: str = "lstm"
    body_frame: bool = False
    width: int = 128
    layers: int = 2
    dropout: float = 0.1
    rate: float = 10.0
    window: int = 27
    joint_weight: float = 1.0
    marker_weight: float = 2.0
    body_weight: float = 0.1
    angle_weight: float = 0.06
    pelvis_weight: float = 0.0
    squared: bool = False
    masked: bool = True
    flip: float = 0.5
    noise: float = 0.01
    turned: float = 0.0
    wandering: float = 0.0
    resized: float = 0.0
    shifted: float = 0.0
    lost: float = 0.0
    pace: float = 1.0
    steps: int = 2000
    batch: int = 16
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    weight_average: float = 0.99
    seed: int = 0
    log_every: int = 100
    validation: float = 0.1
    test: float = 0.2

    def options(self) -> TrainingOptions:
        """How the loop trains it."""
        names = ("steps", "batch", "learning_rate", "weight_decay", "weight_average", "seed", "log_every")
        return TrainingOptions(warm_up=0.05, **{name: getattr(self, name) for name in names})


def make_recipe(values: dict) -> KinematicsRecipe:
    """A recipe from its entries; RehabCoachError names what is wrong in them."""
    known = {entry.name: entry for entry in fields(KinematicsRecipe)}
    for name, value in values.items():
        if name not in known:
            raise RehabCoachError("a recipe has no entry '%s'; known: %s" % (name, ", ".join(known)))
        usual = known[name].default
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        fits = number if isinstance(usual, float) else type(value) is type(usual)
        if not fits:
            raise RehabCoachError("%s must be like %r, not %r" % (name, usual, value))
        low, high = LIMITS.get(name, (0, 1e6))
        if number and not low <= value <= high:
            raise RehabCoachError("%s must be between %g and %g, not %g" % (name, low, high, value))
    recipe = KinematicsRecipe(**values)
    for name, choices in (("output", OUTPUTS), ("backbone", BACKBONES), ("sequence", SEQUENCES)):
        if getattr(recipe, name) not in choices:
            raise RehabCoachError("%s must be one of %s, not %s" % (name, ", ".join(choices), getattr(recipe, name)))
    if recipe.backbone == KEY_POINTS and not (recipe.key_points and not recipe.backbone_weights):
        raise RehabCoachError("key_points: false and backbone_weights belong to a backbone that looks at pictures")
    if recipe.backbone != KEY_POINTS and recipe.turned:
        raise RehabCoachError("turned must be 0 with the backbone %s: pictures do not turn" % recipe.backbone)
    if recipe.body_frame and not recipe.key_points:
        raise RehabCoachError("body_frame needs key_points: the body's axes are made of them")
    if recipe.sequence == "transformer" and recipe.width % 8:
        raise RehabCoachError("the width of a transformer must be a multiple of its 8 heads, not %d" % recipe.width)
    if recipe.validation + recipe.test >= 1 or not recipe.learning_rate:
        raise RehabCoachError("validation and test must leave people to learn from, and learning_rate be more than 0")
    return recipe


def load_recipe(path: str) -> KinematicsRecipe:
    """A recipe from a YAML file; RehabCoachError names what is wrong in it."""
    values = read_recipe(path)
    try:
        return make_recipe(values)
    except RehabCoachError as error:
        raise RehabCoachError("%s: %s" % (path, error)) from error


def as_dict(recipe: KinematicsRecipe) -> dict:
    """All entries, for a model's file."""
    return asdict(recipe)
