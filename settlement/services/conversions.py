"""Conversions: money changes its currency by a rate that is on record, and what rounding leaves is in an account.

The entries balance in each currency on its own: what is sold goes to the platform's position in that currency
(`exchange`), what is bought comes out of its position in the other. The position gives the exact amount rounded up,
the buyer gets it rounded down, and the minor unit between them, if any, is in `rounding`.

    100.01 EUR at 1.0837 USD: sold 10,001 cents, exact 10,838.0837 cents
    EUR   available -10,001   exchange +10,001
    USD   exchange  -10,839   available +10,838   rounding +1
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from uuid import UUID

from django.db import transaction

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.errors import Conflict, InvalidInput, NotFound
from settlement.models import Conversion, ExchangeRate
from settlement.money import DECIMALS, require_currency
from settlement.services import ledger
from settlement.services.accounts import AccountKey, Kind, of_platform
from settlement.services.ledger import Line, PotsMixed

# A rate that is older says little of today.
RATE_SERVES = timedelta(hours=24)
MOST_DIGITS = 18
KIND = "conversion"
# What deeds of their own have set aside, in the currency that they will ask for; blocked property above all.
SET_ASIDE = frozenset(
    {Kind.HELD, Kind.UNCOLLECTED, Kind.ACCRUED, Kind.BLOCKED, Kind.PAYING, Kind.REFUNDING, Kind.CLAIM, Kind.WRITTEN_OFF}
)


class RateInvalid(InvalidInput):
    """A rate is a positive decimal between two currencies, with its source and time."""

    code = "rate_invalid"
    default_message = "A rate is above zero, between two currencies, with a source and a time. Nothing was recorded."


class RateExists(Conflict):
    """The source said something else at the same time."""

    code = "rate_exists"
    default_message = "There is another rate of this source at this time. Nothing was recorded."


class RateNotFound(NotFound):
    """No such rate."""

    code = "rate_not_found"


class RateTooOld(Conflict):
    """The rate was quoted too long ago, or is yet to come."""

    code = "rate_too_old"
    default_message = "This rate is not of the last day. Nothing was moved; record a fresh one."


class RateDoesNotFit(InvalidInput):
    """The rate is between other currencies."""

    code = "rate_does_not_fit"
    default_message = "This rate is between other currencies. Nothing was moved."


class MoneySetAside(InvalidInput):
    """The money is meant for a lease, a payout, a refund or a debt, or compliance blocked it."""

    code = "money_set_aside"
    default_message = "This money is set aside, for a lease, a payout or by compliance. Nothing was moved."


class NothingBought(InvalidInput):
    """The amount is too small to buy one minor unit."""

    code = "nothing_bought"
    default_message = "This is too little to buy anything of the other currency. Nothing was moved."


@dataclass(frozen=True, slots=True)
class ConversionRef:
    """What a conversion made of what; minor units of each currency."""

    transfer_id: UUID
    rate_id: UUID
    sold_minor: int
    bought_minor: int
    residue_minor: int


def record_rate(base: str, quote: str, value: str | Decimal, *, source: str, quoted_at: datetime, actor: Actor) -> UUID:
    """The rate is on record: `value` units of `quote` for one of `base`. The same again is the same rate.

    Raises UnknownCurrency, RateInvalid, RateExists.
    """
    require_currency(base)
    require_currency(quote)
    exact = _exact(value)
    if exact is None or base == quote or not source.strip() or quoted_at.tzinfo is None or quoted_at > clock.now():
        raise RateInvalid
    per_minor = exact * 10 ** DECIMALS[quote] / 10 ** DECIMALS[base]
    with transaction.atomic():
        row, made = ExchangeRate.objects.get_or_create(
            base=base,
            quote=quote,
            source=source.strip()[:120],
            quoted_at=quoted_at,
            defaults={"minor_numerator": per_minor.numerator, "minor_denominator": per_minor.denominator},
        )
        if (int(row.minor_numerator), int(row.minor_denominator)) != (per_minor.numerator, per_minor.denominator):
            raise RateExists
        if made:
            audit.record("rate.recorded", actor=actor, subject=row, data={"base": base, "quote": quote})
    return row.pk


def _exact(value: str | Decimal) -> Fraction | None:
    """The decimal as a fraction, or None for what is no finite positive decimal of at most MOST_DIGITS digits."""
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    if not number.is_finite() or number <= 0 or len(number.as_tuple().digits) > MOST_DIGITS:
        return None
    return Fraction(number) if abs(number.adjusted()) <= MOST_DIGITS else None


def convert(
    transfer_id: UUID,
    rate_id: UUID,
    amount_minor: int,
    *,
    source: AccountKey,
    destination: AccountKey,
    actor: Actor,
    subject_id: UUID | None = None,
    memo: str = "",
) -> ConversionRef:
    """`amount_minor` left `source`, and what the rate makes of it is in `destination`. Told again, nothing moves.

    Raises RateNotFound, RateTooOld, RateDoesNotFit, PotsMixed, MoneySetAside, NothingBought, AmountOutOfRange,
    InsufficientFunds, TransferConflict.
    """
    rate = ExchangeRate.objects.filter(pk=rate_id).first()
    if rate is None:
        raise RateNotFound
    inverse = _is_inverse(rate, source, destination)
    if not SET_ASIDE.isdisjoint((source.kind, destination.kind)):
        raise MoneySetAside
    if type(amount_minor) is not int or not 0 < amount_minor < ledger.MAX_MINOR:
        raise ledger.AmountOutOfRange
    bought, rest = divmod(amount_minor * _numerator(rate, inverse), _denominator(rate, inverse))
    found = ConversionRef(transfer_id, rate_id, amount_minor, bought, min(rest, 1))
    if not bought:
        raise NothingBought
    # What the position gives: a book that cannot hold it is not touched at all.
    if bought + found.residue_minor >= ledger.MAX_MINOR:
        raise ledger.AmountOutOfRange
    mine = Conversion.objects.filter(transfer_id=transfer_id)
    with transaction.atomic():
        if not rate.quoted_at <= clock.now() < rate.quoted_at + RATE_SERVES and not mine.exists():
            raise RateTooOld
        ledger.post(
            transfer_id, KIND, _lines(found, source, destination), subject_id=subject_id, memo=memo, is_conversion=True
        )
        # Under the locks of the accounts: whoever converts the same at this moment has waited for us.
        if not mine.exists():
            row = Conversion.objects.create(
                transfer_id=transfer_id,
                rate=rate,
                inverse=inverse,
                sold_minor=amount_minor,
                bought_minor=bought,
                residue_minor=found.residue_minor,
            )
            data = {
                "rate": str(rate.pk),
                "sold": f"{amount_minor} {source.currency}",
                "bought": f"{found.bought_minor} {destination.currency}",
            }
            audit.record("money.converted", actor=actor, subject=row, data=data)
    return found


def _is_inverse(rate: ExchangeRate, source: AccountKey, destination: AccountKey) -> bool:
    if source.pot != destination.pot:
        raise PotsMixed
    if (source.currency, destination.currency) == (rate.base, rate.quote):
        return False
    if (source.currency, destination.currency) == (rate.quote, rate.base):
        return True
    raise RateDoesNotFit


def _numerator(rate: ExchangeRate, inverse: bool) -> int:
    return int(rate.minor_denominator if inverse else rate.minor_numerator)


def _denominator(rate: ExchangeRate, inverse: bool) -> int:
    return int(rate.minor_numerator if inverse else rate.minor_denominator)


def _lines(made: ConversionRef, source: AccountKey, destination: AccountKey) -> list[Line]:
    sold_into = of_platform(Kind.EXCHANGE, source.pot, source.currency)
    bought_from = of_platform(Kind.EXCHANGE, destination.pot, destination.currency)
    residue = of_platform(Kind.ROUNDING, destination.pot, destination.currency)
    return [
        Line(source, -made.sold_minor),
        Line(sold_into, made.sold_minor),
        Line(bought_from, -made.bought_minor - made.residue_minor),
        Line(destination, made.bought_minor),
        Line(residue, made.residue_minor),
    ]
