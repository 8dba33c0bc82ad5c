"""A comparison that found differences."""

from compliance.base import clock
from compliance.base.actor import system
from settlement.models import ReconciliationRun
from settlement.services.differences import Comparison, Difference, record


def found_differing(*external_ids: str, rail: str = "card") -> ReconciliationRun:
    """The rail knows these lines and the books do not, a dollar each; one line if none is named."""
    words = "the books know nothing of it"
    lines = [Difference(each, None, -100, words, currency="USD") for each in external_ids or ("txn",)]
    at = clock.now()
    return record(Comparison(rail, "USD", 0, -100 * len(lines), len(lines), at, lines), actor=system("test"))
