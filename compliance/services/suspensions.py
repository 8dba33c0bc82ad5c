"""An authority suspends a law that a rule rests on: recorded by two officers, for a time, and taken back by one person.

No wall has a switch: only a rule whose pack names its law can be reached, and only as its authority suspends it.
"""

from datetime import date, timedelta
from uuid import UUID

from django.db import transaction

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.errors import Conflict, InvalidInput, NotFound
from compliance.models import Case, LawSuspension
from compliance.selectors.policies import pack_for
from compliance.services import cases

LONGEST = timedelta(days=366)


class NotSuspendable(InvalidInput):
    """No rule of the pack in force rests on a law of that name."""

    code = "law_not_suspendable"


def ask_suspension(law: str, starts_on: date, ends_on: date, citation: str, *, actor: Actor) -> LawSuspension:
    """A case asks two officers whether the authority suspended the law; until they release it nothing changes.

    `ends_on` is the first day on which the law is back. Raises InvalidInput, NotSuspendable.
    """
    known = sorted({rule.suspension for rule in pack_for(clock.now()).rules if rule.suspension})
    if law not in known:
        raise NotSuspendable(f"Only these laws can be suspended: {', '.join(known) or 'none'}. Nothing was changed.")
    if not starts_on < ends_on <= starts_on + LONGEST:
        raise InvalidInput("A suspension ends after it starts, and within a year. Nothing was changed.")
    if not 10 <= len(citation.strip()) <= 300:
        raise InvalidInput("Cite the authority's own act, such as “92 FR 12345 (2026-11-09)”. Nothing was changed.")
    with transaction.atomic():
        case = cases.open_case(
            kind=Case.Kind.LAW_SUSPENSION,
            priority=Case.Priority.HIGH,
            summary=f"Was {law} suspended from {starts_on} until {ends_on}? {citation.strip()}",
            reason_codes=["LAW_SUSPENSION"],
            scope=f"{law}:{starts_on}:{ends_on}:{citation.strip()}",
            actor=actor,
        )
        suspension, made = LawSuspension.objects.get_or_create(
            case=case,
            defaults={
                "law": law,
                "starts_on": starts_on,
                "ends_on": ends_on,
                "citation": citation.strip(),
                "asked_by": actor.ref,
            },
        )
        if made:
            days = {"from": starts_on.isoformat(), "until": ends_on.isoformat()}
            data = {"law": law, "case": str(case.pk), **days}
            audit.record("law_suspension.asked", actor=actor, subject=suspension, data=data)
    return suspension


def take_back_suspension(suspension_id: UUID, *, actor: Actor) -> LawSuspension:
    """The law counts again from now on: being stricter takes one. Raises NotFound, Conflict when it was taken back."""
    with transaction.atomic():
        suspension = LawSuspension.objects.select_for_update().filter(pk=suspension_id).first()
        if suspension is None:
            raise NotFound("There is no such suspension. Nothing was changed.")
        if suspension.taken_back_at is not None:
            raise Conflict("This suspension was taken back before. Nothing was changed.")
        suspension.taken_back_at, suspension.taken_back_by = clock.now(), actor.ref
        suspension.save(update_fields=["taken_back_at", "taken_back_by"])
        audit.record("law_suspension.taken_back", actor=actor, subject=suspension, data={"law": suspension.law})
    return suspension
