"""A whole house whose parts may be killed one by one and come back, unlike the launcher's, where one death ends all."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg

from marketplace.config.settings.environment import ROOT
from marketplace.development.agents import agent_parts
from marketplace.development.catalogue import background_parts, foundation_parts, front_parts
from marketplace.development.commands import run_quietly
from marketplace.development.doors import wait_for
from marketplace.development.environment import choose_ports, compose_environment, write_environment
from marketplace.development.errors import DevelopmentError
from marketplace.development.leftovers import end_leftovers
from marketplace.development.parts import Part
from marketplace.development.postgres import binaries, release_postgres, start_postgres

# A busy machine takes its time over a worker's imports.
READY_SECONDS = 600
# Which part is PostgreSQL's server: a daemon of its own, not our child.
POSTGRES = "postgres"
# Leases last for seconds here: what they have used is charged in the contract while they run all the same.
CHARGE_AT_ONCE = {"GRIDCLEAR_ESCROW_CHARGE_AT_MINOR": "1"}
# What others cannot start without.
FOUNDATIONS = (POSTGRES, "redis")


@dataclass
class Running:
    """One life of a part."""

    part: Part
    process: "subprocess.Popen[bytes]"
    began: float = field(default_factory=time.monotonic)
    was_up: bool = False


class House:
    """Everything that `make run` starts, each part in a process group of its own."""

    def __init__(self, state: Path, migrated: Path | None = None) -> None:
        self.state = state
        self._migrated = migrated
        self.environment: dict[str, str] = {}
        self._running: dict[str, Running] = {}
        self._deeds: list[subprocess.Popen[bytes]] = []
        self._shaken = 0.0

    @property
    def url(self) -> str:
        return self.environment["GRIDCLEAR_BASE_URL"]

    @property
    def names(self) -> list[str]:
        """The parts, PostgreSQL besides."""
        return [POSTGRES, *self._running]

    def start(self) -> None:
        """Every part runs and the world is seeded, as the launcher does it."""
        (self.state / "logs").mkdir(parents=True, exist_ok=True)
        end_leftovers(self.state)
        ports = choose_ports(self.state)
        url = start_postgres(self.state)
        if self._migrated is not None:
            subprocess.run([binaries() / "pg_restore", "--no-owner", "--dbname", url, self._migrated], check=True)
        composed = compose_environment(self.state, ports, url) | {"GRIDCLEAR_STATE": str(self.state)}
        self.environment = {**os.environ, **composed, **CHARGE_AT_ONCE}
        self._begin(*(part for part in foundation_parts(self.state, ports) if part.name != POSTGRES))
        self.command("migrate", "--no-input")
        self.command("deploy_contracts")
        write_environment(self.state, self.environment)
        self._begin(*front_parts(self.state, ports))
        self.command("seed", "people")
        self._begin(*agent_parts(self.state, self.environment))
        self.command("seed", "supply")
        self.do_beside("tests.chaos.prices")
        self.end_deeds()
        self._begin(*background_parts(self.state))

    def command(self, *arguments: str) -> str:
        """The management command has ended well; returns what it printed."""
        return run_quietly("-".join(arguments[:2]), arguments, self.state, self.environment)

    def kill(self, name: str) -> None:
        """The part is dead at once, with everything that it started in its group; nothing of it said farewell."""
        if name in FOUNDATIONS:
            self._shaken = time.monotonic()
        if name == POSTGRES:
            self._postmaster().kill()
            return
        process = self._running[name].process
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def revive(self, name: str) -> None:
        """The part is started again on what it left behind; it comes up while the load, and the next fault, go on."""
        if name == POSTGRES:
            wait_for(self._postgres_is_up, "PostgreSQL came up again", seconds=READY_SECONDS)
            return
        self._spawn(self._running[name].part)

    def wait_for(self, *names: str) -> None:
        """These parts, or all, are up."""
        for name in names or tuple(self._running):
            if name != POSTGRES:
                self._wait_ready(self._running[name].part)

    def pause(self, name: str) -> None:
        """The part stands still."""
        os.killpg(self._running[name].process.pid, signal.SIGSTOP)

    def go_on(self, name: str) -> None:
        """The part goes on as if nothing had been."""
        os.killpg(self._running[name].process.pid, signal.SIGCONT)

    def do_beside(self, module: str, *arguments: str) -> None:
        """The module runs on its own in the house, while the load, and the next fault, go on."""
        command = [sys.executable, "-m", module, *arguments]
        with (self.state / "logs" / f"{module}.log").open("ab") as log:
            deed = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=log, stderr=subprocess.STDOUT)
        self._deeds.append(deed)

    def end_deeds(self) -> None:
        """All that ran beside is done. Raises DevelopmentError when one failed."""
        failed = sum(deed.wait(timeout=READY_SECONDS) != 0 for deed in self._deeds)
        self._deeds.clear()
        if failed:
            raise DevelopmentError(f"{failed} deeds failed: see {self.state / 'logs'}")

    def start_again(self) -> list[str]:
        """Parts that ended because PostgreSQL or Redis died while they started are started again; they are returned.

        Raises DevelopmentError for one that ended although nobody gave it a reason.
        """
        ended = []
        for name, each in tuple(self._running.items()):
            if each.process.poll() is None:
                each.was_up = each.was_up or each.part.is_ready(self.state)
            elif each.was_up or each.began > self._shaken:
                raise DevelopmentError(f"{name} ended by itself:\n{each.part.last_lines(self.state)}")
            else:
                ended.append(name)
                self._spawn(each.part)
        return ended

    def stop(self) -> None:
        """No process of the house lives."""
        for running in reversed(self._running.values()):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(running.process.pid, signal.SIGTERM)
        for running in reversed(self._running.values()):
            try:
                running.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                os.killpg(running.process.pid, signal.SIGKILL)
                running.process.wait()
        self._running.clear()
        for deed in self._deeds:
            deed.kill()
            deed.wait()
        release_postgres(self.state)
        end_leftovers(self.state)

    def _begin(self, *parts: Part) -> None:
        for part in parts:
            self._spawn(part)
        for part in parts:
            self._wait_ready(part)

    def _spawn(self, part: Part) -> None:
        log = part.log_path(self.state)
        if log.exists():
            # Whether a part is ready is read from its log: that of an earlier life must not answer.
            with (log.parent / f"{part.name}.earlier.log").open("ab") as earlier:
                earlier.write(log.read_bytes())
        with log.open("wb") as output:
            process = subprocess.Popen(
                part.command,
                env={**self.environment, **part.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running[part.name] = Running(part, process)

    def _wait_ready(self, part: Part) -> None:
        def ready() -> bool:
            self.start_again()
            return part.is_ready(self.state)

        wait_for(ready, f"{part.name} is ready", seconds=READY_SECONDS)

    def _postmaster(self) -> psutil.Process:
        (pid_file,) = (self.state / "postgres").glob("data*/postmaster.pid")
        return psutil.Process(int(pid_file.read_text().splitlines()[0]))

    def _postgres_is_up(self) -> bool:
        try:
            start_postgres(self.state)
        except (DevelopmentError, psycopg.OperationalError):
            # The killed server is not quite gone, or its orphans still hold its memory.
            return False
        return True
