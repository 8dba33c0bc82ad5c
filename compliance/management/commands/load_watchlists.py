"""Loads watchlists: the official ones, the repository's samples, or one list from a file or an https address."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from compliance.base.actor import Actor, Role
from compliance.base.errors import Refusal
from compliance.models import WatchlistVersion
from compliance.services.watchlists import load_watchlist
from compliance.sources.catalogue import KNOWN_LISTS

OPERATOR = Actor("operator", "command-line", "Command line", frozenset({Role.OPERATOR}))


class Command(BaseCommand):
    """Exit status 1 when any list was refused; the others are loaded all the same."""

    help = "Load watchlists. With no list named: --all (official addresses) or --samples (small hand-written lists)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The list and its source, or --all, or --samples."""
        parser.add_argument("code", nargs="?", choices=[known.code for known in KNOWN_LISTS])
        parser.add_argument("source", nargs="?", help="a file, or an https address; the official one when left out")
        parser.add_argument("--all", action="store_true", help="every list from its official address")
        parser.add_argument("--samples", action="store_true", help="the repository's hand-written lists")
        parser.add_argument("--allow-shrink", metavar="CASE", help="number of the released alarm case of this content")

    def handle(self, *args: Any, **options: Any) -> None:
        """Every list that could be loaded is; says so a line each."""
        refused = 0
        for code, source in self._wanted(options):
            try:
                reference = options["allow_shrink"] or ""
                version = load_watchlist(
                    code, source, actor=OPERATOR, allow_shrink=bool(reference), reference=reference
                )
            except Refusal as refusal:
                refused += 1
                self.stderr.write(self.style.ERROR(refusal.message))
            else:
                self._tell(version)
        if refused:
            raise CommandError(f"{refused} of the lists were refused.")

    def _wanted(self, options: dict[str, Any]) -> list[tuple[str, str]]:
        if options["samples"]:
            return [(known.code, str(known.sample)) for known in KNOWN_LISTS]
        if options["all"]:
            return [(known.code, known.source_url) for known in KNOWN_LISTS if known.source_url]
        if options["code"]:
            official = {known.code: known.source_url for known in KNOWN_LISTS}
            source = options["source"] or official[options["code"]]
            if not source:
                raise CommandError(f"The list {options['code']} has no official address: name a file or an address.")
            return [(options["code"], source)]
        raise CommandError("Name a list, or give --all or --samples.")

    def _tell(self, version: WatchlistVersion) -> None:
        self.stdout.write(
            f"{version.watchlist_id}: {version.row_count} entries, {version.counts.get('names', 0)} names, "
            f"{version.counts.get('wallets', 0)} wallets, sha256 {version.sha256[:16]}…"
        )
