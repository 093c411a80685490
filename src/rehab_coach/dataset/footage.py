"""From a url to a short video of known size and rate: download by yt-dlp, cut by ffmpeg."""

import json
import os
import re
import shutil
import subprocess
import time
from typing import Optional

from rehab_coach.dataset.videos import Variant
from rehab_coach.errors import RehabCoachError
from rehab_coach.skeleton.kinetics import RATE, SIZE
from rehab_coach.video import VideoSource

FITS = ("letterbox", "stretch")
LONGEST_DOWNLOAD = 1800.0
"""Seconds after which a download is given up."""
LARGEST_DOWNLOAD = 4 << 30
"""Bytes over which a video is not downloaded."""
LONGEST_CUT = 600.0
"""Seconds after which ffmpeg is given up."""
# 340 x 256 needs no more, and most of the time goes into the download.
QUALITY = "bestvideo[height<=?480]/best[height<=?480]/bestvideo/best"


def require_ffmpeg() -> None:
    """RehabCoachError unless ffmpeg and ffprobe are there."""
    for program in ("ffmpeg", "ffprobe"):
        if not shutil.which(program):
            raise RehabCoachError("%s is not installed; on Debian and Ubuntu: apt-get install ffmpeg" % program)


def require_downloader():
    """The module yt_dlp; RehabCoachError unless it is there."""
    try:
        import yt_dlp
    except ImportError as error:
        raise RehabCoachError(
            "urls need yt-dlp (%s): `pip install -e '.[data]'` in the repository, or give paths" % error
        ) from error
    return yt_dlp


def download(url: str, folder: str) -> str:
    """Download one video without its sound.

    Args:
        url: of a page that yt-dlp knows, or of a file.
        folder: an empty one; it is the caller's to remove, with whatever an interrupted download left.

    Returns:
        Path of the video.

    Raises:
        RehabCoachError: there is no such video, it is too large, the download broke off; or yt-dlp is missing.
    """
    yt_dlp = require_downloader()
    log = _Log()
    end = time.monotonic() + LONGEST_DOWNLOAD

    def watch(_progress):
        if time.monotonic() > end:
            raise yt_dlp.utils.DownloadError("not finished after %d minutes" % (LONGEST_DOWNLOAD / 60))

    options = {
        "format": QUALITY,
        "outtmpl": os.path.join(folder, "video.%(ext)s"),
        "noplaylist": True,
        "playlist_items": "1",
        "max_filesize": LARGEST_DOWNLOAD,
        "match_filter": yt_dlp.utils.match_filter_func("!is_live"),  # a live stream has no end
        "socket_timeout": 30,
        "retries": 3,
        "fragment_retries": 3,
        "skip_unavailable_fragments": False,
        "cachedir": False,
        "quiet": True,
        "noprogress": True,
        "color": "no_color",
        "logger": log,
        "progress_hooks": [watch],
    }
    try:
        with yt_dlp.YoutubeDL(options) as downloader:
            downloader.download([url])
    except yt_dlp.utils.YoutubeDLError as error:
        raise RehabCoachError("download: %s" % _short(error)) from error
    files = [name for name in os.listdir(folder) if not name.endswith((".part", ".ytdl"))]
    if not files:
        raise RehabCoachError("download: %s" % (log.last or "nothing came"))
    return os.path.join(folder, sorted(files)[0])


class _Log:
    """Keeps yt-dlp from printing, and its last words."""

    last = ""

    def debug(self, text):
        self.last = _short(text)

    info = warning = error = debug


def _short(error) -> str:
    lines = str(error).strip().splitlines() or [""]
    return lines[0].replace("ERROR: ", "", 1)[:300]


def duration_of(path: str) -> Optional[float]:
    """Seconds of a video as its header says; None where it does not.

    Raises:
        RehabCoachError: the file is missing or not a video.
    """
    if not os.path.isfile(path):
        raise RehabCoachError("there is no video %s" % path)
    command = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "format=duration:stream=width"]
    output = _run(command + ["-of", "json", *_input(path)])
    content = json.loads(output)
    if not content.get("streams"):
        raise RehabCoachError("%s has no pictures" % os.path.basename(path))
    try:
        return float(content["format"]["duration"])
    except (KeyError, ValueError):
        return None


