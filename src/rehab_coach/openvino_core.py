"""OpenVINO's core, one for the whole process."""

from functools import lru_cache
from threading import Lock
from typing import Any

_MAKING = Lock()  # two first calls at once would make two


def openvino_core() -> Any:
    """The `openvino.Core` that reads and compiles all networks; ImportError where OpenVINO is not installed.

    The core of the processor gives the thread that makes it a stack for signals, and takes it away in the thread that
    drops it. Where that is another one, the next signal (Ctrl-C, a child that ends) would end the process by a
    segmentation fault. So it is never dropped.
    """
    with _MAKING:
        return _made()


@lru_cache(maxsize=None)
def _made() -> Any:
    from openvino import Core

    return Core()
