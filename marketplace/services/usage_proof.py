"""The proof of usage: every record signed by its node, every usage line in the ledger resting on its record."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

from marketplace.lease_pricing import charge_minor
from marketplace.models import Lease, UsageRecord
from marketplace.services.agent_auth import usage_is_signed
from settlement.selectors.usage import posted_lines
from settlement.services.usage import usage_id

# Leases that are looked at together.
BATCH = 200


@dataclass(frozen=True, slots=True)
class UsageProof:
    """How many records and lines were looked at, and what is wrong with some of them, in sentences."""

    records: int
    lines: int
    faults: tuple[str, ...]


def verify_usage(lease_id: UUID | None = None) -> UsageProof:
    """Signatures, totals and usage lines of all leases, or of one, were checked against each other. Read only."""
    leases = Lease.objects.filter(billed_seconds__gt=0) if lease_id is None else Lease.objects.filter(pk=lease_id)
    rows = leases.select_related("node").order_by("pk").iterator(chunk_size=BATCH)
    records = lines = 0
    faults: list[str] = []
    while batch := list(islice(rows, BATCH)):
        found = _Batch(batch)
        faults += found.faults()
        records, lines = records + found.records, lines + found.lines
    return UsageProof(records, lines, tuple(faults))


class _Batch:
    def __init__(self, leases: Sequence[Lease]) -> None:
        self.leases = {lease.pk: lease for lease in leases}
        self.records = self.lines = 0

    def faults(self) -> list[str]:
        expected: dict[UUID, str] = {}
        found = list(self._of_records(expected))
        for line in posted_lines(self.leases):
            self.lines += 1
            if expected.get(line.id) != line.memo:
                found.append(f"usage line {line.id} of lease {line.subject_id} rests on no such record: {line.memo}")
        return found

    def _of_records(self, expected: dict[UUID, str]) -> Iterator[str]:
        """What is wrong with records; `expected` then has what the line of each must say."""
        before = dict.fromkeys(self.leases, 0)
        for record in UsageRecord.objects.filter(lease_id__in=self.leases).order_by("lease_id", "sequence"):
            self.records += 1
            lease = self.leases[record.lease_id]
            name = f"usage record {record.sequence} of lease {lease.pk}"
            if not usage_is_signed(lease.node, lease.pk, record.sequence, record.reported_seconds, record.signature):
                yield f"{name} is not signed by its node"
            if not before[lease.pk] < record.accepted_seconds <= record.reported_seconds:
                yield f"{name} took {record.accepted_seconds} s of {record.reported_seconds} s"
            before[lease.pk] = record.accepted_seconds
            expected[usage_id(lease.pk, record.sequence)] = _memo(lease, record)
        for pk, seconds in before.items():
            if seconds != self.leases[pk].billed_seconds:
                yield f"lease {pk} bills {self.leases[pk].billed_seconds} s, its records prove {seconds} s"


def _memo(lease: Lease, record: UsageRecord) -> str:
    cost = charge_minor(lease.rate_minor_per_hour, record.accepted_seconds, lease.max_spend_minor)
    return f"report {record.sequence}: {record.accepted_seconds} s, {cost} in all"
