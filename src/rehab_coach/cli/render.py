"""`rehab-coach render`: film a virtual patient, or a whole plan of films."""

import argparse

from rehab_coach.cli.size import size_between
from rehab_coach.errors import RehabCoachError

HELP = "film a virtual patient who does an exercise"
EPILOG = """examples:
  rehab-coach render squat squat.mp4
  rehab-coach render squat wrong.mp4 --fault knees_inwards --fault heels_up --tempo 3-1-2-0
  rehab-coach render lunge lunge.mp4 --seed 7 --repetitions 3 --yaw 60 --gender male --age 68 --room gym
  rehab-coach render squat two_people.mp4 --duration 6 --bystander 0.9
  rehab-coach render nobody empty_room.mp4 --duration 5
  rehab-coach render --list
  rehab-coach render --plan config/plans/training.yaml --out DIR --workers 2
  rehab-coach render --plan PLAN.yaml --out DIR --skeletons-only --estimator mediapipe --estimator tf_pose

Beside OUT.mp4 lies the truth: OUT.npz (2-D and 3-D key points), OUT.mot (joint angles), OUT.trc (markers), OUT.json
(repetitions, faults, person, camera). What is not given is drawn from the seed (person, clothes' colours, habits) or
is the exercise's usual value. A plan that was interrupted goes on where it stopped when the same command is given.
"""

PLANNED = ("command", "run", "parser", "plan", "out", "clips", "workers", "skeletons_only", "estimator")
"""Arguments that go with --plan."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Fill in the options of the command."""
    parser.add_argument("exercise", nargs="?", metavar="EXERCISE", help="what the patient does, see --list")
    parser.add_argument("out_file", nargs="?", metavar="OUT.mp4", help="the video to write")
    parser.add_argument("--list", action="store_true", help="name exercises, variants, faults, clothes, rooms, lights")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same video (default 0)")
    parser.add_argument("--duration", type=float, default=10.0, metavar="S", help="seconds (default 10)")
    parser.add_argument("--fps", type=float, default=30.0, help="frames per second (default 30)")
    parser.add_argument(
        "--size",
        type=size_between((32, 32), (4096, 4096)),
        default=(640, 480),
        metavar="WxH",
        help="pixels (default 640x480)",
    )
    parser.add_argument(
        "--renderer", default="moderngl", help="moderngl (default), or pyrender: slow, what the other is tested against"
    )
    motion = parser.add_argument_group("motion")
    motion.add_argument(
        "--fault", action="append", default=[], metavar="NAME[:STRENGTH]", help="what is done wrong; may be repeated"
    )
    motion.add_argument("--fault-share", type=float, default=1.0, help="of the repetitions that show it (default 1)")
    motion.add_argument("--bare", action="store_true", help="nothing in the hands, where usually there is something")
    motion.add_argument("--repetitions", type=int, help="repetitions that fill the duration")
    motion.add_argument("--period", type=float, metavar="S", help="seconds per repetition, instead of --repetitions")
    motion.add_argument("--tempo", metavar="A-B-C-D", help="seconds down, hold, up, rest; as coaches write it: 3-1-2-0")
    motion.add_argument("--depth", type=float, default=1.0, help="0.2 to 1.1, 1 = full (default)")
    motion.add_argument(
        "--pause",
        type=float,
        default=0.08,
        help="fraction of a repetition spent at the turning point (default 0.08)",
    )
    motion.add_argument("--asymmetry", type=float, default=0.0, help="-1 to 1: the left, the right side does more")
    motion.add_argument("--start-phase", type=float, default=0.0, help="where in the repetition it starts, 0 to 1")
    motion.add_argument(
        "--variation",
        type=float,
        default=1.0,
        help="0 = a textbook's repetition again and again, 1 = as people do it (default)",
    )
    person = parser.add_argument_group("person (default: drawn from the seed)")
    person.add_argument("--gender", choices=("female", "male"))
    person.add_argument("--age", type=float, metavar="YEARS", help="12 to 90")
    person.add_argument("--height", type=float, metavar="METRES", help="1.3 to 2.1")
    person.add_argument("--weight", type=float, metavar="KG", help="as far as the body model goes for the other three")
    person.add_argument("--clothes", default="sports", help="default sports")
    person.add_argument(
        "--bystander",
        type=float,
        metavar="METRES",
        help="a second person stands so far to the patient's left (negative: right)",
    )
    place = parser.add_argument_group("room and camera (default: the exercise's usual view)")
    place.add_argument("--room", default="plain", help="default plain")
    place.add_argument("--light", default="even", help="default even")
    place.add_argument("--yaw", type=float, metavar="DEGREES", help="0 = from the front, 90 = the patient's left side")
    place.add_argument("--distance", type=float, metavar="METRES")
    place.add_argument("--camera-height", type=float, metavar="METRES")
    place.add_argument("--look-at", type=float, metavar="METRES", help="height that is in the picture's middle")
    place.add_argument(
        "--turn", type=float, metavar="DEGREES", help="the camera looks so far to the left of the person"
    )
    place.add_argument("--field-of-view", type=float, metavar="DEGREES", help="vertical")
    many = parser.add_argument_group("many films")
    many.add_argument("--plan", metavar="PLAN.yaml", help="what is filmed, instead of EXERCISE")
    many.add_argument("--out", metavar="DIR", help="folder for the plan's films")
    many.add_argument("--clips", type=int, metavar="N", help="only the plan's first N films")
    many.add_argument("--workers", type=int, default=1, help="processes (default 1)")
    many.add_argument("--skeletons-only", action="store_true", help="estimate key points, keep no pictures")
    many.add_argument(
        "--estimator", action="append", default=[], help="tf_pose, mediapipe or truth (no pictures at all); repeatable"
    )
    parser.set_defaults(parser=parser)


