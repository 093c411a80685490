"""A virtual sensor on a known movement measures what physics says."""

import numpy as np

from rehab_coach.inertial.series import GRAVITY
from rehab_coach.inertial.virtual import virtual_sensor

TIMES = np.arange(400) / 50.0
MIDDLE = slice(50, 350)  # the filter needs something on both sides


def axes_about_y(angle):
    zero, one = np.zeros_like(angle), np.ones_like(angle)
    return np.stack(
        [
            np.stack([np.cos(angle), zero, -np.sin(angle)], axis=1),
            np.stack([zero, one, zero], axis=1),
            np.stack([np.sin(angle), zero, np.cos(angle)], axis=1),
        ],
        axis=1,
    )


def test_at_rest_it_measures_gravity_upwards():
    one = virtual_sensor(TIMES, np.zeros((400, 3)), axes_about_y(np.full(400, 0.3)))
    np.testing.assert_allclose(one.gyroscope, 0, atol=1e-6)
    np.testing.assert_allclose(one.accelerometer[200], GRAVITY * np.array([-np.sin(0.3), 0, np.cos(0.3)]), atol=1e-6)


def test_turning_about_its_y_axis():
    angle = 0.5 * np.sin(2 * np.pi * 0.5 * TIMES)
    speed = 0.5 * 2 * np.pi * 0.5 * np.cos(2 * np.pi * 0.5 * TIMES)
    one = virtual_sensor(TIMES, np.zeros((400, 3)), axes_about_y(angle))
    np.testing.assert_allclose(one.gyroscope[MIDDLE, 1], speed[MIDDLE], atol=0.05)
    np.testing.assert_allclose(one.gyroscope[MIDDLE, [0]], 0, atol=1e-6)


def test_moving_up_and_down():
    height = 0.2 * np.sin(2 * np.pi * 0.5 * TIMES)
    places = np.stack([0 * height, 0 * height, height], axis=1)
    one = virtual_sensor(TIMES, places, axes_about_y(np.zeros(400)))
    wanted = GRAVITY - (2 * np.pi * 0.5) ** 2 * height
    np.testing.assert_allclose(one.accelerometer[MIDDLE, 2], wanted[MIDDLE], atol=0.05)
