"""What the tests of the nodes share."""

import contextlib
import ctypes
import os
import subprocess
import time
from typing import Any, Callable, Iterator

PATIENCE = 150.0
"""Seconds: only a bound for what must come. Test machines are slow and busy."""
INTERVAL = 0.03
"""Seconds between two looks at what is waited for: whoever looks all the time slows down what should come."""


def wait_for(condition: Callable[[], Any], what: str, patience: float = PATIENCE) -> None:
    """Wait until a condition holds; AssertionError says what did not come in time."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("waited %.0f s in vain for %s" % (patience, what))
        time.sleep(INTERVAL)


def thinned(film: str, folder: str, rate: float = 10.0) -> str:
    """Path of the same film with fewer pictures per second: the answers are the same, for less work of every node."""
    path = os.path.join(folder, "%g_%s" % (rate, os.path.basename(film)))
    subprocess.run(["ffmpeg", "-v", "error", "-i", film, "-r", str(rate), "-preset", "veryfast", path], check=True)
    return path


@contextlib.contextmanager
def x_server(width: int = 1280, height: int = 800) -> Iterator[str]:
    """An X server of one's own, without a window manager; gives what to set DISPLAY to."""
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-noreset", "-displayfd", str(write), "-screen", "0", "%dx%dx24" % (width, height)],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    try:
        with os.fdopen(read) as pipe:
            yield ":" + pipe.readline().strip()
    finally:
        server.kill()
        server.wait()


def close_window(display: str, window: int) -> None:
    """What a window manager sends when somebody clicks on the cross: WM_DELETE_WINDOW (ICCCM 4.1.2.7, 4.2.8.1)."""
    xlib = ctypes.CDLL("libX11.so.6")
    xlib.XOpenDisplay.restype, xlib.XInternAtom.restype = ctypes.c_void_p, ctypes.c_ulong
    server = ctypes.c_void_p(xlib.XOpenDisplay(display.encode()))
    protocols, delete = (xlib.XInternAtom(server, name, 0) for name in (b"WM_PROTOCOLS", b"WM_DELETE_WINDOW"))
    # XEvent has the size of 24 longs; a ClientMessage (33) has its window, its type and the 32 bits of its data here.
    event = (ctypes.c_long * 24)(33, 0, 0, 0, window, protocols, 32, delete)
    xlib.XSendEvent(server, ctypes.c_ulong(window), 0, ctypes.c_long(0), event)
    xlib.XCloseDisplay(server)
