"""Programs that start others end with them, also when they are told to by SIGTERM instead of Ctrl-C."""

import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from typing import Any


class Terminated(KeyboardInterrupt):
    """SIGTERM came; unlike Ctrl-C in a terminal it went to this process alone."""


def end_on_sigterm() -> None:
    """From now on SIGTERM raises `Terminated` in the main thread, so that every way out is taken that Ctrl-C takes."""

    def raise_it(*_) -> None:
        raise Terminated

    signal.signal(signal.SIGTERM, raise_it)


def end_when(ready: Any) -> None:
    """From now on this process ends, whatever it does, when a pipe's other end is closed or a sentinel is ready."""

    def watch() -> None:
        multiprocessing.connection.wait([ready])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def end_with_parent() -> None:
    """From now on this process, started by `multiprocessing`, ends when its parent is gone, even killed."""
    parent = multiprocessing.parent_process()
    if parent is None:
        raise RuntimeError("this process was not started by multiprocessing")
    end_when(parent.sentinel)
