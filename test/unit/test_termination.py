import os
import subprocess
import sys
import time

PARENT = """
import multiprocessing, os, time
from rehab_coach.termination import end_with_parent

def told():
    end_with_parent()
    print(os.getpid(), flush=True)

if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1, told) as pool:
        pool.apply(time.sleep, (600,))
"""


def is_running(pid):
    try:
        with open("/proc/%d/stat" % pid) as stream:
            return stream.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_worker_ends_when_its_parent_was_killed(tmp_path):
    (tmp_path / "parent.py").write_text(PARENT)
    process = subprocess.Popen([sys.executable, str(tmp_path / "parent.py")], stdout=subprocess.PIPE, cwd=os.getcwd())
    worker = int(process.stdout.readline())
    assert is_running(worker)
    process.kill()
    process.wait()
    patience = time.monotonic() + 60
    while is_running(worker) and time.monotonic() < patience:
        time.sleep(0.05)
    assert not is_running(worker)
    process.stdout.close()