def run(arguments: argparse.Namespace) -> int:
    """Do what is asked for; returns the exit code."""
    if arguments.list:
        return _list()
    if arguments.plan is not None:
        return _plan(arguments)
    if arguments.out is not None or arguments.skeletons_only or arguments.estimator or arguments.clips is not None:
        raise RehabCoachError("--out, --clips, --skeletons-only and --estimator belong to --plan PLAN.yaml")
    if arguments.exercise is None or arguments.out_file is None:
        raise RehabCoachError("give an EXERCISE and OUT.mp4, or --plan PLAN.yaml --out DIR, or --list")
    return _film(arguments)


def _given(**values):
    return {name: value for name, value in values.items() if value is not None}


def _film(arguments: argparse.Namespace) -> int:
    from dataclasses import replace

    from rehab_coach.simulation import SCENES, Film, Look, Scene, default_view, write_video
    from rehab_coach.simulation.patient import someone
    from rehab_coach.simulation.truth import write_truth

    if arguments.exercise not in SCENES:
        raise RehabCoachError("there is no exercise '%s'; choose one of %s" % (arguments.exercise, ", ".join(SCENES)))
    if not arguments.out_file.lower().endswith(".mp4"):
        raise RehabCoachError("the video's name must end in .mp4, not %s" % arguments.out_file)
    if arguments.seed < 0:
        raise RehabCoachError("the seed must be 0 or larger, not %d" % arguments.seed)
    camera = replace(
        default_view(arguments.exercise),
        **_given(
            yaw=arguments.yaw,
            distance=arguments.distance,
            height=arguments.camera_height,
            look_at=arguments.look_at,
            turn=arguments.turn,
            field_of_view=arguments.field_of_view,
        ),
    )
    physique = replace(
        someone(arguments.seed),
        **_given(gender=arguments.gender, age=arguments.age, height=arguments.height, weight=arguments.weight),
    )
    motion = dict(
        depth=arguments.depth,
        pause=arguments.pause,
        start_phase=arguments.start_phase,
        variation=arguments.variation,
        asymmetry=arguments.asymmetry,
        faults=_faults(arguments.fault),
        fault_share=arguments.fault_share,
        bare=arguments.bare,
        **_given(repetitions=arguments.repetitions, period=arguments.period, tempo=_tempo(arguments.tempo)),
    )
    scene = Scene(
        arguments.exercise,
        arguments.duration,
        arguments.fps,
        arguments.size,
        arguments.seed,
        physique,
        camera,
        Look(arguments.clothes, arguments.room, arguments.light),
        arguments.bystander,
        motion,
        arguments.renderer,
    )
    film = Film(scene)

    from tqdm import tqdm

    # No bar where the output is not a terminal.
    shown = tqdm(film.shoot(), total=len(film), unit="frame", desc=arguments.exercise, disable=None)
    write_video(arguments.out_file, shown, arguments.size, arguments.fps)
    write_truth(arguments.out_file, film)
    print("wrote %s and the truth beside it" % arguments.out_file)
    return 0


