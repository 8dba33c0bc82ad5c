"""What stands of each list, what its versions changed, how old it may grow, and where it is fetched."""

from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from compliance.base.actor import Actor, Role
from compliance.base.errors import Refusal
from compliance.models import Watchlist, WatchlistVersion
from compliance.selectors.list_changes import change_views, changes_of, list_versions, version_of
from compliance.selectors.list_fetches import next_fetch_at
from compliance.selectors.watchlists import watchlist_status
from compliance.services.list_registry import OFFICIAL, register_lists, schedule_fetching, set_staleness_limit
from compliance.sources.catalogue import KNOWN_LISTS

OPERATOR = Actor("operator", "command-line", "Command line", frozenset({Role.OPERATOR}))
CODES = [known.code for known in KNOWN_LISTS]
MOST_CHANGES = 1000


class Command(BaseCommand):
    """`status`, `history LIST`, `diff LIST [VERSION]`, `limit LIST HOURS`, `fetch LIST ADDRESS|official|off`."""

    help = "Show and set how lists stand: status, history, diff, limit, fetch."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One sub-command each."""
        commands = parser.add_subparsers(dest="what", required=True)
        commands.add_parser("status", help="every list: state, entries, age, when it is fetched next")
        history = commands.add_parser("history", help="the versions of a list, newest first")
        history.add_argument("code", choices=CODES)
        history.add_argument("--most", type=int, default=20)
        diff = commands.add_parser("diff", help="what a version changed against the one before")
        diff.add_argument("code", choices=CODES)
        diff.add_argument("version", nargs="?", type=UUID, help="the current one when left out")
        limit = commands.add_parser("limit", help="hours without news until nothing goes through: 1 to 336")
        limit.add_argument("code", choices=CODES)
        limit.add_argument("hours", type=float)
        fetch = commands.add_parser("fetch", help="let the beat fetch a list, or all that have an official address")
        fetch.add_argument("code", choices=[*CODES, "all"])
        fetch.add_argument("address", help="an https address, “official” or “off”")
        fetch.add_argument("--every-hours", type=float, help="how often; 6 unless told")

    def handle(self, *args: Any, **options: Any) -> None:
        """What was asked is told, or set and told."""
        try:
            getattr(self, f"_{options['what']}")(options)
        except Refusal as refusal:
            raise CommandError(refusal.message) from refusal

    def _status(self, options: dict[str, Any]) -> None:
        rows = {row.code: row for row in register_lists()}
        for each in watchlist_status():
            at = next_fetch_at(rows[each.code]) if each.code in rows else None
            told = f"next fetch {_time(at)}" if at else "not fetched by itself"
            age = (
                f"{each.row_count} entries, confirmed {_time(each.confirmed_at)}" if each.confirmed_at else "no version"
            )
            limit = each.staleness_limit_seconds / 3600
            self.stdout.write(f"{each.code}: {each.state}, {age}, limit {limit:g} h, {told}")

    def _history(self, options: dict[str, Any]) -> None:
        for row in list_versions(options["code"]).select_related("let_in_by")[: options["most"]]:
            changed = row.refusal or f"{row.row_count} entries: +{row.added} ~{row.changed} -{row.removed}"
            changed += f", let in by case {row.let_in_by.number}" if row.let_in_by and not row.refusal else ""
            self.stdout.write(f"{row.pk} {_time(row.fetched_at)} {row.state} sha256 {row.sha256[:16]}… {changed}")

    def _diff(self, options: dict[str, Any]) -> None:
        version = version_of(options["code"], options["version"] or self._current(options["code"]))
        if version.previous is None:
            self.stdout.write(f"The first version: {version.row_count} entries.")
            return
        self.stdout.write(f"Against the version of {_time(version.previous.fetched_at)}:")
        changes = changes_of(version)
        for view in change_views(changes[:MOST_CHANGES]):
            self.stdout.write(f"{view.kind} {view.external_id} {view.name} {view.old_hash[:8]}→{view.new_hash[:8]}")
            for fact in view.fields if view.kind == "changed" else ():
                self.stdout.write(f"  {fact.label}: {fact.before or '—'} → {fact.after or '—'}")
        if (left := changes.count() - MOST_CHANGES) > 0:
            self.stdout.write(f"… and {left} more; see the page of the list.")

    def _limit(self, options: dict[str, Any]) -> None:
        row = set_staleness_limit(options["code"], round(options["hours"] * 3600), actor=OPERATOR)
        hours = row.staleness_limit_seconds / 3600
        self.stdout.write(f"{row.code}: nothing goes through after {hours:g} h without news.")

    def _fetch(self, options: dict[str, Any]) -> None:
        every = round(options["every_hours"] * 3600) if options["every_hours"] else None
        address = "" if options["address"] == "off" else options["address"]
        all_codes = [known.code for known in KNOWN_LISTS if known.source_url]
        if options["code"] == "all" and address not in ("", OFFICIAL):
            raise CommandError("All lists do not come from one address: “official” or “off”.")
        for code in all_codes if options["code"] == "all" else [options["code"]]:
            row = schedule_fetching(code, address, every, actor=OPERATOR)
            self.stdout.write(f"{code}: {_fetching(row)}")

    def _current(self, code: str) -> UUID:
        found = WatchlistVersion.objects.filter(watchlist=code, state=WatchlistVersion.State.CURRENT).first()
        if found is None:
            raise CommandError(f"The list {code} was never loaded.")
        return found.pk


def _fetching(row: Watchlist) -> str:
    if not row.fetch_url:
        return "no longer fetched by itself; load it by hand."
    return f"fetched from {row.fetch_url} every {timedelta(seconds=row.fetch_every_seconds)}."


def _time(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "never"
