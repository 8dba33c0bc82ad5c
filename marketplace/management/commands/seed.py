"""`manage.py seed`: the lifelike world of development, in two parts around the start of the agents."""

import argparse

from django.core.management.base import BaseCommand

from marketplace.development.seeding.history import seed_history
from marketplace.development.seeding.lists import seed_lists
from marketplace.development.seeding.payouts import seed_payouts
from marketplace.development.seeding.people import seed_people
from marketplace.development.seeding.supply import seed_offers, write_enrolment_tokens

PARTS = ("people", "supply")


class Command(BaseCommand):
    """Makes the seeded world true; running it again changes nothing."""

    help = "Seed the development world: people (before the agents start), then supply (once they report)."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Which part."""
        parser.add_argument("part", choices=PARTS)

    def handle(self, *args: object, part: str, **options: object) -> None:
        """The part's world stands."""
        if part == "people":
            seed_people()
            seed_lists()
            seed_payouts()
            write_enrolment_tokens()
        else:
            seed_offers()
            seed_history()
        self.stdout.write(f"seeded: {part}")
