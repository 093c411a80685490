"""`rehab-coach report`: how a patient gets on, as one HTML file."""

import argparse

from rehab_coach.cli.visits import add_database

HELP = "Write a patient's progress over visits as one HTML file, for the browser and for paper."
EPILOG = """\
The file needs no network and fetches nothing. It is readable by its owner only: it is about a patient.

examples:
  rehab-coach report P-017 --out report.html
  rehab-coach report P-017 --out rapport.html --language no
  rehab-coach visits example --database example.sqlite
  rehab-coach report Example --database example.sqlite --out report.html
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("patient", metavar="PATIENT", help="pseudonym; rehab-coach visits list shows them")
    parser.add_argument("--out", required=True, metavar="FILE", help="the HTML file")
    parser.add_argument("--language", default="en", metavar="CODE", help="en or no (default: %(default)s)")
    parser.add_argument("--config", metavar="FILE", help="your own coach.yaml, for the names in its own_exercises")
    add_database(parser)


def run(arguments: argparse.Namespace) -> int:
    from rehab_coach.exercises.registry import read_own
    from rehab_coach.visits.database import default_place
    from rehab_coach.visits.report import write_report
    from rehab_coach.visits.store import VisitStore, check_name

    if arguments.config:
        read_own(arguments.config)
    with VisitStore(arguments.database or default_place(), create=False) as store:
        rounds = store.rounds(arguments.patient)
    write_report(arguments.out, check_name(arguments.patient), rounds, arguments.language)
    print(arguments.out)
    return 0
