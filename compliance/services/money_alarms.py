"""Officers have a case when a rail and the books do not agree, and when work on money keeps failing.

One for each difference, for as long as it stands; one for each kind of work and cause, however much of it waits.
"""

from dataclasses import dataclass
from uuid import UUID

from compliance.base.actor import Actor
from compliance.models import Case
from compliance.services import cases

REASON = "RECONCILIATION_DIFFERENCE"
STUCK = "MONEY_WORK_STUCK"


@dataclass(frozen=True, slots=True)
class MoneyDifference:
    """One thing on which rail and books do not agree; `amounts` say by how much, so that another amount is another."""

    rail: str
    external_id: str
    amounts: str
    words: str

    @property
    def scope(self) -> str:
        """What makes two of them the same."""
        return f"{self.rail}:{self.external_id}:{self.amounts}"


def open_cases_for(differences: list[MoneyDifference], run_id: UUID, *, actor: Actor) -> int:
    """Each difference that no case was ever about has one. Returns how many were opened.

    One that two officers have closed is not asked about again: the same difference comes with every run until its line
    is old.
    """
    keys = {cases.scope_key(Case.Kind.MONEY_ALARM, None, [REASON], each.scope): each for each in differences}
    known = set(Case.objects.filter(scope_key__in=keys).values_list("scope_key", flat=True))
    fresh = [each for key, each in keys.items() if key not in known]
    for each in fresh:
        cases.open_case(
            kind=Case.Kind.MONEY_ALARM,
            priority=Case.Priority.HIGH,
            summary=f"Reconciliation of the {each.rail} rail: {each.words} ({each.external_id}, {each.amounts}).",
            reason_codes=[REASON],
            subject_id=run_id,
            scope=each.scope,
            actor=actor,
        )
    return len(fresh)


def open_case_of_stuck(work: str, cause: str, first: str, subject_id: UUID, *, actor: Actor) -> None:
    """An open case says that such work keeps failing for this cause, and on what it was seen first.

    Closed while it goes on failing, it is opened again.
    """
    cases.open_case(
        kind=Case.Kind.MONEY_ALARM,
        priority=Case.Priority.HIGH,
        summary=f"{work} keeps failing ({cause}) and is tried again; seen first: {first}.",
        reason_codes=[STUCK],
        subject_id=subject_id,
        scope=f"{work}:{cause}",
        actor=actor,
    )
