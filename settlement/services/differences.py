"""What a rail and the books do not agree on: on record with its run, in the log, and a case for officers each."""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from compliance.base import audit
from compliance.base.actor import Actor
from compliance.services import money_alarms
from compliance.services.money_alarms import MoneyDifference
from settlement.models import ReconciliationDifference, ReconciliationRun
from settlement.money import amount_words

logger = logging.getLogger(__name__)
# More at once is one fault: its first cases tell which, and one more how many there are besides.
MOST_CASES = 50


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing on which rail and books do not agree; signed minor units.

    A total moves with every payment: what stays is by how much it is off, and that makes two of them the same.
    """

    external_id: str
    ledger_minor: int | None
    rail_minor: int | None
    explanation: str
    is_total: bool = False
    currency: str = ""

    @property
    def amounts(self) -> str:
        """By how much they differ."""
        if self.is_total:
            return f"off by {(self.rail_minor or 0) - (self.ledger_minor or 0)}"
        return f"books {self.ledger_minor}, network {self.rail_minor}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A rail was compared with the books up to `through_at`: what each says in all, and where they differ."""

    rail: str
    currency: str
    ledger_minor: int
    rail_minor: int
    items_compared: int
    through_at: datetime
    differences: Sequence[Difference]


def record(comparison: Comparison, *, actor: Actor) -> ReconciliationRun:
    """The run and its differences are on record, and officers have a case for each."""
    differences = comparison.differences
    with transaction.atomic():
        run = ReconciliationRun.objects.create(
            rail=comparison.rail,
            ledger_minor=comparison.ledger_minor,
            rail_minor=comparison.rail_minor,
            currency=comparison.currency,
            items_compared=comparison.items_compared,
            balanced=not differences,
            through_at=comparison.through_at,
        )
        ReconciliationDifference.objects.bulk_create(_row(run, each) for each in differences)
        if differences:
            _alarm(run, differences, actor)
    return run


def _row(run: ReconciliationRun, difference: Difference) -> ReconciliationDifference:
    return ReconciliationDifference(
        run=run,
        external_id=difference.external_id[:120],
        ledger_minor=difference.ledger_minor,
        rail_minor=difference.rail_minor,
        explanation=difference.explanation[:200],
    )


def _alarm(run: ReconciliationRun, differences: Sequence[Difference], actor: Actor) -> None:
    logger.error(
        "reconciliation of the %s rail: %s differences, the first: %s", run.rail, len(differences), differences[0]
    )
    data = {"rail": run.rail, "differences": len(differences)}
    audit.record("reconciliation.failed", actor=actor, subject=run, data=data)
    wanted = [_case_of(run, each) for each in differences[:MOST_CASES]]
    if len(differences) > MOST_CASES:
        wanted.append(_case_of_rest(run, differences[MOST_CASES:]))
    money_alarms.open_cases_for(wanted, run.pk, actor=actor)


def _case_of(run: ReconciliationRun, difference: Difference) -> MoneyDifference:
    return MoneyDifference(run.rail, difference.external_id, difference.amounts, difference.explanation)


def _case_of_rest(run: ReconciliationRun, rest: Sequence[Difference]) -> MoneyDifference:
    """One for all that have none of their own: a new one each day. Each of them is on record with the run."""
    sums: Counter[str] = Counter()
    for each in rest:
        sums[each.currency or run.currency] += (each.rail_minor or 0) - (each.ledger_minor or 0)
    in_all = ", ".join(amount_words(minor, currency) for currency, minor in sorted(sums.items()))
    words = f"{len(rest)} more differences in run {run.pk}, without cases of their own, by {in_all} in all"
    return MoneyDifference(run.rail, "others", f"{run.through_at:%Y-%m-%d}", words)


def differences_of(run_id: UUID) -> list[Difference]:
    """The differences of a run."""
    rows = ReconciliationDifference.objects.filter(run_id=run_id).order_by("created_at")
    return [Difference(row.external_id, row.ledger_minor, row.rail_minor, row.explanation) for row in rows]
