"""`audit verify`, `checkpoint`, `prove` and `consistency`: the audit log holds, says where it does not, and proves it.

It stands in this app because anchors lie on chain, of which compliance knows nothing.
"""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance.base import audit
from compliance.base.errors import NotFound, Refusal
from compliance.base.notes import NoteMalformed
from compliance.selectors.audit import sealed_event
from compliance.selectors.audit_tree import consistency_proof, inclusion_proofs
from compliance.services.audit_verification import LogReport, Witness, verify_log, witness_of
from compliance.services.checkpoints import make_checkpoint
from settlement.services.anchors import anchored_roots


class Command(BaseCommand):
    """Exit status 1, with each fault on a line, when the log does not hold."""

    help = "Verify the audit log, sign it, or prove to others what it holds."

    def add_arguments(self, parser: CommandParser) -> None:
        """The deed, and what it is about."""
        deeds = parser.add_subparsers(dest="deed", required=True)
        verify: ArgumentParser = deeds.add_parser("verify", help="walk the whole log, after sealing what is not sealed")
        verify.add_argument("--anchors", action="store_true", help="hold it against the roots on chain too")
        verify.add_argument(
            "--against", action="append", default=[], metavar="FILE", help="a signed checkpoint that was kept elsewhere"
        )
        deeds.add_parser("checkpoint", help="sign what the log holds now, and print it")
        prove: ArgumentParser = deeds.add_parser("prove", help="print a proof that an event is in the log")
        prove.add_argument("event", type=int)
        consistency: ArgumentParser = deeds.add_parser(
            "consistency", help="print a proof that the log of OLD links is the beginning of the log of NEW links"
        )
        consistency.add_argument("old", type=int)
        consistency.add_argument("new", type=int)

    def handle(self, *args: Any, **options: Any) -> None:
        """One of the deeds."""
        try:
            getattr(self, f"_{options['deed']}")(options)
        except Refusal as refusal:
            raise CommandError(refusal.message) from refusal

    def _verify(self, options: dict[str, Any]) -> None:
        while audit.seal_events():
            pass
        witnesses = [_kept(path) for path in options["against"]]
        if options["anchors"]:
            witnesses += self._anchors()
        report = verify_log(witnesses)
        for fault in report.faults:
            self.stderr.write(self.style.ERROR(fault))
        if not report.holds:
            raise SystemExit(1)
        self._tell(report)

    def _anchors(self) -> list[Witness]:
        found = anchored_roots()
        if not found:
            raise CommandError("The chain keeps no root of this log: there is nothing to verify against.")
        return found

    def _tell(self, report: LogReport) -> None:
        self.stdout.write(f"The audit chain holds: {report.links} events, newest hash {report.head}.")
        self.stdout.write(f"Merkle root {report.root}.")
        bare = report.links - report.covered
        self.stdout.write(
            f"{report.witnesses} signed or anchored roots agree with it; {bare} events are newer than all of them."
        )

    def _checkpoint(self, options: dict[str, Any]) -> None:
        checkpoint = make_checkpoint()
        if checkpoint is None:
            raise CommandError("The log is empty: there is nothing to sign.")
        self.stdout.write(checkpoint.note, ending="")

    def _prove(self, options: dict[str, Any]) -> None:
        found = sealed_event(options["event"])
        if found is None:
            raise NotFound(f"There is no sealed event {options['event']}.")
        (proof,) = inclusion_proofs([found.seal.sequence])
        self._print(
            {
                "event": found.body(),
                "event_id": found.pk,
                "sequence": found.seal.sequence,
                "previous_hash": found.seal.previous_hash,
                "hash": found.seal.hash,
                "path": proof.path,
                "checkpoint": proof.checkpoint.note,
            }
        )

    def _consistency(self, options: dict[str, Any]) -> None:
        old, new = options["old"], options["new"]
        self._print({"old": old, "new": new, "path": consistency_proof(old, new)})

    def _print(self, value: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(value, indent=2, ensure_ascii=False))


def _kept(path: str) -> Witness:
    try:
        return witness_of(Path(path).read_text(encoding="utf-8"), f"the checkpoint in {path}")
    except (OSError, UnicodeDecodeError, NoteMalformed) as error:
        raise CommandError(f"{path} cannot be taken as a checkpoint: {error}.") from error
