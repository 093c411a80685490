import argparse

import pytest

from rehab_coach.cli.size import size_between

size = size_between((320, 240), (3840, 2160))


@pytest.mark.parametrize("text, made", [("640x480", (640, 480)), ("320X240", (320, 240)), ("3840x2160", (3840, 2160))])
def test_width_and_height(text, made):
    assert size(text) == made


@pytest.mark.parametrize("text", ("", "x", "640", "640x", "640x480x3", "-640x480", "6.4x480", "319x240", "640x2161"))
def test_anything_else_is_refused_with_the_limits(text):
    with pytest.raises(argparse.ArgumentTypeError, match="from 320x240 to 3840x2160"):
        size(text)
