"""`screen`: people and companies as JSON lines, or one name, compared with the current lists. Nothing is stored."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from compliance.base import clock
from compliance.engine.batch.pairs import why
from compliance.engine.codec import Malformed
from compliance.engine.entities import described
from compliance.management.json_lines import STDIN, Answer, JsonLinesCommand
from compliance.models import Party
from compliance.services.screening import open_index
from compliance.services.screening_index import Candidate, Index

_ENDINGS = (".json", ".jsonl", ".ndjson")


class Command(JsonLinesCommand):
    """A match is a question, not an error: the exit status is 0 whether or not something is found."""

    help = "Compare people and companies with the current watchlists: JSON lines in and out, or one name in words."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """A file, or a name and what else is known."""
        parser.add_argument(
            "what", nargs="?", default=STDIN, help="a file of JSON lines, or one name; standard input when left out"
        )
        parser.add_argument("--kind", choices=Party.Kind.values, default=Party.Kind.ENTITY.value, help="of a name")
        parser.add_argument("--country", default="", help="of a name")
        parser.add_argument("--birth-date", default="", help="of a name")

    def handle(self, *args: Any, **options: Any) -> None:
        """Each match with its score and why."""
        what = options["what"]
        if what == STDIN or what.endswith(_ENDINGS) or Path(what).is_file():
            super().handle(*args, **{**options, "file": what})
        else:
            self._screen_name(what, options)

    def answering(self, options: dict[str, Any]) -> Answer:
        """The index over the lists as they are at the start."""
        index, today = _index(), clock.now().date()

        def answer(value: dict[str, Any]) -> dict[str, Any]:
            asked = described(value, today)
            return {"matches": [_shown(each) for each in index.candidates_of(asked.queries(), asked.wallets)]}

        return answer

    def _screen_name(self, name: str, options: dict[str, Any]) -> None:
        given = {"name": name, "country": options["country"], "birthDate": options["birth_date"]}
        schema = "Person" if options["kind"] == Party.Kind.PERSON else "Company"
        index = _index()
        try:
            asked = described(
                {"schema": schema, **{key: value for key, value in given.items() if value}}, clock.now().date()
            )
        except Malformed as error:
            raise CommandError(f"{error}.") from error
        found = index.candidates_of(asked.queries(), ())
        for each in found:
            self.stdout.write(
                f"{each.strength:6} {each.score:.2f} {each.list_code}:{each.external_id} {each.listed_name}"
            )
            for feature in each.features:
                self.stdout.write(f"       {feature}")
        if not found:
            self.stdout.write("No match.")


def _index() -> Index:
    index = open_index()
    if index is None:
        raise CommandError("No watchlist is loaded. Run load_watchlists first.")
    return index


def _shown(each: Candidate) -> dict[str, Any]:
    return {
        "list": each.list_code,
        "id": each.external_id,
        "name": each.listed_name,
        "score": each.score,
        "match": each.score >= each.threshold,
        "why": why(each.features, each.strength),
    }
