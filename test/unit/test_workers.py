import importlib.util
import math
import subprocess
import sys
import time

import psutil
import pytest

from rehab_coach.errors import RehabCoachError
from rehab_coach.workers import DIED, run_here, run_in_processes, run_on_ray

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


PROGRAM = """
import time
from rehab_coach.workers import run_in_processes

if __name__ == "__main__":
    results = run_in_processes(time.sleep, [0.01, 600, 600], 2)
    print(next(results), flush=True)
    next(results)
"""


def test_workers_end_when_their_parent_is_killed(tmp_path):
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    process = subprocess.Popen([sys.executable, str(path)], stdout=subprocess.PIPE)
    process.stdout.readline()
    workers = psutil.Process(process.pid).children(recursive=True)
    assert len(workers) >= 2
    process.kill()
    process.wait()
    process.stdout.close()
    _, alive = psutil.wait_procs(workers, timeout=60)
    assert not alive


def test_workers_end_when_nobody_wants_results_any_more():
    results = run_in_processes(time.sleep, [0.01, 600, 600], 2)
    next(results)
    workers = psutil.Process().children(recursive=True)
    results.close()
    assert not [worker for worker in workers if "spawn_main" in " ".join(_command(worker))]


def _command(process):
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


needs_ray = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed (extra `ray`)")


@needs_ray
def test_the_same_on_a_local_ray_of_two_workers_and_a_dead_process_costs_its_own_task_only():
    tasks = ["1 + 1", "__import__('os').abort()", "2 + 2", "3 + 3", "4 + 4"]
    # Ray wants a function that is written in Python; one that is defined here travels with the task.
    results = {task: (value, problem) for task, value, problem in run_on_ray(lambda t: eval(t), tasks, "local", 2)}
    assert results.pop(tasks[1]) == (None, DIED)
    assert results == {task: (eval(task), "") for task in tasks if "abort" not in task}
    assert not sys.modules["ray"].is_initialized()


@needs_ray
def test_ray_hands_on_exceptions():
    with pytest.raises(ZeroDivisionError):
        list(run_on_ray(lambda task: 1 / task, [0], "local", 2))


@needs_ray
def test_an_address_where_no_cluster_is_is_a_clear_error():
    with pytest.raises(RehabCoachError, match="no Ray cluster at 127.0.0.1:9"):
        list(run_on_ray(math.factorial, [1], "127.0.0.1:9", 1))


def test_without_ray_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(RehabCoachError, match=r"pip install -e '\.\[ray\]'"):
        list(run_on_ray(math.factorial, [1], "local", 1))
