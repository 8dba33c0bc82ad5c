"""The launcher's promises: a crash is told, nothing is left over, a killed start recovers."""

import os
import signal
import socket
import subprocess
import sys
import time

import psutil
import psycopg
import pytest

from marketplace.development.errors import DevelopmentError
from marketplace.development.groups import Group
from marketplace.development.leftovers import end_leftovers, leftovers_of, mark_of
from marketplace.development.parts import Part
from marketplace.development.ports import choose_free, is_listening, remembered_port
from marketplace.development.postgres import release_postgres, start_postgres
from marketplace.development.redis import redis_command
from tests.architecture.source import ROOT

PATIENCE = 10.0


def wait_until(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"not within {PATIENCE} s: {what}"
        time.sleep(0.05)


def script(name, code, **how):
    return Part(name, [sys.executable, "-u", "-c", code], **how)


@pytest.fixture
def group_of(tmp_path):
    groups = []

    def make(*parts):
        group = Group(tmp_path, parts, mark_of(tmp_path))
        groups.append(group)
        return group

    yield make
    for group in groups:
        group.stop()
    end_leftovers(tmp_path)


def test_a_group_starts_and_leaves_nothing_behind(group_of, tmp_path):
    port = choose_free()
    group = group_of(
        Part("redis", redis_command(tmp_path / "redis", port), port=port),
        script("sleeper", "import time; print('awake'); time.sleep(60)", ready_line="awake"),
    )
    group.start()
    assert is_listening(port)
    group.stop()
    assert leftovers_of(tmp_path) == []
    assert not is_listening(port)


def test_a_crash_names_the_part_and_its_last_words(group_of, tmp_path):
    group = group_of(
        script("steady", "import time; time.sleep(60)"),
        script("brittle", "print('the disk is on fire'); raise SystemExit(3)"),
    )

    def start_and_watch():
        group.start()
        wait_until(lambda: group.check(), "the crash is noticed")

    with pytest.raises(DevelopmentError, match=r"'brittle' ended by itself(.|\n)*the disk is on fire"):
        start_and_watch()
    wait_until(lambda: leftovers_of(tmp_path) == [], "the other part has ended too")


def test_a_killed_launcher_takes_its_parts_with_it(tmp_path):
    code = (
        "import sys, time; from pathlib import Path\n"
        "from marketplace.development.groups import Group\n"
        "from marketplace.development.leftovers import mark_of\n"
        "from marketplace.development.parts import Part\n"
        f"state = Path({str(tmp_path)!r})\n"
        "part = Part('sleeper', [sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "Group(state, [part], mark_of(state)).start(); print('started', flush=True); time.sleep(60)\n"
    )
    launcher = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert launcher.stdout.readline() == "started\n"
    wait_until(lambda: len(leftovers_of(tmp_path)) >= 3, "supervisor, honcho's child and the part live")
    launcher.send_signal(signal.SIGKILL)
    launcher.communicate()
    if sys.platform == "linux":
        wait_until(lambda: leftovers_of(tmp_path) == [], "every part has ended by itself")
    else:
        assert end_leftovers(tmp_path) > 0


def test_what_an_earlier_start_left_behind_is_ended(tmp_path):
    stray = subprocess.Popen(
        [sys.executable, "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"],
        env={**os.environ, **mark_of(tmp_path)},
    )
    wait_until(lambda: [process.pid for process in leftovers_of(tmp_path)] == [stray.pid], "it is found")
    assert end_leftovers(tmp_path, patience=0.5) == 1
    stray.wait()
    assert leftovers_of(tmp_path) == []


def test_ports_are_remembered_and_a_taken_one_is_exchanged(tmp_path):
    first = remembered_port(tmp_path, "web")
    assert remembered_port(tmp_path, "web") == first
    with socket.create_server(("127.0.0.1", first)):
        assert remembered_port(tmp_path, "web") != first


def test_postgres_recovers_after_it_was_killed(tmp_path):
    url = start_postgres(tmp_path)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (value text)")
        connection.execute("INSERT INTO kept VALUES ('still here')")
        connection.execute("CHECKPOINT")
    pid_file = next(tmp_path.glob("postgres/data*/postmaster.pid"))
    killed = psutil.Process(int(pid_file.read_text().splitlines()[0]))
    killed.kill()
    wait_until(lambda: not killed.is_running() or killed.status() == psutil.STATUS_ZOMBIE, "the server is dead")
    with psycopg.connect(start_postgres(tmp_path)) as connection:
        assert connection.execute("SELECT value FROM kept").fetchall() == [("still here",)]
    release_postgres(tmp_path)
    assert not pid_file.exists()
