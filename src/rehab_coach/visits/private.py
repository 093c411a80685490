"""Files that hold something about a patient: readable by their owner only, and whole or not there."""

import contextlib
import os
from typing import IO, Any, Iterator

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import written_whole


@contextlib.contextmanager
def private_file(path: str, mode: str = "w", **options: Any) -> Iterator[IO]:
    """A file to write, mode 0600; it gets its name when the block succeeds.

    Args:
        path: the file; a folder that is missing is made, mode 0700.
        mode, options: as of `open`; text is UTF-8.

    Raises:
        RehabCoachError: the folder cannot be written or the disk is full.
    """
    if "b" not in mode:
        options.setdefault("encoding", "utf-8")
    try:
        os.makedirs(os.path.dirname(os.path.abspath(path)), mode=0o700, exist_ok=True)
    except OSError as error:
        raise RehabCoachError("cannot write %s: %s" % (path, error.strerror)) from error
    with written_whole(path) as temporary:
        with open(temporary, mode, opener=lambda name, flags: os.open(name, flags, 0o600), **options) as stream:
            yield stream
