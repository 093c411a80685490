#!/usr/bin/env python3
"""The voice, on a sound device that writes to a file."""

import os
import shutil
import signal
import subprocess
import tempfile
import unittest

import numpy as np
import roslib.packages
import rospy
import rostest

from rehab_coach.msg import DisplayMessage
from rehab_coach.robot.voice import PROGRAMS
from rehab_coach.ros.testing import PATIENCE, wait_for

RATE = 22050


@unittest.skipUnless(any(map(shutil.which, PROGRAMS)), "espeak-ng speaks")
class SpeakerTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.sound = os.path.join(self.folder, "sound.raw")
        self.namespace = "/" + self.id().rsplit(".", 1)[-1]
        self.messages = rospy.Publisher(self.namespace + "/display_message", DisplayMessage, queue_size=10)

    def start(self, driver="disk", **parameters):
        environment = dict(os.environ, SDL_AUDIODRIVER=driver, SDL_DISKAUDIOFILE=self.sound)
        command = [roslib.packages.find_node("rehab_coach", "speaker")[0], "__ns:=" + self.namespace]
        process = subprocess.Popen(
            command + ["_%s:=%s" % item for item in parameters.items()],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            universal_newlines=True,
            env=environment,
        )
        self.addCleanup(process.kill)
        return process

    def say(self, text, kind):
        self.messages.publish(DisplayMessage(text=text, kind=kind))

    def loudness(self):
        """Seconds of the file in which something is heard."""
        samples = np.fromfile(self.sound, np.int16) if os.path.exists(self.sound) else np.zeros(0, np.int16)
        blocks = samples[: len(samples) // 441 * 441].reshape(-1, 441).astype(float)
        return (blocks.std(axis=1) > 300).sum() * 441 / RATE

    def test_what_the_person_should_hear_is_said(self):
        process = self.start(voice="on", language="no")
        wait_for(self.messages.get_num_connections, "the speaker")
        self.say("Gjør deg klar", "countdown")
        self.say("", "question")
        rospy.sleep(1.0)
        self.assertEqual(self.loudness(), 0.0)
        self.say("Ta en knebøy", "prompt")
        wait_for(lambda: self.loudness() > 0.5, "the sentence")
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 0, output)

    def test_without_a_sound_device_one_line_says_so(self):
        output, _ = self.start(driver="no_such_driver").communicate(timeout=PATIENCE)
        self.assertIn("the voice stays off: there is no sound device", output)
        self.assertEqual(len(output.strip().splitlines()), 1, output)

    def test_a_voice_that_must_speak_and_cannot_is_an_error(self):
        process = self.start(driver="no_such_driver", voice="on")
        output, _ = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 1)
        self.assertIn("there is no sound device", output)
        self.assertNotIn("Traceback", output)

    def test_off_is_off(self):
        process = self.start(voice="off")
        output, _ = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 0)
        self.assertIn("the voice is off", output)


if __name__ == "__main__":
    rospy.init_node("speaker_test")
    rostest.rosrun("rehab_coach", "speaker_test", SpeakerTest)
