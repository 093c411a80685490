import numpy as np
import pygame
import pytest

from rehab_coach.display import figures
from rehab_coach.errors import RehabCoachError
from rehab_coach.exercises import EXERCISES, registry


def alpha(label, step):
    return pygame.surfarray.array_alpha(figures.figure(label, step, 120, (255, 255, 255))).T


@pytest.mark.parametrize("label", EXERCISES)
def test_every_exercise_has_a_figure_that_moves_and_stays_in_its_square(label):
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


def test_of_an_exercise_without_a_figure_somebody_stands_there():
    assert (alpha("cartwheel", 0) == alpha("cartwheel", 8)).all() and 0.05 < (alpha("cartwheel", 0) > 0).mean() < 0.4


def test_a_picture_of_ones_own_is_shown_whole_and_in_the_middle(tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "_own", {})
    path = str(tmp_path / "wheel.png")
    wide = pygame.Surface((300, 100))
    wide.fill((10, 200, 30))
    pygame.image.save(wide, path)
    registry.add_own({"cartwheel": {"picture": path}})
    shown = figures.figure("cartwheel", 3, 90, (255, 255, 255))
    assert shown.get_size() == (90, 90) and np.allclose(shown.get_at((45, 45))[:3], (10, 200, 30), atol=3)
    assert shown.get_at((45, 10)).a == 0 and shown.get_bounding_rect() == (0, 30, 90, 30)


def test_a_picture_that_is_none_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "_own", {})
    path = tmp_path / "wheel.png"
    path.write_text("no picture")
    registry.add_own({"cartwheel": {"picture": str(path)}})
    with pytest.raises(RehabCoachError, match="cannot read the picture .*wheel.png.*PNG or JPEG"):
        figures.figure("cartwheel", 0, 91, (255, 255, 255))
