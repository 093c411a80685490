import math
import operator
import os
import subprocess
import sys
import time

import psutil
import pytest

from rehab_coach.dataset.pools import DIED, run_here, run_in_processes, run_on_ray
from rehab_coach.errors import RehabCoachError

# Workers import the functions by name: here only those of installed modules can be used.


def test_every_task_gives_one_result():
    tasks = list(range(9))
    expected = sorted((task, math.factorial(task), "") for task in tasks)
    assert sorted(run_here(math.factorial, tasks)) == expected
    assert sorted(run_in_processes(math.factorial, iter(tasks), 2)) == expected


def test_a_process_that_dies_costs_its_own_task_only():
    tasks = ["1 + 1", "__import__('os').abort()", "2 + 2", "3 + 3", "4 + 4", "5 + 5"]
    results = {task: (value, problem) for task, value, problem in run_in_processes(eval, tasks, 2)}
    assert results.pop(tasks[1]) == (None, DIED)
    assert results == {task: (eval(task), "") for task in tasks if "abort" not in task}


def test_an_exception_of_the_function_ends_the_run():
    with pytest.raises(ZeroDivisionError):
        list(run_in_processes(eval, ["1 / 0"], 1))


def test_workers_end_when_their_parent_is_killed():
    program = (
        "import time\nfrom rehab_coach.dataset.pools import run_in_processes\n"
        "if __name__ == '__main__':\n    print(list(run_in_processes(time.sleep, [0.01, 600, 600], 2))[0], flush=True)\n"
    ).replace("list(", "next(").replace("[0], flush", ", flush") + "    time.sleep(600)\n"
    path = os.path.join(os.path.dirname(__file__), "..", "..", "..")
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=path)
    process.stdout.readline()
    workers = psutil.Process(process.pid).children(recursive=True)
    assert len(workers) >= 2
    process.kill()
    process.wait()
    process.stdout.close()
    _, alive = psutil.wait_procs(workers, timeout=30)
    assert not alive


ray = pytest.importorskip("ray", reason="Ray is not installed (extra `ray`)")


def test_the_same_on_a_local_ray_of_two_workers():
    expected = sorted((task, math.factorial(task), "") for task in range(9))
    assert sorted(run_on_ray(math.factorial, iter(range(9)), "local", 2)) == expected
    assert not ray.is_initialized()


def test_ray_hands_on_exceptions_and_survives_a_dead_process():
    with pytest.raises(ZeroDivisionError):
        list(run_on_ray(operator.truediv, [], "local", 2)) or list(run_on_ray(eval, ["1 / 0"], "local", 2))


def test_an_address_where_no_cluster_is_is_a_clear_error():
    with pytest.raises(RehabCoachError, match="no Ray cluster at 127.0.0.1:9"):
        list(run_on_ray(math.factorial, [1], "127.0.0.1:9", 1))


def test_without_ray_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(RehabCoachError, match=r"pip install -e '\.\[ray\]'"):
        list(run_on_ray(math.factorial, [1], "local", 1))
