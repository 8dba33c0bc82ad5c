"""Where the story is played: scenes and steps on the terminal as they happen, and what came of them."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

PAGE_WIDTH = 120


class NotHeld(Exception):
    """A step of the story did not come out as promised."""


@dataclass
class Outcome:
    """How one scene ended."""

    letter: str
    title: str
    seconds: float
    failure: str = ""

    @property
    def held(self) -> bool:
        """Whether every step of the scene came out as promised."""
        return not self.failure


def make_console() -> Console:
    """The terminal, or a page wide enough for whole sentences where the output is kept in a file."""
    console = Console()
    return console if console.is_terminal else Console(width=PAGE_WIDTH)


@dataclass
class Stage:
    """Prints what happens; a scene that fails is told and the next one is played."""

    console: Console
    outcomes: list[Outcome] = field(default_factory=list)
    _progress: Progress | None = None

    def step(self, text: str) -> None:
        """Something has happened as promised."""
        self.console.print(f"  [green]✓[/] {text}", highlight=False)

    def refusal(self, text: str) -> None:
        """Something was refused as promised; the words are those that the renter reads."""
        self.console.print(f"  [yellow]⊘[/] {text}", highlight=False)

    def expect(self, held: object, what: str) -> None:
        """`what` holds and is told; raises NotHeld otherwise."""
        if not held:
            raise NotHeld(f"this does not hold: {what}")
        self.step(what)

    def play(self, scenes: Sequence[tuple[str, str, Callable[["Stage"], None]]]) -> bool:
        """Every scene has been played; returns whether all held."""
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self.console, transient=True) as progress:
            task = progress.add_task("The story", total=len(scenes))
            for letter, title, scene in scenes:
                progress.update(task, description=f"Scene {letter}: {title}")
                with self._scene(letter, title):
                    scene(self)
                progress.advance(task)
        return all(outcome.held for outcome in self.outcomes)

    @contextmanager
    def _scene(self, letter: str, title: str) -> Iterator[None]:
        self.console.print(f"\n[bold]({letter}) {title}[/]", highlight=False)
        outcome = Outcome(letter, title, 0.0)
        began = time.monotonic()
        try:
            yield
        except Exception as error:  # a scene that breaks must not hide the ones after it
            outcome.failure = f"{type(error).__name__}: {error}"
            self.console.print(f"  [red]✗ {outcome.failure}[/]", highlight=False, markup=True)
        outcome.seconds = time.monotonic() - began
        self.outcomes.append(outcome)
