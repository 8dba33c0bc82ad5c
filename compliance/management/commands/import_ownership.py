"""`import_ownership FILE... --about PARTY`: who stands above a party, from BODS 0.4 statements or GLEIF's files."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from compliance.base import clock
from compliance.base.actor import system
from compliance.base.errors import Refusal
from compliance.engine.codec import Malformed
from compliance.engine.ownership import percent
from compliance.models import OwnershipEdge
from compliance.selectors.parties import party
from compliance.services.ownership_import import ImportPreview, import_ownership, preview_import
from compliance.sources.ownership.reading import read_ownership


class Command(BaseCommand):
    """All or nothing: a file that cannot be taken changes nothing and says why, with exit status 1."""

    help = "Import who owns a party: one file of BODS 0.4 (JSON or JSON lines), or GLEIF's (CSV, JSON, API answers)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The files, and whom they are about."""
        parser.add_argument("files", nargs="+", type=Path, help="one BODS file, or GLEIF's relations, exceptions, LEIs")
        parser.add_argument("--about", type=UUID, required=True, help="the party's id")
        parser.add_argument("--subject", default="", help="BODS: the recordId of the entity, when there are several")
        parser.add_argument("--lei", default="", help="GLEIF: the entity's LEI, when the party has none on record")
        parser.add_argument("--dry-run", action="store_true", help="tell what would change, and change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """The holdings stand, or the error is told."""
        about: UUID = options["about"]
        try:
            lei = options["lei"] or party(about).lei
            told = read_ownership(options["files"], clock.now().date(), subject=options["subject"], lei=lei)
            preview = preview_import(about, told)
            if not options["dry_run"]:
                import_ownership(about, told, actor=system("import_ownership"))
        except (Malformed, Refusal) as error:
            raise CommandError(f"Nothing was imported: {error}") from error
        self._tell(preview, options["dry_run"])

    def _tell(self, preview: ImportPreview, dry_run: bool) -> None:
        would = "would be " if dry_run else ""
        self.stdout.write(f"About {preview.subject}. Source: {preview.source}.")
        for owner, owned, edge in preview.added:
            self.stdout.write(f"  {would}added: {_words(owner, owned, edge)}")
        for owner, owned, edge in preview.ended:
            self.stdout.write(f"  {would}{'withdrawn' if edge.withdrawn_at else 'ended'}: {_words(owner, owned, edge)}")
        for note in preview.notes:
            self.stdout.write(f"  note: {note}")
        self.stdout.write(f"{len(preview.added)} {would}added, {len(preview.ended)} ended, {preview.kept} as before.")


def _words(owner: str, owned: str, edge: OwnershipEdge) -> str:
    share = percent(edge.share_min, edge.share_max) if edge.share_max else ""
    days = " ".join(
        f"{word} {day}" for word, day in (("since", edge.started_on), ("until", edge.ended_on)) if day is not None
    )
    how = "" if edge.direct else "indirectly, "
    return f"{owner} of {owned}: {how}{edge.get_interest_display()} {share} {days}".rstrip()
