"""`rehab-coach screenshots`: the robot's screen as pictures."""

from rehab_coach.cli.size import size_between

HELP = "Draw every state of the robot's screen into a folder, one PNG each; needs no screen and no ROS."
EPILOG = """examples:
  rehab-coach screenshots screens/
  rehab-coach screenshots screens/ --language no
  rehab-coach screenshots screens/ --video squat.mp4 --at 2.5 --size 800x480
"""


def add_arguments(parser):
    from rehab_coach.pose.registry import NAMES

    parser.add_argument("folder", metavar="DIR", help="where the pictures go; it is made where it is missing")
    parser.add_argument(
        "--video",
        default="",
        metavar="FILE",
        help="video for the place of the camera (default: the squat that ships, else a drawn figure)",
    )
    parser.add_argument("--at", type=float, default=3.0, metavar="SECONDS", help="which of its pictures (default: 3)")
    parser.add_argument(
        "--estimator",
        default="none",
        choices=["none", *NAMES],
        help="what finds the skeleton in the video's picture (default: none, no skeleton)",
    )
    parser.add_argument(
        "--size",
        type=size_between((320, 240), (3840, 2160)),
        default=(1024, 600),
        metavar="WxH",
        help="of the screen (default: 1024x600)",
    )
    parser.add_argument("--language", default="en", metavar="CODE", help="of its texts: en, no ... (default: en)")


def run(arguments) -> int:
    import os

    from rehab_coach.display.gallery import draw_gallery, drawn_patient
    from rehab_coach.paths import share_path
    from rehab_coach.texts import load_texts

    texts = load_texts(arguments.language)
    shipped = share_path("test", "data", "squat.mp4")
    video = arguments.video or (shipped if os.path.exists(shipped) else "")
    picture, skeleton = _filmed(video, arguments.at, arguments.estimator) if video else drawn_patient()
    width, height = arguments.size
    for path in draw_gallery(arguments.folder, picture, skeleton, width, height, texts=texts):
        print(path)
    return 0


def _filmed(path, seconds, estimator_name):
    """A picture of a video and, where an estimator is named, the skeleton in it."""
    from rehab_coach.display.picture import PictureSkeleton
    from rehab_coach.errors import RehabCoachError
    from rehab_coach.video import VideoSource

    with VideoSource(path) as source:
        picture, _ = next(source.read(start=seconds), (None, None))
    if picture is None:
        raise RehabCoachError("%s has no picture at %g s; give an earlier one with --at" % (path, seconds))
    if estimator_name == "none":
        return picture, None
    from rehab_coach.pose import create_estimator

    estimator = create_estimator(estimator_name)
    poses = estimator.estimate(picture)
    estimator.close()
    if not poses:
        return picture, None
    return picture, PictureSkeleton(poses[0].key_points, picture.shape[1::-1], 0.0, estimator.layout)
