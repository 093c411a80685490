"""Small files that are learned beside a network: arrays as safetensors, and in the metadata a header as JSON.

metadata["rehab_coach"] = {"format_version": 1, "kind": "embedding", ...}
"""

import json
import os
from typing import Any, Dict, Mapping, Tuple

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from rehab_coach.files import written_whole
from rehab_coach.recognition.model_file import METADATA_KEY, ModelError

FORMAT_VERSION = 1
WRITERS = {
    "embedding": "`rehab-coach benchmark enrolment --write`",
    "exercise": "`rehab-coach exercise export`",
    "identity": "`rehab-coach identify fit`",
    "people": "`rehab-coach identify train`",
}
"""What makes a file, by its kind."""


def write_arrays(path: str, kind: str, header: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Write a file, whole or not at all; RehabCoachError if it cannot be written.

    Args:
        path: of the file.
        kind: one of `WRITERS`.
        header: plain JSON values.
        arrays: by name.
    """
    text = json.dumps({"format_version": FORMAT_VERSION, "kind": kind, **header}, sort_keys=True)
    content = save({name: np.ascontiguousarray(array) for name, array in arrays.items()}, {METADATA_KEY: text})
    # Not safetensors' own save_file: it makes files that only their owner may read.
    with written_whole(path) as temporary, open(temporary, "wb") as stream:
        stream.write(content)


def read_arrays(path: str, kind: str) -> Tuple[Dict[str, Any], Dict[str, np.ndarray]]:
    """Header and arrays of what `write_arrays` wrote.

    Raises:
        ModelError: the file is missing, broken, of another kind or version.
    """
    if not os.path.isfile(path):
        raise ModelError("there is no file %s: name one that %s wrote" % (path, WRITERS[kind]))
    try:
        with safe_open(path, framework="np") as stored:
            header = json.loads((stored.metadata() or {}).get(METADATA_KEY, "{}"))
            arrays = {name: stored.get_tensor(name) for name in stored.keys()}
    except (SafetensorError, OSError, ValueError) as error:
        raise ModelError("%s is broken, cut short or of another kind (%s): copy it again" % (path, error)) from error
    if not isinstance(header, dict) or header.get("kind") != kind or header.get("format_version") != FORMAT_VERSION:
        raise ModelError(
            "%s is no %s of version %d, which this version of the package reads: name a file that %s wrote"
            % (path, kind, FORMAT_VERSION, WRITERS[kind])
        )
    return header, arrays
