import numpy as np
import pygame
import pytest

from rehab_coach.display import figures
from rehab_coach.robot.exercises import EXERCISES


def alpha(label, step):
    return pygame.surfarray.array_alpha(figures.figure(label, step, 120, (255, 255, 255))).T


@pytest.mark.parametrize("label", EXERCISES)
def test_every_exercise_has_a_figure_that_moves_and_stays_in_its_square(label):
    assert figures.has_figure(label)
    start, end = alpha(label, 0), alpha(label, figures.STEPS // 2)
    assert (np.abs(start.astype(int) - end) > 128).mean() > 0.03
    for step in range(figures.STEPS):
        drawn = alpha(label, step) > 0
        assert 0.05 < drawn.mean() < 0.4
        assert not drawn[0].any() and not drawn[:, 0].any() and not drawn[:, -1].any()


def test_the_movement_goes_there_and_back():
    assert (alpha("squat", 3) == alpha("squat", figures.STEPS - 3)).all()


def test_steps_follow_the_clock():
    assert [figures.step_at(time, period=1.6) for time in (0.0, 0.15, 0.85, 1.6, 3.25)] == [0, 1, 8, 0, 0]


def test_an_exercise_without_a_figure_is_known():
    assert not figures.has_figure("cartwheel")
