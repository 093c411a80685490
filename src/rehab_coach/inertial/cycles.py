"""Cycles of a movement: one repetition or one stride, each put on the same number of moments.

The way of Prabhu, Tietz and Ta, "Classifying humans using deep time-series transfer learning" (MileTS 2019): a cycle
is cut out, put on 100 moments, and the magnitude is the fourth row.
"""

from dataclasses import dataclass, replace
from typing import List, Sequence, Tuple

import numpy as np
from scipy.signal import butter, find_peaks, sosfiltfilt

from rehab_coach.inertial.series import SENSORS, InertialSeries, SensorError

LENGTH = 100
"""Moments of a cycle."""

SHORTEST, LONGEST = 0.5, 8.0
"""Seconds of one cycle: a quick stride, a slow squat."""

FINE_RATE = 50.0
"""Samples per second at which cycles are looked for."""

SMOOTHEST = 3.0
"""Hz above which nothing helps to find where a cycle begins."""

MOST_TURN, LEAST_TURN = 4 * np.pi, np.radians(3)
"""rad by which a repetition turns the sensor at most and at least, there and back. Recordings of the public sets have
9 to 540 degrees; degrees per second that are taken for rad/s have 57 times as much."""

CLEAREST = 0.5
"""Autocorrelation of the movement at its period from which it counts as repeated."""


@dataclass(frozen=True, eq=False)
class Cycles:
    """Cycles of one movement.

    Attributes:
        values: float32 (n, 4 or 8, 100): for each sensor x, y, z and magnitude, the accelerometer (m/s2) first, then
            the gyroscope (rad/s).
        sensors: names of the sensors, a part of `SENSORS` in its order.

    Raises:
        ValueError: shapes that do not fit each other.
    """

    values: np.ndarray
    sensors: Tuple[str, ...]

    def __post_init__(self):
        values = np.asarray(self.values, np.float32)
        sensors = tuple(self.sensors)
        if list(sensors) != [name for name in SENSORS if name in sensors] or not sensors:
            raise ValueError("sensors %s must be of %s, in that order" % (sensors, SENSORS))
        if values.ndim != 3 or values.shape[1:] != (4 * len(sensors), LENGTH) or not np.isfinite(values).all():
            raise ValueError("cycles %s of %d sensors must be finite (n, 4 or 8, 100)" % (values.shape, len(sensors)))
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "sensors", sensors)

    def __len__(self) -> int:
        return len(self.values)

    def of(self, sensor: str) -> np.ndarray:
        """float32 (n, 4, 100) of one sensor; ValueError where it did not measure."""
        begin = 4 * self.sensors.index(sensor)
        return self.values[:, begin : begin + 4]

    def only(self, *sensors: str) -> "Cycles":
        """The same cycles with fewer sensors."""
        kept = [name for name in self.sensors if name in sensors]
        return replace(self, values=np.concatenate([self.of(name) for name in kept], axis=1), sensors=tuple(kept))


def cut_spans(series: InertialSeries, spans: Sequence[Tuple[float, float]]) -> Cycles:
    """Cycles whose beginnings and ends are known.

    Args:
        series: rates may differ, and within one recording; values between samples are on a straight line.
        spans: begin and end of each in the series' seconds, begin < end.
    """
    channels = series.channels()
    values = np.empty((len(spans), channels.shape[1], LENGTH), np.float32)
    for number, (begin, end) in enumerate(spans):
        moments = np.linspace(begin, end, LENGTH)
        for row in range(channels.shape[1]):
            values[number, row] = np.interp(moments, series.times, channels[:, row])
    return Cycles(values, tuple(series.sensors))


def cut_cycles(series: InertialSeries) -> Cycles:
    """Find, cut and resample the repetitions of one movement.

    Raises:
        SensorError: the series cannot be used (see `InertialSeries.check`), nothing in it is repeated, or a repetition
            turns the sensor as no movement does.
    """
    series.check()
    spans = find_cycles(series)
    if not spans:
        raise SensorError(
            "nothing is repeated in this series: record three repetitions or more, without a stop or a turn, and cut "
            "off what comes before and after"
        )
    if series.gyroscope is not None:
        _check_turn(series.times, series.gyroscope, spans)
    return cut_spans(series, spans)


