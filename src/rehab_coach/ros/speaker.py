"""The node that says aloud what the screen shows."""

import time
from typing import Optional

import rospy

from rehab_coach.errors import RehabCoachError
from rehab_coach.msg import DisplayMessage
from rehab_coach.robot.voice import Voice
from rehab_coach.ros.parameters import get_parameter
from rehab_coach.texts import ENGLISH, languages

SILENT = (DisplayMessage.COUNTDOWN,)
"""Kinds of messages that are only shown: three times "get ready" is enough for the eyes."""
AGAIN = 10.0
"""Seconds in which the same sentence is not said again."""


class Speaker:
    """The optional voice, in a process of its own: sound must not hold up the screen.

    Subscribes:
        display_message (rehab_coach/DisplayMessage): said in the language in which it is written.
    Parameters: see config/coach.yaml.

    Raises:
        RehabCoachError: ~voice is on, but there is no sound device or no voice.
    """

    def __init__(self) -> None:
        language = get_parameter("~language", ENGLISH, str, choices=languages())
        wish = get_parameter("~voice", "auto", str, choices=("off", "auto", "on"))
        self._voice: Optional[Voice] = None
        self._last, self._last_time = "", 0.0
        if wish == "off":
            rospy.loginfo("the voice is off (~voice)")
            return
        try:
            self._voice = Voice(language)
        except RehabCoachError as error:
            if wish == "on":
                raise
            rospy.loginfo("the voice stays off: %s", error)
            return
        self._messages = rospy.Subscriber("display_message", DisplayMessage, self._on_message, queue_size=20)

    def _on_message(self, message: DisplayMessage) -> None:
        now = time.monotonic()
        if self._voice is None or not message.text or message.kind in SILENT:
            return
        if message.text == self._last and now - self._last_time < AGAIN:
            return
        self._last, self._last_time = message.text, now
        self._voice.say(message.text)

    def spin(self) -> None:
        """Until ROS shuts down; without a voice there is nothing to do."""
        if self._voice is not None:
            rospy.spin()

    def close(self) -> None:
        """Be silent."""
        if self._voice is not None:
            self._messages.unregister()
            self._voice.close()
