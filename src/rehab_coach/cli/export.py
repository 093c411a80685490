"""`rehab-coach export`: a model as an ONNX file, with its contract inside."""

import argparse

from rehab_coach.errors import RehabCoachError

HELP = "Write a model as ONNX, with its contract inside; what is written answers as the model does, to 1e-4."
EPILOG = """\
A model for whole recordings becomes a network for windows of any number, a model for streams one that takes a few
frames at a time and gives its state along. docs/export.md says what goes in and out.

examples:
  rehab-coach export --out coach.onnx
  rehab-coach export models/streaming.safetensors --out streaming.onnx
  rehab-coach recognize squat.mp4 --model coach.onnx
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "model", nargs="?", metavar="MODEL", help="model file or folder of a run (default: the one that ships)"
    )
    parser.add_argument("--out", required=True, metavar="FILE.onnx", help="the file to write")


def run(arguments: argparse.Namespace) -> int:
    import os

    from rehab_coach.learning.transfer import model_path
    from rehab_coach.recognition.model_file import load_model
    from rehab_coach.recognition.onnx_file import EXTENSION, save_onnx
    from rehab_coach.recognition.recognizer import default_model

    folder = os.path.dirname(arguments.out)
    if folder and not os.path.isdir(folder):
        raise RehabCoachError("there is no folder %s for %s: make it first" % (folder, os.path.basename(arguments.out)))
    if not arguments.out.endswith(EXTENSION):
        raise RehabCoachError("the name after --out must end in %s, not %s" % (EXTENSION, arguments.out))
    model = model_path(arguments.model) if arguments.model else default_model()
    network, contract = load_model(model)
    differences = save_onnx(arguments.out, network, contract)
    kind = "%d frames at a time" % network.config.step if network.config.causal else "windows of %d" % contract.window
    print("%s: %s, %.1f MB" % (arguments.out, kind, os.path.getsize(arguments.out) / 1e6))
    for name, difference in differences.items():
        print("  %s answers as PyTorch does, to %.1g" % (name, difference))
    return 0