def _check_turn(times: np.ndarray, gyroscope: np.ndarray, spans: Sequence[Tuple[float, float]]) -> None:
    """Another unit of the angular velocity shows in how far a repetition turns the sensor, there and back."""
    speed = np.linalg.norm(gyroscope, axis=1)
    turned = np.concatenate([[0], np.cumsum((speed[1:] + speed[:-1]) / 2 * np.diff(times))])
    begins, ends = np.transpose(spans)
    angle = float(np.median(np.interp(ends, times, turned) - np.interp(begins, times, turned)))
    if angle > MOST_TURN:
        raise SensorError(
            "the gyroscope turns by %.0f rad in a repetition, more than anybody does: is it in degrees per second?"
            % angle
        )
    if angle < LEAST_TURN:
        raise SensorError(
            "the gyroscope turns by %.1f degrees in a repetition, less than anybody moves: is it in rad/s already, and "
            "worn where the body moves?" % np.degrees(angle)
        )


def find_cycles(series: InertialSeries) -> List[Tuple[float, float]]:
    """Where a movement's repetitions begin and end, in seconds; empty where nothing is repeated.

    What changes most in the smoothed series is a line through its channels. Its autocorrelation says how long a cycle
    is, and its peaks where each begins.
    """
    moments = np.arange(series.times[0], series.times[-1], 1 / FINE_RATE)
    if len(moments) < 2 * SHORTEST * FINE_RATE:
        return []
    line = _main_line(series, moments)
    period = _period(line)
    if not period:
        return []
    peaks, _ = find_peaks(line, distance=max(1, int(0.6 * period)), prominence=0.5 * line.std())
    spans = [(float(moments[a]), float(moments[b])) for a, b in zip(peaks, peaks[1:])]
    return [(a, b) for a, b in spans if 0.6 * period < (b - a) * FINE_RATE < 1.6 * period]


def _main_line(series: InertialSeries, moments: np.ndarray) -> np.ndarray:
    """float64 (n,): the first principal component of the gyroscope, or without one of the accelerometer.

    A principal component has no sign of its own: the largest part of it is made positive, so that everybody's cycles
    begin at the same moment of the movement.
    """
    values = getattr(series, series.sensors[-1])
    smooth = butter(2, SMOOTHEST, fs=FINE_RATE, output="sos")
    rows = np.stack([np.interp(moments, series.times, values[:, axis]) for axis in range(3)], axis=1)
    rows = sosfiltfilt(smooth, rows - rows.mean(axis=0), axis=0)
    direction = np.linalg.eigh(rows.T @ rows)[1][:, -1]
    return rows @ (direction * np.sign(direction[np.abs(direction).argmax()]))


def _period(line: np.ndarray) -> int:
    """Samples of one cycle: the first clear peak of the autocorrelation; 0 where there is none."""
    centred = line - line.mean()
    size = len(centred)
    spectrum = np.fft.rfft(centred, 2 * size)
    autocorrelation = np.fft.irfft(spectrum * spectrum.conj())[:size]
    if not autocorrelation[0] > 0:
        return 0
    # The overlap shrinks with the shift; without this slow cycles in short recordings would never count.
    autocorrelation = autocorrelation / autocorrelation[0] * size / np.arange(size, 0, -1)
    longest = min(int(LONGEST * FINE_RATE), size // 2)
    peaks, _ = find_peaks(autocorrelation[:longest], height=CLEAREST)
    peaks = peaks[peaks >= SHORTEST * FINE_RATE]
    if not len(peaks):
        return 0
    heights = autocorrelation[peaks]
    return int(peaks[np.flatnonzero(heights >= 0.8 * heights.max())[0]])
