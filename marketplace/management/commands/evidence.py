"""`evidence bundle` and `evidence verify`: a bundle of evidence made, one held against signatures and proofs."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance.base import audit
from compliance.base.actor import system
from compliance.base.bundle import MOST_BYTES
from compliance.base.errors import Refusal
from compliance.services import signing
from compliance.services.evidence_verification import verify_bundle
from marketplace.models import Bundle
from marketplace.services.bundle_contents import evidence_of


class Command(BaseCommand):
    """`verify` ends with status 1, and a line for each fault, when the bundle is not good."""

    help = "Make a signed bundle of evidence, or verify one."

    def add_arguments(self, parser: CommandParser) -> None:
        """The deed, and what it is about."""
        deeds = parser.add_subparsers(dest="deed", required=True)
        bundle: ArgumentParser = deeds.add_parser("bundle", help="write a bundle about one subject to a file")
        about = bundle.add_mutually_exclusive_group(required=True)
        for kind in Bundle.EVIDENCE:
            about.add_argument(f"--{kind}", type=UUID, metavar="ID")
        bundle.add_argument("--output", type=Path, help="where to; evidence-KIND-ID.zip in this folder unless given")
        verify: ArgumentParser = deeds.add_parser("verify", help="hold a bundle against its signatures and proofs")
        verify.add_argument("file", type=Path)
        verify.add_argument(
            "--key",
            action="append",
            default=[],
            type=Path,
            help="a public key (PEM) to trust instead of the platform's",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """One of the deeds."""
        if options["deed"] == "bundle":
            self._bundle(options)
        else:
            self._verify(options["file"], options["key"])

    def _bundle(self, options: dict[str, Any]) -> None:
        kind, about_id = next((kind, options[kind]) for kind in Bundle.EVIDENCE if options[kind])
        path = options["output"] or Path(f"evidence-{kind}-{about_id}.zip")
        if path.exists():
            raise CommandError(f"{path} exists already. Nothing was written.")
        try:
            made = evidence_of(kind, about_id)
        except Refusal as refusal:
            raise CommandError(refusal.message) from refusal
        audit.record_about(
            "evidence.written",
            actor=system("command"),
            subject_kind=f"evidence.{kind}",
            subject_id=str(about_id),
            data={"bytes": len(made.body)},
        )
        path.touch(mode=0o600)
        path.write_bytes(made.body)
        self.stdout.write(f"Written to {path}: {len(made.body):,} bytes. It holds personal data: keep it so.")

    def _verify(self, file: Path, key_files: list[Path]) -> None:
        keys = [_public_key(path) for path in key_files] or list(signing.evidence_public_keys().values())
        try:
            if file.stat().st_size > MOST_BYTES:
                raise CommandError(f"{file} is larger than a bundle may be.")
            raw = file.read_bytes()
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
        report = verify_bundle(raw, keys)
        for fault in report.faults:
            self.stderr.write(self.style.ERROR(fault))
        if not report.good:
            raise SystemExit(1)
        self.stdout.write(f"The evidence of {report.subject} is whole, signed and proven.")
        self.stdout.write(
            f"{report.events} events lie in the audit log; {report.replayed} of {report.decisions} decisions come out "
            "to the same bytes again."
        )
        for note in report.notes:
            self.stdout.write(f"Note: {note}.")


def _public_key(path: Path) -> bytes:
    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise CommandError(f"{path} holds no public key.") from error
    if not isinstance(key, Ed25519PublicKey):
        raise CommandError(f"{path} holds no Ed25519 key.")
    return key.public_bytes_raw()
