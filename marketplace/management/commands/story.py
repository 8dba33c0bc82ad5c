"""`manage.py story`: the story is played on the running house; ends with 1 when a step did not hold."""

import argparse
import json
import logging
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.table import Table

from compliance.base import clock
from marketplace.development.image import ensure_image
from marketplace.development.story.honest import card_lease, escrow_lease
from marketplace.development.story.judged import listed_while_running, undisclosed_end_user
from marketplace.development.story.proofs import prove_books_and_chain
from marketplace.development.story.stage import Stage, make_console
from marketplace.development.story.unlawful import fifty_percent, headquarters, listed_wallet

SCENES = (
    ("a", "An honest company leases two H100 by card", card_lease),
    ("b", "A university does the same by escrow on chain", escrow_lease),
    ("c", "A subsidiary of a Beijing parent, two holdings below", headquarters),
    ("d", "A company held 30 % + 25 % by two listed parties", fifty_percent),
    ("e", "A sanctioned wallet", listed_wallet),
    ("f", "A broker with an undisclosed end user", undisclosed_end_user),
    ("g", "A running renter is put on a list", listed_while_running),
    ("h", "The books balance and the audit chain verifies", prove_books_and_chain),
)


class Command(BaseCommand):
    """Plays every scene through the public doors of the running house."""

    help = "Play the story on the running parts; exit status 1 when a step did not hold."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Which scenes."""
        parser.add_argument("--scenes", default="abcdefgh", help="letters of the scenes to play")

    def handle(self, *args: object, scenes: str, **options: object) -> None:
        """The chosen scenes were played and their outcomes told."""
        # The requests of the story's people are its subject, not its log.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        console = make_console()
        if not ensure_image():
            console.print("[yellow]No Docker daemon answers: workloads run as confined processes.[/]")
        stage = Stage(console)
        held = stage.play([scene for scene in SCENES if scene[0] in scenes])
        self._tell(stage)
        if not held:
            raise CommandError("The story did not hold.")

    def _tell(self, stage: Stage) -> None:
        table = Table("Scene", "", "Seconds", title="The story", title_justify="left", box=None)
        for outcome in stage.outcomes:
            mark = "[green]held[/]" if outcome.held else "[red]did not hold[/]"
            table.add_row(f"({outcome.letter}) {outcome.title}", mark, f"{outcome.seconds:.1f}")
        stage.console.print()
        stage.console.print(table)
        record = {
            "at": clock.now().isoformat(),
            "scenes": {outcome.letter: outcome.failure or "held" for outcome in stage.outcomes},
        }
        (Path(settings.STATE_DIR) / "story.json").write_text(json.dumps(record, indent=2) + "\n")
