"""Travel records as officers see them."""

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from compliance.base.audit import AuditEvent
from compliance.base.errors import NotFound
from compliance.base.sealed_leaves import open_leaves, subjects_of
from compliance.base.sealing import Context, SubjectErased
from compliance.models import TravelCounterparty, TravelDelivery, TravelRecord
from compliance.selectors.sealed import ciphers_that_stand

MESSAGE = "ivms101"


def context_of(row: TravelRecord) -> Context:
    """Where the sealed message of the record belongs."""
    return Context(f"compliance.travelrecord:{row.pk}", MESSAGE)


def message_of(row: TravelRecord) -> dict[str, Any]:
    """The record's message in the fields of IVMS101. Raises SubjectErased when one of its ends was erased."""
    leaves = open_leaves(row.sealed, ciphers_that_stand(subjects_of(row.sealed)), context_of(row))
    if leaves is None:
        raise SubjectErased
    found: dict[str, Any] = leaves[MESSAGE]
    return found


def to_pass_on() -> QuerySet[TravelRecord]:
    """The records that another provider has to have and was not given yet, oldest first."""
    return TravelRecord.objects.filter(must_pass_on=True, passed_at=None).order_by("created_at")


# What has become of a record, and what that says of its columns.
STATES: dict[str, Q] = {
    "waiting": Q(must_pass_on=True, passed_at=None) & ~Q(delivery__state__in=TravelDelivery.FAILED),
    "failed": Q(must_pass_on=True, passed_at=None, delivery__state__in=TravelDelivery.FAILED),
    "passed": Q(passed_at__isnull=False),
    "incomplete": ~Q(missing=[]),
}


def records(state: str = "") -> QuerySet[TravelRecord]:
    """The records that stand so, newest first; all of them for none."""
    found = TravelRecord.objects.select_related("party", "counterparty", "delivery").order_by("-created_at", "id")
    return found.filter(STATES.get(state, Q(pk=None))) if state else found


def record(pk: UUID) -> TravelRecord:
    """The record. Raises NotFound."""
    found = records().filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def state_of(row: TravelRecord) -> str:
    """What has become of the record: passed, failed, waiting, or kept where nobody else has to have it."""
    if row.passed_at is not None:
        return "passed"
    delivery = getattr(row, "delivery", None)
    if not row.must_pass_on:
        return "kept"
    return "failed" if delivery is not None and delivery.state in delivery.FAILED else "waiting"


def history_of(row: TravelRecord) -> list[AuditEvent]:
    """What the log says of the record and of its way, oldest first; every look among it."""
    delivery = getattr(row, "delivery", None)
    about = Q(subject_kind__in=(TravelRecord._meta.label_lower, "compliance.travelrecord"), subject_id=str(row.pk))
    if delivery is not None:
        about |= Q(subject_kind=TravelDelivery._meta.label_lower, subject_id=str(delivery.pk))
    return list(AuditEvent.objects.filter(about).order_by("id"))


def counterparties() -> QuerySet[TravelCounterparty]:
    """The other providers, by name."""
    return TravelCounterparty.objects.order_by("name", "id")


def counterparty(pk: UUID) -> TravelCounterparty:
    """The provider. Raises NotFound."""
    found = TravelCounterparty.objects.filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def awaited() -> QuerySet[TravelRecord]:
    """The records for whose exchange the money waits."""
    return TravelRecord.objects.filter(must_hold=True, passed_at=None)


def is_awaited(subject_id: UUID) -> bool:
    """Whether the money of this hold or payout waits for data to be exchanged."""
    return awaited().filter(subject_id=subject_id).exists()


def held() -> QuerySet[TravelRecord]:
    """The records for whose exchange a rule held the money, whether it does still or not."""
    return TravelRecord.objects.filter(must_hold=True)


def was_held(subject_id: UUID) -> bool:
    """Whether a rule held the money of this hold or payout at all."""
    return held().filter(subject_id=subject_id).exists()


def incomplete() -> QuerySet[TravelRecord]:
    """The records that lack something that a rule demands, oldest first."""
    return TravelRecord.objects.exclude(missing=[]).order_by("created_at")
