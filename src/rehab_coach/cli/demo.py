"""`rehab-coach demo`: the coach on this computer."""

HELP = "Run the coach on this computer: a virtual patient, Gazebo, a webcam, or a video; no robot needed."
EPILOG = """examples:
  rehab-coach demo                          # a virtual patient does what the robot asks for, or something else
  rehab-coach demo --source clip            # a film of squats; asked for a squat, then for a lunge
  rehab-coach demo --source gazebo --gui    # robot and patient in Gazebo 11, see docs/gazebo.md
  rehab-coach demo --source 0               # the webcam: you are the patient
  rehab-coach demo --source jacks.mp4 --rounds 1 --exercises jumping_jack
  rehab-coach demo --source 0 --teach side_bend                  # show it, then it asks for it
  rehab-coach demo --model runs/mine/model.safetensors           # asks for your own exercises
  rehab-coach demo --patient P-017 --language no    # keeps the rounds of a patient; speaks Norwegian
`make demo` also installs what is missing.
"""


def add_arguments(parser):
    parser.add_argument(
        "--source",
        default="",
        help="patient, gazebo, clip (the squat that ships), webcam number or device, a camera's address, video file or "
        "directory of pictures (default: the virtual patient, or the clip where her packages or OpenGL are missing)",
    )
    parser.add_argument(
        "--rounds",
        default="",
        help="how many (default: 4 with the patient, 2 on a file, until Ctrl-C on a webcam and in Gazebo)",
    )
    parser.add_argument(
        "--exercises",
        default="",
        metavar='"A B"',
        help="which to ask for, one after the other (default: all that the model knows, at random; on the clip: "
        "squat, lunge)",
    )
    parser.add_argument(
        "--record",
        default="",
        metavar="FILE",
        help="write what the screen shows to a video; 1: demo.mp4. Without a screen this is done by "
        "itself, except with a webcam: pictures of people are only stored when asked",
    )
    parser.add_argument(
        "--patient",
        default="",
        metavar="NAME",
        help="pseudonym of the patient whose rounds are kept, after their consent (default: nothing is kept)",
    )
    parser.add_argument("--database", default="", metavar="PLACE", help="where they are kept; see `rehab-coach visits`")
    parser.add_argument("--language", default="en", metavar="CODE", help="of what is said: en, no ... (default: en)")
    parser.add_argument("--model", default="", metavar="FILE", help="of your own, made by `rehab-coach train`")
    parser.add_argument("--config", default="", metavar="FILE", help="of your own, a changed copy of config/coach.yaml")
    parser.add_argument(
        "--teach", default="", metavar="NAME", help="a new exercise that you show first, such as side_bend"
    )
    parser.add_argument("--gui", action="store_true", help="show Gazebo's window")


def run(arguments) -> int:
    from rehab_coach.demo import run_demo

    return run_demo(
        arguments.source,
        arguments.rounds,
        arguments.record,
        arguments.exercises,
        arguments.patient,
        arguments.database,
        arguments.language,
        arguments.gui,
        arguments.model,
        arguments.config,
        arguments.teach,
    )
