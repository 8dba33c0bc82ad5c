"""`screen NAME`: what the current lists say about one name. Nothing is stored."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from compliance.models import Party
from compliance.services.screening import look_up


class Command(BaseCommand):
    """Exit status 0 whether or not something is found: a match is a question, not an error."""

    help = "Compare one name with the current watchlists."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The name and what else is known."""
        parser.add_argument("name")
        parser.add_argument("--kind", choices=Party.Kind.values, default=Party.Kind.ENTITY.value)
        parser.add_argument("--country", default="")
        parser.add_argument("--birth-date", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        """Each match with its score and why."""
        party = Party(
            kind=options["kind"],
            name=options["name"],
            country=options["country"].upper(),
            birth_date=options["birth_date"],
        )
        found = look_up(party)
        if found is None:
            raise CommandError("No watchlist is loaded. Run load_watchlists first.")
        for each in found:
            self.stdout.write(
                f"{each.strength:6} {each.score:.2f} {each.list_code}:{each.external_id} {each.listed_name}"
            )
            for feature in each.features:
                self.stdout.write(f"       {feature}")
        if not found:
            self.stdout.write("No match.")
