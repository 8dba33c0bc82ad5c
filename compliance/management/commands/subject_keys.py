"""`subject_keys status`, `add-master NAME`, `rewrap`: the master keys that wrap the keys of subjects."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance.base.actor import system
from compliance.base.master_keys import add_master_key, keyring
from compliance.selectors.sealed import keys_by_master
from compliance.services import subject_keys


class Command(BaseCommand):
    """Rotation: `add-master`, restart every process, `rewrap`; when `status` shows none under it, drop the old line."""

    help = "Tell, add and rotate the master keys that wrap the keys of subjects."

    def add_arguments(self, parser: CommandParser) -> None:
        """The deed."""
        deeds = parser.add_subparsers(dest="deed", required=True)
        deeds.add_parser("status", help="which master key wraps how many subjects' keys")
        add = deeds.add_parser("add-master", help="the key file has a new master key, current from now on")
        add.add_argument("name", help="such as 2026-11")
        deeds.add_parser("rewrap", help="every subject's key is wrapped by the current master key")

    def handle(self, *args: Any, **options: Any) -> None:
        """Says what is so afterwards."""
        try:
            getattr(self, f"_{options['deed'].replace('-', '_')}")(options)
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error

    def _status(self, options: dict[str, Any]) -> None:
        current = keyring().current
        found = keys_by_master()
        for name in sorted({current, *found}):
            mark = " (current)" if name == current else ""
            self.stdout.write(f"{name}{mark}: {found.get(name, 0)} keys")

    def _add_master(self, options: dict[str, Any]) -> None:
        add_master_key(options["name"])
        self.stdout.write(f"{options['name']} wraps from now on. Restart every process, then: subject_keys rewrap.")

    def _rewrap(self, options: dict[str, Any]) -> None:
        count = subject_keys.rewrap(actor=system("subject_keys"))
        self.stdout.write(f"{count} keys were wrapped anew, by {keyring().current}.")
