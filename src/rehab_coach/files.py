"""Writing files so that a half-written one is never taken for a whole one; reading tables."""

import contextlib
import csv
import os
from typing import Dict, Iterable, Iterator, List

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


def read_table(path: str, columns: Iterable[str]) -> List[Dict[str, str]]:
    """Rows of a CSV file that must have these columns; RehabCoachError says which one is missing."""
    try:
        with open(os.fspath(path), newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            rows = [{key: (value or "").strip() for key, value in row.items() if key} for row in reader]
            header = reader.fieldnames or []
    except OSError as error:
        raise RehabCoachError("cannot read %s: %s" % (path, error.strerror)) from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise RehabCoachError("%s is not a CSV file in UTF-8: %s" % (path, error)) from error
    missing = [column for column in columns if column not in header]
    if missing:
        raise RehabCoachError("%s has no column '%s' (its columns: %s)" % (path, missing[0], ", ".join(header)))
    if not rows:
        raise RehabCoachError("%s has no rows" % path)
    return rows
