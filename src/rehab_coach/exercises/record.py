"""What there is to say about one exercise."""

from dataclasses import dataclass, field
from typing import Mapping, NamedTuple, Optional, Tuple

ENGLISH = "en"


class Figure(NamedTuple):
    """A small moving figure.

    Attributes:
        poses: two or more along the movement; each the x, y of eleven joints in percent of a square: head, neck, hip,
            elbow, hand, elbow, hand, knee, foot, knee, foot.
        equipment: words of floor, barbell, bar.
    """

    poses: Tuple[str, ...]
    equipment: str = "floor"


@dataclass(frozen=True, eq=False)
class Exercise:
    """One exercise. Of one that no catalogue knows only the label is given; the defaults are what then holds.

    Attributes:
        label: how models, data and messages call it, see `labels.check_label`.
        names: language code -> its name, and as in "please do ...": ("squat", "a squat").
        figure: what the screen shows while the exercise is asked for; None: a figure that stands.
        picture: file that is shown instead; "": none.
        signal: measures that count its repetitions, one of `kinematics.repetitions.signal.MEASURES`; None: whatever the
            body does most.
        travels: the person walks in it, so that a change of place is no reason to count nothing.
        sided_angle: angle, without its side, whose left and right ranges are compared; "": one-sided by nature, or not
            known.
        rules: rules of its form, one of `kinematics.form.rules.RULES` and of config/form.yaml; None: it is not judged.
        motion: of the virtual patient, one of `simulation.motions.KINDS`; None: she cannot do it.
        variants: further motions of hers that are this exercise as well.
        aliases: what other data sets call it.
        angle: angle, without its side, that tells most about it in a report; "": none.
    """

    label: str
    names: Mapping[str, Tuple[str, str]] = field(default_factory=dict)
    figure: Optional[Figure] = None
    picture: str = ""
    signal: Optional[str] = None
    travels: bool = False
    sided_angle: str = ""
    rules: Optional[str] = None
    motion: Optional[str] = None
    variants: Tuple[str, ...] = ()
    aliases: Tuple[str, ...] = ()
    angle: str = ""

    @property
    def spoken(self) -> Tuple[str, str]:
        """Its name, and with an article, where its language has none: in English, else from the label."""
        words = self.label.replace("_", " ")
        return self.names.get(ENGLISH, (words, words))
