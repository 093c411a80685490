"""The option --size of several commands."""

import argparse
from typing import Callable, Tuple

Size = Tuple[int, int]


def size_between(smallest: Size, largest: Size) -> Callable[[str], Size]:
    """What makes (width, height) in pixels of a text like 640x480, for argparse's `type`."""

    def size(text: str) -> Size:
        width, _, height = text.lower().partition("x")
        if width.isdecimal() and height.isdecimal():
            made = int(width), int(height)
            if all(low <= side <= high for low, side, high in zip(smallest, made, largest)):
                return made
        raise argparse.ArgumentTypeError(
            "a size looks like 640x480, from %dx%d to %dx%d, not '%s'" % (*smallest, *largest, text)
        )

    return size
