import signal
import subprocess
import sys

DROPPED_ELSEWHERE = """
import gc, signal, threading
from rehab_coach.pose.networks import create_network
signal.signal(signal.SIGINT, lambda *_: print("stopped"))
networks = [create_network("openvino")]
def drop():
    networks.clear()
    gc.collect()
thread = threading.Thread(target=drop)
thread.start()
thread.join()
signal.raise_signal(signal.SIGINT)
"""


def test_a_signal_is_handled_after_another_thread_dropped_the_network():
    run = subprocess.run([sys.executable, "-c", DROPPED_ELSEWHERE], stdout=subprocess.PIPE, universal_newlines=True)
    assert run.returncode != -signal.SIGSEGV
    assert (run.returncode, run.stdout) == (0, "stopped\n")
