"""When a rail and the books do not agree, officers have a case for each difference: one, for as long as it stands."""

from dataclasses import dataclass
from uuid import UUID

from compliance.base.actor import Actor
from compliance.models import Case
from compliance.services import cases

REASON = "RECONCILIATION_DIFFERENCE"


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
