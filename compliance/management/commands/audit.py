"""`audit verify`: the audit log holds, or says where it does not."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from compliance.base import audit
from compliance.selectors.audit import chain_status


class Command(BaseCommand):
    """Exit status 1, with each fault on a line, when the chain does not hold."""

    help = "Verify the audit log's hash chain, after sealing what is not yet sealed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The one deed."""
        parser.add_argument("deed", choices=["verify"])

    def handle(self, *args: Any, **options: Any) -> None:
        """Says how long the chain is and what its newest hash is."""
        while audit.seal_events():
            pass
        faults = audit.verify_chain()
        if faults:
            for fault in faults:
                self.stderr.write(self.style.ERROR(fault))
            raise SystemExit(1)
        status = chain_status()
        self.stdout.write(f"The audit chain holds: {status.sealed} events, newest hash {status.head}.")
