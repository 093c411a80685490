"""report.csv: what became of every clip. It is also the memory of a run that was killed."""

import contextlib
import csv
import os
from typing import Dict, Iterable, List, Optional, TextIO, Tuple

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import written_whole

COLUMNS = (
    "name",
    "estimator",
    "label",
    "group",
    "status",
    "reason",
    "frames",
    "frames_with_person",
    "processor_seconds",
    "bytes",
    "line",
    "source",
)
Key = Tuple[str, str]
"""estimator, name"""


class Report:
    """Rows by estimator and name; a later row of the same file replaces the earlier one.

    Args:
        path: what an earlier run left there is read; a last line that it could not finish is dropped.
    """

    def __init__(self, path: str):
        self.path = path
        self.rows: Dict[Key, Dict[str, str]] = {}
        self._stream: Optional[TextIO] = None
        try:
            if os.path.exists(path):
                self._read()
        except OSError as error:
            raise RehabCoachError("cannot read %s: %s" % (path, error.strerror)) from error

    def _read(self) -> None:
        with open(self.path, newline="", encoding="utf-8") as stream:
            text = stream.read()
        whole = text[: text.rfind("\n") + 1]
        reader = csv.DictReader(whole.splitlines())
        if whole and tuple(reader.fieldnames or ()) != COLUMNS:
            raise RehabCoachError("%s is not a report of this command: remove it or choose another folder" % self.path)
        for row in reader:
            self.rows[row["estimator"], row["name"]] = row

    def add(self, rows: Iterable[Dict[str, object]]) -> None:
        """Append rows; each is a whole line on the disk before the next is begun.

        Raises:
            RehabCoachError: they cannot be written.
        """
        texts = [{column: " ".join(str(row.get(column, "")).split()) for column in COLUMNS} for row in rows]
        try:
            if self._stream is None:
                self.write(())  # without a half line at its end
                self._stream = open(self.path, "a", newline="", encoding="utf-8")
            csv.DictWriter(self._stream, COLUMNS, lineterminator="\n").writerows(texts)
            self._stream.flush()
        except OSError as error:
            raise RehabCoachError("cannot write %s: %s" % (self.path, error.strerror)) from error
        for row in texts:
            self.rows[row["estimator"], row["name"]] = row

    def write(self, order: Iterable[Key]) -> None:
        """Write everything anew: the rows of `order` in that order, then the others."""
        self.close()
        first: List[Key] = [key for key in order if key in self.rows]
        listed = set(first)
        keys = first + [key for key in self.rows if key not in listed]
        with written_whole(self.path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(self.rows[key] for key in keys)

    def close(self) -> None:
        """Close the file; `add` opens it again."""
        if self._stream is not None:
            with contextlib.suppress(OSError):  # what could not be written was told when it was added
                self._stream.close()
            self._stream = None
