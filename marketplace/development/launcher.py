"""Starts every part in order, plays the story, serves, and stops everything.

`python -m marketplace.development demo` plays the story and ends with its exit status; `run` goes on serving
until Ctrl-C. One launcher per checkout at a time.
"""

import fcntl
import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

from rich.console import Console

from marketplace.development.addresses import print_addresses
from marketplace.development.agents import agent_parts
from marketplace.development.catalogue import background_parts, foundation_parts, front_parts
from marketplace.development.commands import run_quietly, run_visibly
from marketplace.development.environment import (
    Ports,
    choose_ports,
    compose_environment,
    state_folder,
    uses_real,
    write_environment,
)
from marketplace.development.errors import DevelopmentError
from marketplace.development.groups import Group
from marketplace.development.leftovers import end_leftovers
from marketplace.development.parts import Part
from marketplace.development.postgres import release_postgres, start_postgres
from marketplace.development.story.stage import make_console

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(Exception):
    """The developer asked the launcher to end."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(signal.Signals(number).name)


class Launcher:
    """The house of one checkout: its folder, its environment and the groups that run now."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.state = state_folder()
        self.environment: dict[str, str] = {}
        self._groups: list[Group] = []

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """A line with the time it took stands on the terminal when the block ends well."""
        began = time.monotonic()
        with self.console.status(f"{title} ..."):
            yield
        self.console.print(f"[green]✓[/] {title} [dim]{time.monotonic() - began:.1f} s[/]")

    def start_foundations(self) -> Ports:
        """PostgreSQL, Redis and the chain run, and the environment of all parts is settled."""
        ended = end_leftovers(self.state)
        if ended:
            self.console.print(f"[yellow]Ended {ended} processes that an earlier start left behind.[/]")
        ports = choose_ports(self.state)
        url = os.environ.get("DATABASE_URL") or start_postgres(self.state)
        self.environment = {**os.environ, **compose_environment(self.state, ports, url)}
        self.start_group(foundation_parts(self.state, ports))
        return ports

    def start_group(self, parts: Sequence[Part]) -> None:
        """The parts run and are ready."""
        group = Group(self.state, parts, self.environment)
        self._groups.append(group)
        group.start()

    def check(self) -> None:
        """Every part runs; raises DevelopmentError that tells which one ended."""
        for group in self._groups:
            group.check()

    def command(self, name: str, *arguments: str) -> str:
        """The management command has ended well; returns what it printed."""
        return run_quietly(name, arguments or (name,), self.state, self.environment)

    def stop(self) -> None:
        """No process of this launcher lives."""
        for group in reversed(self._groups):
            group.stop()
        self._groups.clear()
        if not uses_real("DATABASE_URL"):
            release_postgres(self.state)
        end_leftovers(self.state)


@contextmanager
def only_launcher(state: Path) -> Iterator[None]:
    """No other launcher runs from this checkout; raises DevelopmentError when one does."""
    with (state / "launcher.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DevelopmentError(f"Gridclear already runs on {state}; stop that one first.") from error
        yield


def start_house(launcher: Launcher) -> None:
    """Every part runs, the world is seeded, and the providers' agents are enrolled and running."""
    with launcher.step("Foundations: PostgreSQL, Redis, chain"):
        ports = launcher.start_foundations()
    with launcher.step("Database migrated"):
        launcher.command("migrate", "migrate", "--no-input")
    with launcher.step("Contracts deployed"):
        launcher.command("deploy_contracts")
    write_environment(launcher.state, launcher.environment)
    with launcher.step("Web and card network"):
        launcher.start_group(front_parts(launcher.state, ports))
    with launcher.step("World seeded: people, watchlists, GPU catalogue, payout accounts"):
        launcher.command("seed-people", "seed", "people")
    with launcher.step("Provider agents enrolled and running"):
        launcher.start_group(agent_parts(launcher.state, launcher.environment))
    with launcher.step("World seeded: offers, past leases and earnings"):
        launcher.command("seed-supply", "seed", "supply")
    # Only now: the past is made under a clock of its own, which the sweeps of the present would interrupt.
    with launcher.step("Celery worker and beat"):
        launcher.start_group(background_parts(launcher.state))


def play_story(launcher: Launcher) -> int:
    """The story has been told on this terminal; returns 0 only when every step held."""
    return run_visibly(["story"], launcher.environment, launcher.check)


def serve(launcher: Launcher) -> None:
    """Serves until the developer stops it; raises DevelopmentError when a part ends by itself."""
    print_addresses(launcher.console, launcher.state, launcher.environment)
    while True:
        launcher.check()
        time.sleep(0.5)


def launch(*, keep_serving: bool) -> int:
    """Everything has been started, used and stopped; returns the exit status for the shell."""
    console = make_console()
    _turn_signals_into_stopped()
    with ExitStack() as stack:
        try:
            launcher = Launcher(console)
            stack.enter_context(only_launcher(launcher.state))
            stack.callback(_stop_undisturbed, launcher)
            start_house(launcher)
            status = play_story(launcher)
            if keep_serving:
                serve(launcher)
            return status
        except Stopped as stopped:
            console.print("\nStopping every part ...")
            return 0 if keep_serving and stopped.number == signal.SIGINT else 128 + stopped.number
        except DevelopmentError as error:
            console.print(f"[red]✗[/] {error}", highlight=False, markup=True)
            return 1


def _turn_signals_into_stopped() -> None:
    def stop(number: int, _frame: FrameType | None) -> None:
        raise Stopped(number)

    for number in STOP_SIGNALS:
        signal.signal(number, stop)


def _stop_undisturbed(launcher: Launcher) -> None:
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    launcher.stop()
