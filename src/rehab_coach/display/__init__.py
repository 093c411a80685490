"""The robot's screen, drawn with PyGame and without ROS.

:class:`~rehab_coach.display.state.ScreenState` knows what has happened, and says at any moment what the
screen should show (a :class:`~rehab_coach.display.state.View`);
:class:`~rehab_coach.display.renderer.Renderer` draws a view;
:class:`~rehab_coach.display.screen_video.ScreenVideo` writes what was drawn to a file.
"""

import os

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # PyGame greets on standard output when it is imported
