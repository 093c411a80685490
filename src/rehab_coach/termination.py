"""Programs that start others end with them, also when they are told to by SIGTERM instead of Ctrl-C."""

import signal


class Terminated(KeyboardInterrupt):
    """SIGTERM came; unlike Ctrl-C in a terminal it went to this process alone."""


def end_on_sigterm() -> None:
    """From now on SIGTERM raises `Terminated` in the main thread, so that every way out is taken that Ctrl-C takes."""

    def raise_it(*_) -> None:
        raise Terminated

    signal.signal(signal.SIGTERM, raise_it)
