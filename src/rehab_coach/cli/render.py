"""`rehab-coach render`: film a virtual patient."""

import argparse

from rehab_coach.cli.size import size_between
from rehab_coach.errors import RehabCoachError

HELP = "film a virtual patient who does an exercise"
EPILOG = """examples:
  rehab-coach render squat squat.mp4
  rehab-coach render lunge lunge.mp4 --seed 7 --repetitions 3 --yaw 60 --gender male --age 68
  rehab-coach render squat two_people.mp4 --duration 6 --bystander 0.9
  rehab-coach render nobody empty_room.mp4 --duration 5

exercises: squat lunge deadlift push_up pull_up jumping_jack
others:    walking_in_place waving standing, and nobody = an empty room
What is not given is drawn from the seed (person, clothes, habits, room) or is the exercise's usual value.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Fill in the options of the command."""
    parser.add_argument("exercise", metavar="EXERCISE", help="what the patient does, see below")
    parser.add_argument("out", metavar="OUT.mp4", help="the video to write")
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
    motion = parser.add_argument_group("motion")
    motion.add_argument("--repetitions", type=int, help="repetitions that fill the duration")
    motion.add_argument("--period", type=float, metavar="S", help="seconds per repetition, instead of --repetitions")
    motion.add_argument("--depth", type=float, default=1.0, help="0.2 to 1.1, 1 = full (default)")
    motion.add_argument(
        "--pause",
        type=float,
        default=0.08,
        help="fraction of a repetition spent at the turning point (default 0.08)",
    )
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
    person.add_argument(
        "--bystander",
        type=float,
        metavar="METRES",
        help="a second person stands so far to the patient's left (negative: right)",
    )
    camera = parser.add_argument_group("camera (default: the exercise's usual view)")
    camera.add_argument("--yaw", type=float, metavar="DEGREES", help="0 = from the front, 90 = the patient's left side")
    camera.add_argument("--distance", type=float, metavar="METRES")
    camera.add_argument("--camera-height", type=float, metavar="METRES")
    camera.add_argument("--look-at", type=float, metavar="METRES", help="height that is in the picture's middle")
    camera.add_argument("--field-of-view", type=float, metavar="DEGREES", help="vertical")


def run(arguments: argparse.Namespace) -> int:
    """Render the video; returns the exit code."""
    from dataclasses import replace

    from rehab_coach.simulation import SCENES, default_view, render_frames, write_video
    from rehab_coach.simulation.render import someone

    if arguments.exercise not in SCENES:
        raise RehabCoachError("there is no exercise '%s'; choose one of %s" % (arguments.exercise, ", ".join(SCENES)))
    if not arguments.out.lower().endswith(".mp4"):
        raise RehabCoachError("the video's name must end in .mp4, not %s" % arguments.out)
    if arguments.seed < 0:
        raise RehabCoachError("the seed must be 0 or larger, not %d" % arguments.seed)

    def given(**values):
        return {name: value for name, value in values.items() if value is not None}

    camera = replace(
        default_view(arguments.exercise),
        **given(
            yaw=arguments.yaw,
            distance=arguments.distance,
            height=arguments.camera_height,
            look_at=arguments.look_at,
            field_of_view=arguments.field_of_view,
        ),
    )
    physique = replace(
        someone(arguments.seed),
        **given(gender=arguments.gender, age=arguments.age, height=arguments.height, weight=arguments.weight),
    )
    frames = render_frames(
        arguments.exercise,
        arguments.duration,
        arguments.fps,
        arguments.size,
        arguments.seed,
        physique,
        camera,
        arguments.bystander,
        depth=arguments.depth,
        pause=arguments.pause,
        start_phase=arguments.start_phase,
        variation=arguments.variation,
        **given(repetitions=arguments.repetitions, period=arguments.period),
    )

    from tqdm import tqdm

    total = max(1, round(arguments.duration * arguments.fps))
    # No bar where the output is not a terminal.
    shown = tqdm(frames, total=total, unit="frame", desc=arguments.exercise, disable=None)
    write_video(arguments.out, shown, arguments.size, arguments.fps)
    print("wrote %s" % arguments.out)
    return 0
