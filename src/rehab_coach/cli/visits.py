"""`rehab-coach visits`: what is kept of patients."""

import argparse
import shlex
from typing import Sequence

HELP = "List, export or delete what is kept of patients' visits."
EPILOG = """\
Visits are kept in one file that only its owner can read, or on a PostgreSQL server. Patients are pseudonyms; pictures
are never kept. Reports and exports that were made before are not deleted with a patient: delete those yourself.

examples:
  rehab-coach visits list
  rehab-coach visits export --out export P-017
  rehab-coach visits delete P-017
  rehab-coach visits consent P-017 --withdraw
  rehab-coach visits example --database example.sqlite
"""


def add_database(parser: argparse.ArgumentParser) -> None:
    """The option that says where the visits are."""
    parser.add_argument(
        "--database",
        metavar="FILE",
        help="SQLite file, or postgresql://USER@HOST/NAME (default: visits.sqlite in ~/.local/share/rehab_coach)",
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    def action(name: str, text: str) -> argparse.ArgumentParser:
        subparser = actions.add_parser(name, help=text, description=text)
        add_database(subparser)
        return subparser

    action("list", "one line a patient")
    one = action("export", "visits.json, rounds.csv, repetitions.csv, skeletons and templates that were kept")
    one.add_argument("patients", nargs="*", metavar="PATIENT", help="pseudonyms (default: everybody)")
    one.add_argument("--out", required=True, metavar="DIR", help="folder for the files")
    one = action("delete", "delete a patient, every visit and the template for good")
    one.add_argument("patient", metavar="PATIENT")
    one.add_argument("--yes", action="store_true", help="do not ask")
    one = action("consent", "ask a patient whether visits may be kept, and note the answer")
    one.add_argument("patient", metavar="PATIENT")
    one.add_argument("--withdraw", action="store_true", help="the patient does not agree any more")
    one.add_argument("--language", default="en", metavar="CODE", help="of the question (default: %(default)s)")
    action("example", "add a made-up patient with several visits, to try things with")


def run(arguments: argparse.Namespace) -> int:
    from rehab_coach.visits.database import default_place
    from rehab_coach.visits.store import VisitStore

    place = arguments.database or default_place()
    creates = arguments.action == "example" or (arguments.action == "consent" and not arguments.withdraw)
    with VisitStore(place, create=creates) as store:
        return {"list": _list, "export": _export, "delete": _delete, "consent": _consent, "example": _example}[
            arguments.action
        ](store, arguments)


def _list(store, arguments: argparse.Namespace) -> int:
    from rehab_coach.visits.export import iso

    rows = [("PATIENT", "CONSENT", "VISITS", "ROUNDS", "FIRST", "LAST")]
    for one in store.patients():
        consent = iso(one.consent.time)[:10] if one.consent else "withdrawn"
        days = [iso(stamp)[:10] if stamp is not None else "-" for stamp in (one.first, one.last)]
        rows.append((one.name, consent, str(one.visits), str(one.rounds), *days))
    print_table(rows)
    return 0


def _export(store, arguments: argparse.Namespace) -> int:
    from rehab_coach.visits.export import export

    for path in export(store, arguments.out, arguments.patients or None):
        print(path)
    return 0


def _delete(store, arguments: argparse.Namespace) -> int:
    from rehab_coach.visits.store import check_name

    rounds = store.rounds(arguments.patient)
    visits = len({one.visit for one in rounds})
    what = "%s with %d visits, %d rounds" % (arguments.patient, visits, len(rounds))
    if check_name(arguments.patient) in [one.name for one in store.enrolled(withdrawn=True)]:
        what += " and the template"
    if not arguments.yes and not agrees("Delete %s for good?" % what):
        print("nothing was deleted")
        return 1
    store.delete(arguments.patient)
    print("deleted %s" % what)
    return 0


def _consent(store, arguments: argparse.Namespace) -> int:
    from rehab_coach.texts import load_texts
    from rehab_coach.visits.database import option_of
    from rehab_coach.visits.store import check_name

    if arguments.withdraw:
        store.withdraw_consent(arguments.patient)
        command = "rehab-coach visits delete %s%s" % (shlex.quote(arguments.patient), option_of(store.place))
        print("nothing more is kept of %s; to delete what is there: %s" % (arguments.patient, command))
        return 0
    texts = load_texts(arguments.language)
    question = texts("may_i_keep", patient=check_name(arguments.patient))
    if not agrees(question):
        print(texts("not_kept"))
        return 1
    store.give_consent(arguments.patient, question)
    print(texts("kept"))
    return 0


def _example(store, arguments: argparse.Namespace) -> int:
    from rehab_coach.visits.example import NAME, add_example

    print("%d rounds of the patient %s added to %s" % (add_example(store), NAME, store.place))
    return 0


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """Columns that are as wide as they must be."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def agrees(question: str) -> bool:
    """Ask for a yes; nobody to answer is a no."""
    try:
        return input(question + " [y/N] ").strip().lower() in ("y", "yes", "j", "ja")
    except EOFError:
        print()
        return False
