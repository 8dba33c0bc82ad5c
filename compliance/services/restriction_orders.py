"""Restrictions that no case brought: one officer orders, it freezes at once, another officer confirms it.

A freeze cannot wait for a second officer, so the order takes effect by the first one's word. What takes two is that it
stands for good, that it falls on a given day, and that it falls before (`restrictions.propose_lift` and `lift`). One
that nobody confirmed has no end: no timer undoes what two did not agree to.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.db import transaction

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.errors import Conflict, InvalidInput, NotFound
from compliance.base.sealing import SubjectErased
from compliance.models import Case, Party, Restriction
from compliance.services import cases, restrictions
from compliance.services.officers import require_officer, require_second

CONFIRM_WITHIN = timedelta(hours=24)
BATCH = 500


class OrderReason(StrEnum):
    """Why an officer restricts a party without a case."""

    COURT_ORDER = "COURT_ORDER"
    AUTHORITY_ORDER = "AUTHORITY_ORDER"
    LISTED_NOT_LOADED = "LISTED_NOT_LOADED"
    SUSPICION = "SUSPICION"
    FRAUD = "FRAUD"
    BREACH_OF_TERMS = "BREACH_OF_TERMS"


class AlreadyRestricted(Conflict):
    """The party is restricted for this reason already."""

    code = "already_restricted"
    default_message = "This party is restricted for this reason already. Nothing was changed."


@dataclass(frozen=True, slots=True)
class Order:
    """What an officer orders. `reason` names nobody; `citation` is the law, order or rule with its date or number."""

    reason_code: str
    basis: str
    reason: str
    citation: str
    kind: str = Restriction.Kind.FREEZE.value
    ends_at: datetime | None = None
    target_kind: str = Restriction.Target.PARTY.value
    target_ref: str = ""


def order(party_id: UUID, wanted: Order, *, actor: Actor) -> Restriction:
    """The party is restricted from now on, and another officer is asked to confirm it.

    Raises Forbidden, NotFound, InvalidInput with the fields at fault, SubjectErased, AlreadyRestricted.
    """
    require_officer(actor)
    _refuse_unfit(wanted)
    with transaction.atomic():
        party = Party.objects.select_for_update().filter(pk=party_id).first()
        if party is None:
            raise NotFound("There is no such party. Nothing was changed.")
        if party.erased_at is not None:
            raise SubjectErased
        standing = Restriction.objects.filter(party=party, case=None, lifted_at=None, kind=wanted.kind)
        if standing.filter(reason_code=wanted.reason_code).exists():
            raise AlreadyRestricted
        row = restrictions.impose(party_id, wanted.reason_code, kind=wanted.kind, actor=actor)
        row.basis, row.ends_at = wanted.basis, wanted.ends_at
        row.reason, row.citation = wanted.reason.strip(), wanted.citation.strip()
        row.target_kind, row.target_ref = wanted.target_kind, wanted.target_ref
        row.save(update_fields=["basis", "reason", "citation", "target_kind", "target_ref", "ends_at"])
        audit.record("restriction.ordered", actor=actor, subject=row, data=_told(row))
    return row


def confirm(restriction_id: UUID, *, actor: Actor) -> Restriction:
    """The restriction stands by four eyes; with an end, it falls then.

    Raises Forbidden, FourEyesRequired, NotFound, and Conflict where another has confirmed it.
    """
    require_officer(actor)
    with transaction.atomic():
        row = restrictions.locked_without_case(restriction_id)
        if row.confirmed_by:
            raise Conflict("Another officer has confirmed it already. Nothing was changed.")
        require_second(row.imposed_by, actor, "ordered", "confirm")
        row.confirmed_by, row.confirmed_at = actor.ref, clock.now()
        row.save(update_fields=["confirmed_by", "confirmed_at"])
        audit.record("restriction.confirmed", actor=actor, subject=row, data=_told(row))
        cases.close_alarm(Case.Kind.RESTRICTION_DUE, row.pk, actor=actor)
    return row


def sweep_orders(*, actor: Actor) -> int:
    """What was to end has ended, and what nobody confirmed within a day has a case. Returns how many of both."""
    return _end_due(actor) + _alarm_unconfirmed(actor)


def export_noted(found: int, query: dict[str, str], *, actor: Actor) -> None:
    """Who took the table of restrictions out of the house is on record, without the words looked for."""
    require_officer(actor)
    told = {"rows": found, "narrowed_by": sorted(name for name, value in query.items() if value)}
    kind = Restriction._meta.label_lower
    audit.record_about("restriction.exported", actor=actor, subject_kind=kind, subject_id="all", data=told)


def _refuse_unfit(wanted: Order) -> None:
    errors = {}
    if wanted.reason_code not in set(OrderReason):
        errors["reason_code"] = f"It is one of: {', '.join(OrderReason)}."
    if wanted.basis not in Restriction.Basis.values:
        errors["basis"] = "It rests on law, on a red flag or on our policy."
    if wanted.kind not in Restriction.Kind.values:
        errors["kind"] = "It freezes, or it blocks property."
    if not wanted.reason.strip() or len(wanted.reason) > 400:
        errors["reason"] = "Say in at most 400 characters, naming nobody, why."
    if not wanted.citation.strip() or len(wanted.citation) > 200:
        errors["citation"] = "Name in at most 200 characters the law, order or rule, with its date or number."
    if wanted.target_kind not in Restriction.Target.values or len(wanted.target_ref) > 64:
        errors["target_ref"] = "Name a party, a lease, a wallet or an account."
    if wanted.ends_at is not None and wanted.ends_at <= clock.now():
        errors["ends_at"] = "The end lies in the future."
    if wanted.kind == Restriction.Kind.BLOCKED and wanted.basis != Restriction.Basis.LAW:
        errors["basis"] = "Property is blocked by law alone; a policy or a red flag freezes."
    if wanted.kind == Restriction.Kind.BLOCKED and wanted.ends_at is not None:
        errors["ends_at"] = "Blocked property has no day on which it is let go by itself."
    if errors:
        raise InvalidInput("The order has values that do not fit. Nothing was changed.", errors=errors)


def _told(row: Restriction) -> dict[str, str]:
    """What the log says: codes and ids, never the words."""
    ends = row.ends_at.isoformat() if row.ends_at else ""
    return {"party": str(row.party_id), "basis": row.basis, "target": row.target_kind, "ends_at": ends}


def _end_due(actor: Actor) -> int:
    due = Restriction.objects.filter(lifted_at=None, ends_at__lte=clock.now()).exclude(confirmed_by="")
    ended = 0
    for pk in due.order_by("ends_at").values_list("pk", flat=True)[:BATCH]:
        with transaction.atomic():
            row = Restriction.objects.select_for_update(skip_locked=True).filter(pk=pk, lifted_at=None).first()
            ended += restrictions.expire(row, actor=actor) if row else 0
    return ended


def _alarm_unconfirmed(actor: Actor) -> int:
    late = clock.now() - CONFIRM_WITHIN
    waiting = Restriction.objects.filter(case=None, lifted_at=None, confirmed_by="", created_at__lte=late)
    before = Case.objects.filter(kind=Case.Kind.RESTRICTION_DUE).exclude(state=Case.State.CLOSED)
    new = waiting.exclude(pk__in=before.values("subject_id")).order_by("created_at")
    rows = list(new.values_list("pk", flat=True)[:BATCH])
    for pk in rows:
        cases.open_case(
            kind=Case.Kind.RESTRICTION_DUE,
            priority=Case.Priority.HIGH,
            summary="A restriction waits for a second officer's word: confirm it, or propose that it falls.",
            reason_codes=["RESTRICTION_DUE"],
            subject_id=pk,
            scope=str(pk),
            actor=actor,
        )
    return len(rows)