def _faults(texts) -> dict:
    faults = {}
    for text in texts:
        name, _, strength = text.partition(":")
        try:
            faults[name] = float(strength) if strength else 1.0
        except ValueError as error:
            raise RehabCoachError("a fault is NAME or NAME:STRENGTH, such as heels_up:0.8, not %s" % text) from error
    return faults


def _tempo(text):
    if text is None:
        return None
    try:
        return tuple(float(part) for part in text.split("-"))
    except ValueError as error:
        raise RehabCoachError("a tempo is four times in seconds, such as 3-1-2-0, not %s" % text) from error


def _plan(arguments: argparse.Namespace) -> int:
    from dataclasses import replace

    from rehab_coach.simulation.films import ESTIMATORS, Order, produce
    from rehab_coach.simulation.plan import read_plan

    if arguments.exercise is not None:
        raise RehabCoachError(
            "--plan says what is filmed: leave %s out, and name a folder by --out" % arguments.exercise
        )
    for name, value in vars(arguments).items():
        if name not in PLANNED and value != arguments.parser.get_default(name):
            raise RehabCoachError("--plan says what is filmed: leave --%s out" % name.replace("_", "-"))
    if arguments.out is None:
        raise RehabCoachError("name a folder for the films by --out DIR")
    if arguments.workers < 1:
        raise RehabCoachError("there must be at least one worker, not %d" % arguments.workers)
    if arguments.estimator and not arguments.skeletons_only:
        raise RehabCoachError("--estimator belongs to --skeletons-only")
    for name in arguments.estimator:
        if name not in ESTIMATORS:
            raise RehabCoachError("there is no estimator '%s'; choose of %s" % (name, ", ".join(ESTIMATORS)))
    plan = read_plan(arguments.plan)
    if arguments.clips is not None:
        if not 1 <= arguments.clips <= plan.clips:
            raise RehabCoachError("--clips must be between 1 and the plan's %d" % plan.clips)
        plan = replace(plan, clips=arguments.clips)
    estimators = tuple(dict.fromkeys(arguments.estimator)) or ("mediapipe",)
    order = Order(plan, arguments.out, estimators if arguments.skeletons_only else ())
    missing = 0
    from tqdm import tqdm

    for problem in produce(order, arguments.workers):
        tqdm.write(problem)
        missing += 1
    print("%d of %d films are in %s" % (plan.clips - missing, plan.clips, arguments.out))
    return 0


def _list() -> int:
    from rehab_coach.exercises import find, label_of_motion
    from rehab_coach.simulation.clothing import CLOTHES
    from rehab_coach.simulation.motions import EXERCISE_KINDS, OTHERS
    from rehab_coach.simulation.room import LIGHTS, ROOMS

    print("exercises, their variants and their faults:")
    for name, kind in EXERCISE_KINDS.items():
        print("  %s" % name)
        for variant in find(label_of_motion(name)).variants:
            print("    %s" % variant)
        for fault, meaning in kind.faults.items():
            print("    %-22s %s" % (fault, meaning))
    for title, names in (
        ("others (label unknown)", [*OTHERS, "nobody"]),
        ("clothes", CLOTHES),
        ("rooms", ROOMS),
        ("lights", LIGHTS),
    ):
        print("%s: %s" % (title, " ".join(names)))
    return 0
