"""Reference rates of the euro, put on record by operators: by them taxes are named in national currencies."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import TextIO

from django.db import transaction

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.enqueue import enqueue
from compliance.base.errors import InvalidInput
from settlement.models import ReferenceRate
from settlement.money import PRINTED
from settlement.services.billing import ISSUE, RateOnRecord
from settlement.tax import EURO

ECB = "ECB euro foreign exchange reference rates"
_MOST = Decimal(10) ** 10
_DAYS = ("%Y-%m-%d", "%d %B %Y")


@dataclass(frozen=True, slots=True)
class Published:
    """So many units of the currency for one euro, on a day."""

    currency: str
    day: date
    per_euro: Decimal


def record_reference_rates(rates: Iterable[Published], *, source: str, actor: Actor) -> int:
    """The rates are on record, and documents that waited for them are issued. Returns how many are new.

    Said twice, each is once. All of them, or none. Raises InvalidInput, RateOnRecord.
    """
    wanted = [_checked(rate) for rate in rates]
    if not wanted or not source.strip():
        raise InvalidInput("Rates have a currency, a day and a source. Nothing was recorded.")
    with transaction.atomic():
        present = {
            (row.currency, row.day): row.per_euro
            for row in ReferenceRate.objects.filter(day__in={rate.day for rate in wanted})
        }
        if any(present.get((rate.currency, rate.day), rate.per_euro) != rate.per_euro for rate in wanted):
            raise RateOnRecord("Another rate of that currency and day is on record. Nothing was recorded.")
        fresh = {(rate.currency, rate.day): rate for rate in wanted if (rate.currency, rate.day) not in present}
        rows = ReferenceRate.objects.bulk_create(
            ReferenceRate(currency=rate.currency, day=rate.day, per_euro=rate.per_euro, source=source.strip()[:120])
            for rate in fresh.values()
        )
        if rows:
            data = {"rates": len(rows), "source": source.strip()[:120]}
            audit.record("reference_rates.recorded", actor=actor, subject=rows[-1], data=data)
            enqueue(ISSUE)
    return len(rows)


def read_ecb(lines: TextIO, since: date) -> Iterator[Published]:
    """The rates in the ECB's own CSV, of a day or of all days, that can be used here. Raises InvalidInput."""
    table = csv.DictReader(lines, skipinitialspace=True)
    for row in table:
        day = _day(row.get("Date") or "")
        if day < since:
            continue
        for currency in PRINTED:
            # A currency that is not quoted on a day has N/A.
            if (text := (row.get(currency) or "").strip()) and text != "N/A":
                yield Published(currency, day, _decimal(text))


def _checked(rate: Published) -> Published:
    if rate.currency not in PRINTED or rate.currency == EURO:
        raise InvalidInput(f"{rate.currency!r} is not a currency that documents use. Nothing was recorded.")
    if not rate.per_euro.is_finite() or not 0 < rate.per_euro < _MOST or rate.per_euro != round(rate.per_euro, 10):
        raise InvalidInput("A rate is above zero, with ten decimals at most. Nothing was recorded.")
    if rate.day > clock.now().date():
        raise InvalidInput("A rate of a day to come is not published yet. Nothing was recorded.")
    return rate


def _day(text: str) -> date:
    for form in _DAYS:
        try:
            return datetime.strptime(text.strip(), form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    raise InvalidInput("This is not the ECB's CSV: its first column is Date. Nothing was recorded.")


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise InvalidInput("There is a rate in the file that is no number. Nothing was recorded.") from error
