"""Writing files so that a half-written one is never taken for a whole one; reading tables."""

import contextlib
import csv
import fcntl
import os
import tempfile
from typing import IO, Any, Dict, Iterable, Iterator, List

from rehab_coach.errors import RehabCoachError

LOCK = ".lock"
"""Name of the file in a folder that `locked` locks."""
PLAN = "plan.json"
"""What `rehab-coach render --plan` begins its folder with; the table comes last."""


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


@contextlib.contextmanager
def private_file(path: str, mode: str = "w", **options: Any) -> Iterator[IO]:
    """A file about a patient, for its owner alone (mode 0600); it gets its name when the block succeeds.

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


def make_folder(path: str) -> None:
    """Make a folder if it is not there; RehabCoachError before long work whose results could not be kept."""
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        raise RehabCoachError("cannot write %s: %s" % (path, error.strerror or error)) from error


def make_temporary_folder() -> str:
    """A folder of one's own, to be removed by the caller; RehabCoachError where no disk has room for any."""
    try:
        return tempfile.mkdtemp(prefix="rehab_coach_")
    except OSError as error:
        raise RehabCoachError(
            "cannot write temporary files: free some space on the disk of %s, or set TMPDIR to a folder on another one"
            % os.environ.get("TMPDIR", "/tmp")
        ) from error


def check_writable(folder: str) -> None:
    """RehabCoachError where a folder, there or not yet, could not be written; nothing is made."""
    place = os.path.abspath(folder)
    while not os.path.lexists(place):
        place = os.path.dirname(place)
    if not os.path.isdir(place):
        raise RehabCoachError("cannot write %s: %s is no folder" % (folder, place))
    if not os.access(place, os.W_OK | os.X_OK):
        raise RehabCoachError("cannot write %s: this user may not write in %s" % (folder, place))


@contextlib.contextmanager
def locked(folder: str) -> Iterator[None]:
    """Make a folder and keep every other process out that would lock it too, until the block ends or this process dies.

    Raises:
        RehabCoachError: the folder cannot be made or written, or another process has it.
    """
    make_folder(folder)
    try:
        stream = open(os.path.join(folder, LOCK), "w")
    except OSError as error:
        raise RehabCoachError("cannot write %s: %s" % (folder, error.strerror or error)) from error
    with stream:
        try:
            # Unlike flock's, this lock is not shared with children, who may outlive a killed process by a moment.
            fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError) as error:
            raise RehabCoachError("another run is working in %s" % folder) from error
        yield


def read_table(path: str, columns: Iterable[str]) -> List[Dict[str, str]]:
    """Rows of a CSV file that must have these columns; RehabCoachError says which one is missing.

    Commas, semicolons (as spreadsheets write where the comma is in numbers) or tabs may be between them.
    """
    try:
        with open(os.fspath(path), newline="", encoding="utf-8-sig") as stream:
            delimiter = max(",;\t", key=stream.readline().count)
            stream.seek(0)
            reader = csv.DictReader(stream, delimiter=delimiter)
            reader.fieldnames = header = [name.strip() for name in reader.fieldnames or []]
            rows = [{key: (value or "").strip() for key, value in row.items() if key} for row in reader]
    except OSError as error:
        raise RehabCoachError("cannot read %s: %s" % (path, error.strerror)) from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise RehabCoachError("%s is not a CSV file in UTF-8: %s" % (path, error)) from error
    if not header:
        raise RehabCoachError("%s is empty" % path)
    twice = [column for number, column in enumerate(header) if column and column in header[:number]]
    if twice:
        raise RehabCoachError("%s has the column '%s' twice" % (path, twice[0]))
    missing = [column for column in columns if column not in header]
    if missing:
        raise RehabCoachError("%s has no column '%s' (its columns: %s)" % (path, missing[0], ", ".join(header)))
    if not rows:
        raise RehabCoachError("%s has no rows" % path)
    return rows
