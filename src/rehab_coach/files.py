"""Writing files so that a half-written one is never taken for a whole one."""

import contextlib
import os
from typing import Iterator

from rehab_coach.errors import RehabCoachError


@contextlib.contextmanager
def written_whole(path: str) -> Iterator[str]:
    """Give a temporary name beside `path` (same extension) and rename it to `path` when the block succeeds.

    Raises:
        RehabCoachError: the folder cannot be written or the disk is full; nothing is left behind.
    """
    path = os.fspath(path)
    folder, name = os.path.split(os.path.abspath(path))
    temporary = os.path.join(folder, ".partial-%d-%s" % (os.getpid(), name))
    try:
        os.makedirs(folder, exist_ok=True)
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise RehabCoachError("cannot write %s: %s" % (path, error.strerror or error)) from error
    finally:
        with contextlib.suppress(OSError):
            os.remove(temporary)
