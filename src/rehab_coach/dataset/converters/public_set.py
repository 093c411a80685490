"""What every converter of a public set has, and the checks that they share."""

import glob
import os
from abc import ABC, abstractmethod
from typing import Dict, List, Optional

import numpy as np

from rehab_coach.dataset.sequences import Recording
from rehab_coach.errors import RehabCoachError


class PublicSet(ABC):
    """A set in the layout of its download.

    Attributes:
        title: name, authors and year.
        file: of the recipes' files (`rehab_coach.dataset.sequences`): `FLAT` or `SPATIAL`.
        layout: the files that are looked for, as messages and --help say it.
    """

    title: str
    file: str
    layout: str

    @abstractmethod
    def files(self, folder: str, everything: bool) -> List[str]:
        """The set's files, one a sequence, in order; empty if the folder holds none.

        Args:
            folder: what was downloaded and unpacked.
            everything: also what the recipes leave out: the persons and parts that the set is tested with.

        Raises:
            RehabCoachError: a file that divides the set is missing or broken.
        """

    @abstractmethod
    def read(self, path: str, everything: bool) -> Optional[Recording]:
        """The sequence of one file; None if only the file itself says that the recipes leave it out.

        Raises:
            RehabCoachError: the file is broken or of another layout.
        """


def files_like(folder: str, *patterns: str) -> List[str]:
    """Files below a folder, sorted within each pattern; hidden ones (of other file systems) are passed over."""
    root = glob.escape(folder)
    return [path for pattern in patterns for path in sorted(glob.glob(os.path.join(root, pattern)))]


def read_matlab(path: str, *names: str) -> Dict[str, np.ndarray]:
    """Variables of a MATLAB file.

    Raises:
        RehabCoachError: it is none, or lacks one of them.
    """
    from scipy.io import loadmat

    try:
        content = loadmat(path, variable_names=names)
    except NotImplementedError as error:
        raise RehabCoachError("%s is of MATLAB 7.3: save it with -v7" % path) from error
    except OSError as error:
        raise RehabCoachError("cannot read %s: %s" % (path, error.strerror or error)) from error
    except Exception as error:  # a damaged file makes the reader stumble in any way
        raise RehabCoachError("%s is no MATLAB file, or damaged: %s" % (path, error)) from error
    missing = [name for name in names if name not in content]
    if missing:
        raise RehabCoachError("%s has no variable '%s'" % (path, missing[0]))
    return content


def check_places(path: str, places: np.ndarray, joints: int, dimensions: int) -> np.ndarray:
    """Joints' places (T, joints, dimensions) as float64.

    Raises:
        RehabCoachError: another number of joints or dimensions, fewer than two frames, or a number that is none.
    """
    if places.ndim != 3 or places.dtype.kind not in "fiu":
        raise RehabCoachError("%s does not hold the places of joints" % path)
    if places.shape[1:] != (joints, dimensions):
        raise RehabCoachError(
            "%s has %d joints in %d dimensions, the set has %d in %d"
            % (path, places.shape[1], places.shape[2], joints, dimensions)
        )
    if len(places) < 2:
        raise RehabCoachError("%s has fewer than two frames" % path)
    if not np.isfinite(places).all():
        raise RehabCoachError("%s holds a place that is not a number" % path)
    return places.astype(np.float64)


def in_millimetres(path: str, places: np.ndarray) -> np.ndarray:
    """Places in millimetres as the recipes' file holds them, int16."""
    if np.abs(places).max() > np.iinfo(np.int16).max:
        raise RehabCoachError("%s: a joint is %.0f m away: another unit?" % (path, np.abs(places).max() / 1000))
    return np.rint(places).astype(np.int16)
