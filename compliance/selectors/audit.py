"""The audit log as officers search it."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from compliance.base.audit import AuditEvent, AuditSeal
from compliance.selectors.paging import Page, page_of


@dataclass(frozen=True, slots=True)
class EventFilters:
    """What to look for; an empty field does not narrow. `event` matches a prefix, such as `case.`."""

    event: str = ""
    actor: str = ""
    subject_kind: str = ""
    subject_id: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ChainStatus:
    """How far the chain reaches."""

    sealed: int
    unsealed: int
    head: str


def events(filters: EventFilters | None = None) -> QuerySet[AuditEvent]:
    """The events that fit, newest first, each with its seal."""
    wanted = filters or EventFilters()
    found = AuditEvent.objects.select_related("seal").order_by("-id")
    if wanted.event:
        found = found.filter(event__startswith=wanted.event)
    for column in ("actor", "subject_kind", "subject_id"):
        if value := getattr(wanted, column):
            found = found.filter(**{column: value})
    if wanted.since:
        found = found.filter(at__gte=wanted.since)
    if wanted.until:
        found = found.filter(at__lt=wanted.until)
    return found


def events_page(filters: EventFilters | None = None, *, page: int = 1, per_page: int = 50) -> Page[AuditEvent]:
    """One page of `events`."""
    return page_of(events(filters), page=page, per_page=per_page)


def sealed_event(event_id: int) -> AuditEvent | None:
    """The event with its seal; None when there is none, or it is not sealed yet."""
    return AuditEvent.objects.select_related("seal").filter(pk=event_id, seal__isnull=False).first()


def chain_status() -> ChainStatus:
    """The length of the chain, what waits to be sealed, and the newest hash."""
    last = AuditSeal.objects.order_by("-sequence").first()
    return ChainStatus(
        sealed=last.sequence if last else 0,
        unsealed=AuditEvent.objects.filter(seal=None).count(),
        head=last.hash if last else "",
    )
