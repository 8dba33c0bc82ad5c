"""No data that must travel with a transfer stay behind unnoticed: officers have a case with a deadline."""

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from compliance.base import clock
from compliance.base.actor import Actor
from compliance.models import Case, TravelDelivery, TravelRecord
from compliance.selectors.policies import travel_rules_for
from compliance.selectors.travel import to_pass_on
from compliance.services import cases

REASON = "TRAVEL_DATA_NOT_PASSED"
BATCH = 100


def alarm_undelivered(*, actor: Actor) -> int:
    """Every record whose data could not be passed, or were not within the time that the rules state, has its case.

    One for each failure: what officers send once more, and what fails once more, is asked about anew. The case names
    neither the customer nor the wallet. Returns how many were opened.
    """
    rows = list(_undelivered()[:BATCH])
    for row in rows:
        cases.open_case(
            kind=Case.Kind.MONEY_ALARM,
            priority=Case.Priority.URGENT if row.must_hold else Case.Priority.HIGH,
            summary=_words(row),
            reason_codes=[REASON],
            subject_id=row.pk,
            scope=f"{row.pk}:{_failed_at(row)}",
            actor=actor,
        )
    return len(rows)


def _undelivered() -> QuerySet[TravelRecord]:
    now = clock.now()
    # What is on its way by itself is given up in time; what goes by hand, or is theirs to send, is only waited for.
    late = Q(delivery=None, created_at__lte=now - travel_rules_for(now).pass_on_within)
    failed = Q(delivery__state__in=TravelDelivery.FAILED)
    asked = Case.objects.filter(
        kind=Case.Kind.MONEY_ALARM, reason_codes=[REASON], subject_id=OuterRef("pk"), created_at__gte=OuterRef("since")
    )
    rows = to_pass_on().filter(late | failed).annotate(since=_since())
    return rows.exclude(Exists(asked)).select_related("delivery", "counterparty")


def _since() -> Coalesce:
    """Since when the record stands as it does."""
    return Coalesce(F("delivery__state_changed_at"), F("created_at"))


def _failed_at(row: TravelRecord) -> str:
    delivery = getattr(row, "delivery", None)
    return (delivery.state_changed_at if delivery else row.created_at).isoformat()


def _words(row: TravelRecord) -> str:
    delivery = getattr(row, "delivery", None)
    to = row.counterparty.name if row.counterparty else "another provider"
    if delivery is not None and delivery.state in TravelDelivery.FAILED:
        why = f"{TravelDelivery.State(delivery.state).label.lower()} ({delivery.last_error or 'no reason given'})"
    else:
        why = "not within the stated time"
    money = " The money waits for it." if row.must_hold else ""
    if row.direction == TravelRecord.Direction.DEPOSIT:
        return f"Data about a deposit have not come from {to}: {why}.{money}"
    return f"Data about a payout have not reached {to}: {why}.{money}"
