"""One round as the recorder goes through it: count down, wait for a whole body, record. No ROS, no clock of its own."""

import enum
from typing import List, NamedTuple, Optional, Tuple

from rehab_coach.pose import PatientTracker, Pose, framing_problem, sequence_of
from rehab_coach.rounds import Kind
from rehab_coach.skeleton import Layout, SkeletonSequence
from rehab_coach.texts import Texts, load_texts


class Phase(enum.Enum):
    """What the recording is doing."""

    COUNTDOWN = "countdown"
    FRAMING = "framing"  # waiting until a whole body is in view
    RECORDING = "recording"
    OVER = "over"


class Notice(NamedTuple):
    """What the person should read; `kind` and `seconds` as in DisplayMessage.msg."""

    text: str
    kind: Kind
    seconds: float


class Timing(NamedTuple):
    """All in seconds.

    Attributes:
        countdown: before the recording.
        duration: of the recording.
        framing: how long to wait for a whole body. After it a person who is partly seen is recorded all the same.
        picture: without a picture for so long the camera counts as gone.
    """

    countdown: float = 3.0
    duration: float = 10.0
    framing: float = 20.0
    picture: float = 2.0


REPEAT = 3.0  # seconds after which a standing problem is said again
PATIENCE = 0.7  # seconds that a problem must stand before it is said: a single badly seen frame is none


class Recording:
    """The frames of one round.

    Times are seconds of a clock that nobody sets; the stamps of the pictures are of another one.

    Args:
        now: when the round began.
        layout: of the estimator's poses.
        timing: see Timing.
        texts: the language of the notices; None: English.

    Attributes:
        phase: what it is doing.
        camera_lost: the pictures stopped coming.
        no_picture: what the person reads while none come.
    """

    def __init__(self, now: float, layout: Layout, timing: Timing, texts: Optional[Texts] = None):
        self.phase = Phase.COUNTDOWN
        self.camera_lost = False
        self._layout, self._timing = layout, timing
        self._texts = texts or load_texts()
        self.no_picture = self._texts("no_picture")
        self._tracker = PatientTracker()
        self._frames: List[Tuple[float, Optional[Pose]]] = []
        self._size = (1, 1)
        self._began = now
        self._recording_end = 0.0
        self._last_picture = now
        self._counted = 0
        self._notices: List[Notice] = []
        self._problem, self._problem_since, self._problem_said = "", now, -REPEAT
        self._last_seen: Optional[float] = None

    def add(self, stamp: float, now: float, poses: List[Pose], size: Tuple[int, int]) -> Optional[Pose]:
        """Take the people of the next picture.

        Args:
            stamp: of the picture, later than that of the one before.
            now: the time.
            poses: everybody in the picture.
            size: width and height of the picture.

        Returns:
            The patient's pose, None if they are not there.
        """
        patient = self._tracker.update(poses, size, stamp)
        self._last_picture = now
        if patient is not None:
            self._last_seen = now
        if self.phase is Phase.FRAMING:
            self._frame(framing_problem(poses, patient, size, self._texts), now)
        if self.phase is Phase.RECORDING:
            if not self._frames:
                self._recording_end = stamp + self._timing.duration
            self._frames.append((stamp, patient))
            self._size = size
            if stamp >= self._recording_end:
                self.phase = Phase.OVER
        return patient

    def update(self, now: float) -> List[Notice]:
        """Go on with the time; returns what there is to say since the last call."""
        timing = self._timing
        silent = now - self._last_picture > timing.picture
        if self.phase is Phase.COUNTDOWN:
            left = self._began + timing.countdown - now
            if left <= 0:
                self.phase, self._problem_since = Phase.FRAMING, now
            elif self._counted == 0 or left <= timing.countdown - self._counted:
                self._notices.append(Notice(self._texts("get_ready"), Kind.COUNTDOWN, max(left, 0.0)))
                self._counted += 1
        if self.phase is Phase.FRAMING:
            if silent:
                self._frame(self.no_picture, now)
            if now - self._began > timing.countdown + timing.framing:
                self._give_up_framing(now, silent)
        elif self.phase is Phase.RECORDING and silent:
            self.camera_lost, self.phase = True, Phase.OVER
        notices, self._notices = self._notices, []
        return notices

    def end(self) -> None:
        """What was recorded is enough."""
        if self.phase is Phase.RECORDING:
            self.phase = Phase.OVER

    def sequence(self) -> Optional[SkeletonSequence]:
        """What was recorded; None if there are not even two frames."""
        return sequence_of(self._frames, self._size, self._layout) if len(self._frames) > 1 else None

    def _frame(self, problem: str, now: float) -> None:
        """Start when nothing is in the way; else say what is."""
        if not problem:
            self._start(now)
            return
        if problem != self._problem:
            self._problem, self._problem_since, self._problem_said = problem, now, -REPEAT
        if now - self._problem_since >= PATIENCE and now - self._problem_said >= REPEAT:
            self._problem_said = now
            kind = Kind.PROBLEM if problem == self.no_picture else Kind.INFO
            self._notices.append(Notice(problem, kind, 0.0))

    def _give_up_framing(self, now: float, silent: bool) -> None:
        if silent:
            self.camera_lost, self.phase = True, Phase.OVER
        elif self._last_seen is not None and now - self._last_seen < 2.0:
            self._start(now)
        else:
            self.phase = Phase.OVER

    def _start(self, now: float) -> None:
        self.phase = Phase.RECORDING
        self._last_picture = now
        self._notices.append(Notice(self._texts("go"), Kind.RECORDING, self._timing.duration))
