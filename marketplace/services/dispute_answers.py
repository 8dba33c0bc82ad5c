"""The answer to a cardholder's bank: what the records of the disputed leases say, and nothing that is not in them.

It holds when and on which GPUs each lease ran, the usage that the node signed, how much the workload wrote (never what:
that is the renter's), and the receipt. It is handed in once; an operator may add a note. What nobody answered is
answered with the records alone before the bank's day comes.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Max, Min

from compliance.base.actor import Actor, system
from compliance.base.errors import Refusal
from marketplace.models import Lease, Organization, UsageRecord, User, WorkloadLog
from marketplace.permissions import require_operator
from marketplace.services import mail
from settlement.selectors.disputes import DisputeView, dispute, due_soon, leases_paid_by
from settlement.selectors.receipts import ReceiptView, receipt_for
from settlement.services import dispute_deeds

logger = logging.getLogger(__name__)
ACTOR = system("disputes")
# So many lines of usage are told for each lease: the first, the last, and some between.
USAGE_LINES = 12
MOST_ACTIVITY = 19_000
MOST_NOTE = 4_000


@dataclass(frozen=True, slots=True)
class _Written:
    """How much a workload wrote, and when; never what."""

    lines: int = 0
    first: object = None
    last: object = None


def evidence_for(dispute_id: UUID, note: str = "") -> dict[str, str]:
    """What would be handed in, by Stripe's field names; the same records give the same words. Raises NotFound."""
    found = dispute(dispute_id)
    rows = {lease.pk: lease for lease in _leases(leases_paid_by(dispute_id))}
    leases = sorted(rows.values(), key=lambda lease: lease.created_at)
    evidence = {
        "product_description": _product(leases),
        "access_activity_log": _activity(leases),
        "uncategorized_text": "\n\n".join(part for part in (note.strip()[:MOST_NOTE], _account(found, leases)) if part),
    }
    if leases and leases[0].started_at:
        evidence["service_date"] = f"{leases[0].started_at:%Y-%m-%d}"
    organization = Organization.objects.filter(party_id=found.party_id).first()
    if organization is not None:
        evidence["customer_name"] = organization.name
        owners = mail.owners_of(organization)
        if owners:
            evidence["customer_email_address"] = owners[0]
    return evidence


def answer(dispute_id: UUID, note: str, *, user: User, actor: Actor) -> None:
    """The bank has the records with the operator's note. Asks the network.

    Raises NotFound (for others than operators too), DisputeAnswered, EvidenceTooLong, EvidenceNotTaken.
    """
    require_operator(user)
    dispute_deeds.submit_evidence(dispute_id, evidence_for(dispute_id, note), actor=actor)


def answer_due() -> int:
    """What nobody answered and is due within two days was answered with the records. Returns how many were."""
    count = 0
    for found in due_soon():
        try:
            dispute_deeds.submit_evidence(found.id, evidence_for(found.id), actor=ACTOR)
        except Refusal as refusal:
            logger.error("dispute %s is due at %s and not answered: %s", found.id, found.due_at, refusal.code)
            continue
        count += 1
    return count


def _leases(ids: Iterable[UUID]) -> Iterable[Lease]:
    return Lease.objects.filter(pk__in=list(ids)).select_related("gpu_model", "node")


def _product(leases: list[Lease]) -> str:
    """What was bought."""
    models = sorted({f"{lease.gpu_count} x {lease.gpu_model.name}" for lease in leases})
    what = f"Here: {'; '.join(models)}." if models else "Here: a prepaid balance, nothing of which was used yet."
    return (
        "Computing time on rented GPUs, sold by the hour, billed by the second and delivered over the internet as soon "
        f"as it is paid for. Nothing is shipped. {what}"
    )


def _activity(leases: list[Lease]) -> str:
    """What happened when: one block for each lease, cut where the bank stops to read."""
    usage = _usage([lease.pk for lease in leases])
    written = _written([lease.pk for lease in leases])
    blocks = [_course(lease, usage.get(lease.pk, []), written.get(lease.pk, _Written())) for lease in leases]
    return "\n\n".join(blocks)[:MOST_ACTIVITY] or "No service was used from this payment."


def _course(lease: Lease, usage: list[UsageRecord], written: _Written) -> str:
    lines = [f"Service {lease.pk}", f"{_at(lease.created_at)} ordered by an authenticated user of the customer"]
    if lease.started_at:
        place = ", ".join(part for part in (lease.node.city, lease.node.country) if part)
        lines.append(f"{_at(lease.started_at)} the customer's workload started on a machine in {place}")
    lines += [
        f"{_at(row.at)} {row.accepted_seconds} s of use so far, as signed by the machine and seen by our server"
        for row in _some(usage)
    ]
    if written.lines:
        lines.append(f"The workload wrote {written.lines} lines, {_at(written.first)} to {_at(written.last)}")
    if lease.ended_at:
        lines.append(f"{_at(lease.ended_at)} ended: {lease.get_end_reason_display()}")
    return "\n".join(lines)


def _account(found: DisputeView, leases: list[Lease]) -> str:
    """The payment and the receipts."""
    lines = [
        f"Payment {found.payment_id}, charge {found.charge_id}, {_at(found.paid_at)}.",
        "The customer was identified before it could pay: its identity, its owners and the use were verified.",
    ]
    receipts = [receipt for lease in leases if (receipt := receipt_for(lease.pk, found.party_id)) is not None]
    return "\n".join([*lines, *(_receipt(receipt) for receipt in receipts)])


def _receipt(receipt: ReceiptView) -> str:
    return (
        f"Receipt {receipt.number} of {_at(receipt.issued_at)} for service {receipt.subject_id}: "
        f"{receipt.billed_seconds} s at {receipt.rate_minor_per_hour / 100:.2f} {receipt.currency} an hour, "
        f"total {receipt.total_minor / 100:.2f} {receipt.currency}; credited {receipt.credit_minor / 100:.2f}."
    )


def _usage(ids: list[UUID]) -> dict[UUID, list[UsageRecord]]:
    found: dict[UUID, list[UsageRecord]] = {}
    for row in UsageRecord.objects.filter(lease_id__in=ids).order_by("lease_id", "sequence"):
        found.setdefault(row.lease_id, []).append(row)
    return found


def _written(ids: list[UUID]) -> dict[UUID, _Written]:
    rows = WorkloadLog.objects.filter(lease_id__in=ids).order_by().values("lease_id")
    sums = rows.annotate(lines=Count("pk"), first=Min("at"), last=Max("at"))
    return {row["lease_id"]: _Written(row["lines"], row["first"], row["last"]) for row in sums}


def _some(rows: list[UsageRecord]) -> list[UsageRecord]:
    """The first, the last and some between."""
    if len(rows) <= USAGE_LINES:
        return rows
    step = (len(rows) - 1) / (USAGE_LINES - 1)
    return [rows[round(place * step)] for place in range(USAGE_LINES)]


def _at(moment: object) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else "?"