def cut(
    video: str,
    out: str,
    start: Optional[float] = None,
    stop: Optional[float] = None,
    variant: Variant = Variant(),
    fit: str = "letterbox",
    frames: Optional[int] = None,
) -> None:
    """Cut a part out of a video and bring it to 340 x 256 pixels and 30 frames per second, without loss.

    Args:
        video: of any size and rate (frames are dropped or doubled).
        out: file to write, ending in .nut (exact times) or .mkv (milliseconds).
        start, stop: seconds.
        variant: zoom and flip.
        fit: "letterbox" keeps the picture's shape and fills up with black; "stretch" does not, as in the original
            Kinetics-skeleton.
        frames: no more than so many.

    Raises:
        RehabCoachError: ffmpeg is missing, cannot read the video, or finds nothing in that part.
    """
    begin = start or 0.0
    before = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-threads", "1"]
    after = ["-frames:v", str(frames)] if frames else []
    after += [
        "-an",
        "-sn",
        "-dn",
        "-map",
        "0:v:0",
        "-c:v",
        "ffv1",
        "-threads",
        "1",
        "-pix_fmt",
        "yuv420p",
        "file:" + out,
    ]
    # Quick: ffmpeg jumps to the start. Not every file allows that: otherwise all up to there is decoded, and left out.
    seek = ["-ss", "%.6f" % begin] if begin else []
    length = ["-t", "%.6f" % (stop - begin)] if stop is not None else []
    part = "%.6f" % begin + (":%.6f" % stop if stop is not None else "")
    trim = "setpts=PTS-STARTPTS,trim=%s,setpts=PTS-STARTPTS," % part
    _run(before + seek + _input(video) + length + ["-vf", _filters(variant, fit)] + after)
    if not _has_pictures(out):
        _run(before + _input(video) + ["-vf", trim + _filters(variant, fit)] + after)
    if not _has_pictures(out):
        raise RehabCoachError("%s has no picture from %g s on" % (os.path.basename(video), begin))


def _has_pictures(path: str) -> bool:
    try:
        VideoSource(path).close()
    except RehabCoachError:
        return False
    return True


def _filters(variant: Variant, fit: str) -> str:
    width, height = SIZE
    filters = ["fps=%g" % RATE, "scale=trunc(iw*sar/2)*2:ih", "setsar=1"]  # square pixels
    if variant.zoom > 1:
        filters.append("crop=iw/%g:ih/%g" % (variant.zoom, variant.zoom))
    elif variant.zoom < 1:
        filters.append("pad=iw/%g:ih/%g:(ow-iw)/2:(oh-ih)/2" % (variant.zoom, variant.zoom))
    if fit == "letterbox":
        filters.append("scale=%d:%d:force_original_aspect_ratio=decrease:flags=area" % (width, height))
        filters.append("pad=%d:%d:(ow-iw)/2:(oh-ih)/2" % (width, height))
    else:
        filters.append("scale=%d:%d:flags=area" % (width, height))
    return ",".join(filters + ["hflip"] * variant.flip)


def _input(path: str) -> list:
    # A playlist that came as a video must not make ffmpeg open other things.
    return ["-protocol_whitelist", "file", "-i", "file:" + path]


def _run(command: list) -> str:
    try:
        run = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=LONGEST_CUT
        )
    except FileNotFoundError:
        require_ffmpeg()
        raise
    except subprocess.TimeoutExpired as error:
        raise RehabCoachError("%s did not end within %d minutes" % (command[0], LONGEST_CUT / 60)) from error
    if run.returncode:
        # The first line tells the cause, the last what came of it. Without addresses, equal reasons can be counted.
        text = re.sub(r"\[(\S+) @ 0x[0-9a-f]+\]", r"[\1]", run.stderr.decode("utf-8", "replace")).strip()
        lines = text.splitlines() or ["exit code %d" % run.returncode]
        reason = " ... ".join(dict.fromkeys([lines[0][:200], lines[-1][:200]]))
        raise RehabCoachError("%s: %s" % (command[0], reason))
    return run.stdout.decode("utf-8", "replace")
