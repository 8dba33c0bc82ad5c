"""What is asked of the card network about disputes, outside any transaction: evidence, and how they stand."""

import logging
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from django.db import transaction

from compliance.base import audit, clock
from compliance.base.actor import Actor, system
from compliance.base.canonical import digest
from compliance.base.errors import Conflict, NotFound, Refusal
from settlement.models import Dispute
from settlement.rails import card
from settlement.rails.card import CardError, CardRefused
from settlement.services import disputes, rows

logger = logging.getLogger(__name__)
ACTOR = system("disputes")
State = Dispute.State
ASK_AGAIN = timedelta(days=1)
# Stripe's limits: for one field, and for all together.
LONGEST_FIELD, LONGEST_EVIDENCE = 20_000, 150_000


class DisputeAnswered(Conflict):
    """The bank has the evidence, or has decided."""

    code = "dispute_answered"
    default_message = "This dispute was answered or decided already. Nothing was sent: evidence can be handed in once."


class EvidenceTooLong(Conflict):
    """The bank reads no more than so many characters."""

    code = "evidence_too_long"
    default_message = "The evidence is too long for the bank. Nothing was sent; shorten the note."


class EvidenceNotTaken(Refusal):
    """The card network did not take the evidence, or did not answer."""

    code = "evidence_not_taken"
    http_status = 503
    default_message = "The card network did not take the evidence. Nothing is lost; try again in a minute."


def submit_evidence(dispute_id: UUID, evidence: Mapping[str, str], *, actor: Actor) -> None:
    """The bank has the evidence, once, and the dispute is under review. Asks the network.

    Sent again after a lost answer it is the same deed. Raises NotFound, DisputeAnswered, EvidenceTooLong,
    EvidenceNotTaken.
    """
    row = Dispute.objects.filter(pk=dispute_id).first()
    if row is None:
        raise NotFound("There is no such dispute.")
    if row.state != State.NEEDS_RESPONSE or row.evidence_sent_at is not None:
        raise DisputeAnswered
    sizes = [len(value) for value in evidence.values()]
    if max(sizes, default=0) > LONGEST_FIELD or sum(sizes) > LONGEST_EVIDENCE:
        raise EvidenceTooLong
    try:
        told = card.rail().submit_evidence(row.external_id, evidence, f"evidence:{row.pk}")
    except CardRefused as error:
        # Handed in before with other words, or decided meanwhile: the network knows which.
        logger.warning("dispute %s: the evidence was refused (%s)", row.pk, error.code)
        if not follow_dispute(row.pk):
            raise EvidenceNotTaken from error
        return
    except CardError as error:
        raise EvidenceNotTaken from error
    with transaction.atomic():
        taken = Dispute.objects.filter(pk=row.pk, evidence_digest="")
        if taken.update(evidence_digest=digest(dict(evidence)), evidence_sent_at=clock.now()):
            data = {"fields": sorted(evidence), "digest": digest(dict(evidence))}
            audit.record("dispute.evidence_sent", actor=actor, subject=row, data=data)
        disputes.apply_dispute(told, actor=actor)


def follow_dispute(dispute_id: UUID) -> bool:
    """The dispute stands as the network says; returns whether anything changed. Asks the network.

    Raises the rail's CardError.
    """
    row = Dispute.objects.get(pk=dispute_id)
    return disputes.apply_dispute(card.rail().read_dispute(row.external_id), actor=ACTOR)


def follow_overdue() -> int:
    """Every dispute whose deadline has passed was asked about again. Returns how many."""
    overdue = Dispute.objects.filter(state_deadline_at__lte=clock.now()).order_by("state_deadline_at")
    ids = list(overdue.values_list("pk", flat=True))
    rows.each("An overdue dispute", ids, _follow_late, actor=ACTOR)
    return len(ids)


def _follow_late(dispute_id: UUID) -> bool:
    """As `follow_dispute`; what stays overdue, for whatever reason, is asked about again in a day."""
    try:
        return follow_dispute(dispute_id)
    finally:
        later = Dispute.objects.filter(pk=dispute_id, state_deadline_at__lte=clock.now())
        later.update(state_deadline_at=clock.now() + ASK_AGAIN)
