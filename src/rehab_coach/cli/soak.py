"""`rehab-coach soak`: many rounds in a row."""

import sys

HELP = """Play many rounds with the virtual patient, or the one in Gazebo, and say how often the coach was right; the
exercises are asked for in turn. Needs the workspace, no robot."""
EPILOG = """examples:
  rehab-coach soak --rounds 200 --seed 1 --out soak/
  rehab-coach soak --rounds 30 --seed 2 --out soak/ --obedience 1 --duration 6
  rehab-coach soak --gazebo --rounds 60 --seed 1 --out soak_gazebo/      (with Gazebo 11, see docs/gazebo.md)
It brings its own ROS master, so it may run beside others. soak.json: what came of it; Ctrl-C keeps what was done.
"""


def add_arguments(parser):
    parser.add_argument("--rounds", type=int, default=200, help="how many (default 200)")
    parser.add_argument("--seed", type=int, default=0, help="of the people and what they do (default 0)")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for soak.json; it is made where missing")
    parser.add_argument(
        "--obedience",
        type=float,
        default=0.7,
        metavar="CHANCE",
        help="chance that the patient does what she is asked for (default 0.7)",
    )
    parser.add_argument(
        "--duration", type=float, default=10.0, metavar="SECONDS", help="of each recording (default 10, as the robot's)"
    )
    parser.add_argument("--early", action="store_true", help="end a recording as soon as its answer is certain")
    parser.add_argument("--gazebo", action="store_true", help="robot, camera and patient in Gazebo 11")


def run(arguments) -> int:
    from rehab_coach.errors import RehabCoachError
    from rehab_coach.simulation.live import missing
    from rehab_coach.simulation.soak import table
    from rehab_coach.workspace import enter_workspace

    for name, low, high in (("rounds", 1, 100000), ("seed", 0, 2**31 - 1), ("obedience", 0, 1), ("duration", 1, 110)):
        value = getattr(arguments, name)
        if not low <= value <= high:
            raise RehabCoachError("--%s must be between %g and %g, not %g" % (name, low, high, value))
    enter_workspace()
    from rehab_coach.ros.gazebo_packages import check_gazebo
    from rehab_coach.ros.soak import run_soak

    if arguments.gazebo:
        check_gazebo()
    elif missing():
        raise RehabCoachError(missing())
    result = run_soak(
        arguments.rounds,
        arguments.seed,
        arguments.out,
        arguments.obedience,
        arguments.duration,
        arguments.gazebo,
        arguments.early,
    )
    print(table(result))
    if result["rounds"] < arguments.rounds:
        print("interrupted after %d of %d rounds" % (result["rounds"], arguments.rounds), file=sys.stderr)
        return 130
    return 0
