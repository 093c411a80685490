"""Functions of one coordinate as OpenSim's models have them, all brought to one form: polynomials in pieces."""

from dataclasses import dataclass
from typing import Callable, Dict
from xml.etree.ElementTree import Element

import numpy as np

from rehab_coach.errors import RehabCoachError

CLOSE = 1e-7
"""As OpenSim: knots are never taken to be nearer than this."""


@dataclass(frozen=True, eq=False)
class Function:
    """A polynomial in pieces.

    Attributes:
        starts: float64 (K,), increasing. Piece k is taken above starts[k], piece 0 also below.
        coefficients: float64 (K, D), of powers 0 to D - 1 of (x - starts[k]).
    """

    starts: np.ndarray
    coefficients: np.ndarray

    @property
    def is_linear(self) -> bool:
        """Whether one straight line is all of it."""
        return self.coefficients.shape[0] == 1 and self.coefficients.shape[1] <= 2 and self.starts[0] == 0

    def times(self, factor: float) -> "Function":
        """The same function, multiplied."""
        return Function(self.starts, self.coefficients * factor)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Values at x, of x's shape."""
        x = np.asarray(x, np.float64)
        piece = np.maximum((x[..., None] > self.starts).sum(-1) - 1, 0)
        powers = (x - self.starts[piece])[..., None] ** np.arange(self.coefficients.shape[1])
        return (self.coefficients[piece] * powers).sum(-1)


def polynomial(*coefficients: float) -> Function:
    """One polynomial, the constant first."""
    return Function(np.zeros(1), np.array([coefficients], np.float64))


ZERO, IDENTITY = polynomial(0.0), polynomial(0.0, 1.0)


def piecewise_linear(x: np.ndarray, y: np.ndarray) -> Function:
    """Straight lines between points (N,), going on as the first and the last."""
    if len(x) == 1:
        return polynomial(y[0])
    return Function(x[:-1], np.stack([y[:-1], np.diff(y) / np.diff(x)], axis=1))


def cubic_spline(x: np.ndarray, y: np.ndarray) -> Function:
    """OpenSim's SimmSpline: a cubic spline through points (N,), straight beyond both ends.

    The third derivative at each end is that of the cubic through the four points there (Forsythe, Malcolm and Moler
    1977, Computer Methods for Mathematical Computations, chapter 4).
    """
    count = len(x)
    if count < 3:
        return piecewise_linear(x, y)
    step = np.maximum(np.diff(x), CLOSE)
    slope = np.diff(y) / step
    # The unknowns are a sixth of the second derivatives at the points.
    matrix = np.diag(np.concatenate([[-step[0]], 2 * (step[:-1] + step[1:]), [-step[-1]]]))
    matrix += np.diag(step, 1) + np.diag(step, -1)
    right = np.concatenate([[0.0], np.diff(slope), [0.0]])
    if count > 3:
        third = np.diff(np.diff(slope) / (x[2:] - x[:-2])) / (x[3:] - x[:-3])  # divided differences
        right[0], right[-1] = step[0] ** 2 * third[0], -(step[-1] ** 2) * third[-1]
    bend = np.linalg.solve(matrix, right)
    first = slope - step * (bend[1:] + 2 * bend[:-1])
    last = slope[-1] + step[-1] * (bend[-2] + 2 * bend[-1])
    inside = np.stack([y[:-1], first, 3 * bend[:-1], np.diff(bend) / step], axis=1)
    before, after = np.array([[y[0], first[0], 0, 0]]), np.array([[y[-1], last, 0, 0]])
    return Function(np.concatenate([x[:1], x]), np.concatenate([before, inside, after]))


def read_function(element: Element) -> Function:
    """The function that an XML element of a model file describes.

    Raises:
        RehabCoachError: not a function that is known here, or not a function of one coordinate.
    """
    reader = _READERS.get(element.tag)
    if reader is None:
        raise RehabCoachError("the function %s is not known (known: %s)" % (element.tag, ", ".join(sorted(_READERS))))
    return reader(element)


def numbers(element: Element, tag: str) -> np.ndarray:
    """The numbers (N,) of a child, none where it is missing.

    Raises:
        RehabCoachError: something else stands there.
    """
    text = element.findtext(tag) or ""
    try:
        values = np.array(text.split(), np.float64)
    except ValueError as error:
        raise RehabCoachError("<%s> of %s holds something that is not a number" % (tag, element.tag)) from error
    if not np.isfinite(values).all():
        raise RehabCoachError("<%s> of %s is not finite" % (tag, element.tag))
    return values


def _constant(element: Element) -> Function:
    value = numbers(element, "value")
    return polynomial(value[0] if len(value) else 0.0)


def _linear(element: Element) -> Function:
    coefficients = numbers(element, "coefficients")
    if len(coefficients) not in (0, 2):
        raise RehabCoachError("a LinearFunction of several coordinates is not supported")
    return polynomial(*coefficients[::-1]) if len(coefficients) else IDENTITY


def _polynomial(element: Element) -> Function:
    coefficients = numbers(element, "coefficients")
    return polynomial(*coefficients[::-1]) if len(coefficients) else ZERO


def _through_points(make: Callable[[np.ndarray, np.ndarray], Function]) -> Callable[[Element], Function]:
    def read(element: Element) -> Function:
        x, y = numbers(element, "x"), numbers(element, "y")
        if len(x) != len(y) or not len(x) or (np.diff(x) <= 0).any():
            raise RehabCoachError("a %s needs as many <y> as <x>, and increasing <x>" % element.tag)
        return make(x, y)

    return read


def _multiplier(element: Element) -> Function:
    wrapped = element.find("function")  # before OpenSim 4
    inner = [child for child in element if child.tag not in ("scale", "function")] if wrapped is None else list(wrapped)
    if not inner:
        raise RehabCoachError("a MultiplierFunction holds no function")
    scale = numbers(element, "scale")
    return read_function(inner[0]).times(scale[0] if len(scale) else 1.0)


_READERS: Dict[str, Callable[[Element], Function]] = {
    "Constant": _constant,
    "LinearFunction": _linear,
    "PolynomialFunction": _polynomial,
    "PiecewiseLinearFunction": _through_points(piecewise_linear),
    "SimmSpline": _through_points(cubic_spline),
    "NaturalCubicSpline": _through_points(cubic_spline),  # its name before OpenSim 3
    "natCubicSpline": _through_points(cubic_spline),
    "MultiplierFunction": _multiplier,
}
