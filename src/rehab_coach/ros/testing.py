"""What the tests of the nodes share."""

import time
from typing import Any, Callable

PATIENCE = 150.0
"""Seconds: only a bound for what must come. Test machines are slow and busy."""


def wait_for(condition: Callable[[], Any], what: str, patience: float = PATIENCE) -> None:
    """Wait until a condition holds; AssertionError says what did not come in time."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("waited %.0f s in vain for %s" % (patience, what))
        time.sleep(0.01)
