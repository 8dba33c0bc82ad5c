"""Processes that a killed launcher left behind, found by the mark that each of its children carries."""

import os
from pathlib import Path

import psutil

MARK = "GRIDCLEAR_LAUNCH"


def mark_of(state: Path) -> dict[str, str]:
    """The environment variable that tells whose child a process is."""
    return {MARK: str(state.resolve())}


def leftovers_of(state: Path) -> list[psutil.Process]:
    """Living processes, this one excepted, that were started for this state folder."""
    wanted = str(state.resolve())
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get(MARK) == wanted:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return found


def end_leftovers(state: Path, *, patience: float = 5.0) -> int:
    """No process of an earlier launch lives; returns how many had to be ended. `patience` in seconds."""
    processes = leftovers_of(state)
    for process in processes:
        _signal(process, kill=False)
    _, alive = psutil.wait_procs(processes, timeout=patience)
    for process in alive:
        _signal(process, kill=True)
    psutil.wait_procs(alive, timeout=patience)
    return len(processes)


def _signal(process: psutil.Process, *, kill: bool) -> None:
    try:
        process.kill() if kill else process.terminate()
    except psutil.NoSuchProcess:
        return
