"""Many tasks at once: in processes of this machine, or on a Ray cluster. Results come as they are finished."""

import concurrent.futures
import logging
import multiprocessing
import os
import signal
import socket
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Callable, Dict, Generator, Iterable, Iterator, List, Tuple

from rehab_coach.errors import RehabCoachError
from rehab_coach.termination import end_when

Result = Tuple[Any, Any, str]
"""(task, what the function returned or None, why it returned nothing)"""
DIED = "the process that worked on it died (a decoder crashed, or the memory was not enough)"


def run_here(function: Callable, tasks: Iterable) -> Generator[Result, None, None]:
    """One task after the other in this process."""
    for task in tasks:
        yield task, function(task), ""


def run_in_processes(function: Callable, tasks: Iterable, workers: int) -> Generator[Result, None, None]:
    """Several tasks at a time, each in a process of its own.

    A process that dies costs the task that it worked on and nothing else. When this process is killed, the others
    end too.

    Args:
        function: of one task; it can be pickled, as the tasks and results can.
        tasks: taken as they are needed, so that there may be any number.
        workers: processes. They are ended when the caller stops taking results.

    Raises:
        whatever the function raises.
    """
    tasks = iter(tasks)
    while True:
        executor, lifeline = _executor(workers)
        running: Dict[concurrent.futures.Future, Any] = {}
        suspects: List = []
        try:
            while not suspects:
                while len(running) < 2 * workers:
                    task = next(tasks, _END)
                    if task is _END:
                        break
                    try:
                        running[executor.submit(function, task)] = task
                    except BrokenProcessPool:
                        suspects.append(task)
                        break
                if not running and not suspects:
                    return
                for future in concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED).done:
                    try:
                        result = future.result()
                    except BrokenProcessPool:
                        # All that run are lost, and nobody knows which one it was.
                        suspects += running.values()
                        break
                    yield running.pop(future), result, ""
        finally:
            if running:
                lifeline.close()
            executor.shutdown()
            lifeline.close()
        for task in suspects:
            yield _alone(function, task)


_END = object()


def _alone(function: Callable, task: Any) -> Result:
    executor, lifeline = _executor(1)
    with lifeline, executor:
        try:
            return task, executor.submit(function, task).result(), ""
        except BrokenProcessPool:
            return task, None, DIED


def _executor(workers: int):
    """An executor, and the end of a pipe.

    When that is closed, by hand or because this process died, the workers end whatever they do. They would otherwise
    wait for a dead parent for ever.
    """
    # Threads of this process (OpenMP, OpenVINO) do not survive a fork.
    context = multiprocessing.get_context("spawn")
    theirs, ours = context.Pipe(duplex=False)
    return concurrent.futures.ProcessPoolExecutor(workers, context, _hang_on, (theirs,)), ours


def _hang_on(lifeline) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends a worker without a trace
    end_when(lifeline)


def run_on_ray(function: Callable, tasks: Iterable, address: str, workers: int) -> Generator[Result, None, None]:
    """Tasks on a Ray cluster, one processor each; twice as many are handed out as the cluster has processors.

    Args:
        function: of a module that is installed on every node.
        tasks: taken as they are needed.
        address: HOST:PORT or ray://HOST:PORT of a cluster, "auto" for the one that this machine belongs to, or
            "local": one is started here for as long as it is needed.
        workers: processors of the local one.

    Raises:
        RehabCoachError: Ray is not installed, or no cluster answers.
    """
    # Ray would report home how it is used.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError as error:
        raise RehabCoachError("--ray needs Ray (%s): `pip install -e '.[ray]'` in the repository" % error) from error
    options: Dict[str, Any] = {"num_cpus": workers, "include_dashboard": False} if address == "local" else {}
    host, _, port = address.rpartition("://")[2].rpartition(":")
    try:
        if port.isdecimal():  # Ray itself would try for many minutes
            socket.create_connection((host, int(port)), timeout=10).close()
        ray.init(address, log_to_driver=False, logging_level=logging.ERROR, **options)
    except (OSError, ValueError, RuntimeError) as error:
        raise RehabCoachError(
            "no Ray cluster at %s: %s (does it want a token? then set RAY_AUTH_MODE=token)"
            % (address, str(error).splitlines()[0])
        ) from error
    try:
        yield from _with_ray(ray, function, iter(tasks))
    finally:
        ray.shutdown()


def _with_ray(ray, function: Callable, tasks: Iterator) -> Iterator[Result]:
    remote = ray.remote(num_cpus=1, max_retries=3)(function)  # again when a node goes away
    running: Dict[Any, Any] = {}  # tasks by reference
    while True:
        most = 2 * max(1, int(ray.cluster_resources().get("CPU", 1)))  # nodes may join
        while len(running) < most:
            task = next(tasks, _END)
            if task is _END:
                break
            running[remote.remote(task)] = task
        if not running:
            return
        for reference in ray.wait(list(running), num_returns=1)[0]:
            task = running.pop(reference)
            try:
                result = ray.get(reference)
            except ray.exceptions.RayTaskError as error:
                raise error.cause from error
            except (ray.exceptions.WorkerCrashedError, ray.exceptions.OutOfMemoryError):
                yield task, None, DIED
                continue
            yield task, result, ""
