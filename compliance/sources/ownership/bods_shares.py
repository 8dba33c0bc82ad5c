"""The interests of a BODS relationship: their kinds, shares and days."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from compliance.engine.codec import Malformed
from compliance.engine.ownership import FIGURES, INTERESTS
from compliance.sources.ownership.told import HUNDRED, UNIT, day

_BOUNDS = ("exact", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_UNKNOWN = "unknownInterest"
_DIRECTNESS = ("direct", "indirect", "unknown")


@dataclass(frozen=True, slots=True)
class Stake:
    """One kind of interest, as one statement has it; `ended_on` is its first day without."""

    low: Decimal
    high: Decimal
    started_on: date | None = None
    ended_on: date | None = None

    def same_as(self, other: "Stake") -> bool:
        """Whether it goes on unchanged."""
        return (self.low, self.high, self.started_on, self.ended_on) == (
            other.low,
            other.high,
            other.started_on,
            other.ended_on,
        )

    def starting(self, on: date) -> "Stake":
        """From that day on."""
        return replace(self, started_on=on)


def stakes_of(details: Mapping[str, Any], where: str, today: date) -> dict[tuple[str, bool], Stake]:
    """The interests by kind and directness; several of one kind are added up. Raises `Malformed`.

    A relationship without interests has one of unknown nature. A share of which nobody says whether it is direct, or of
    which that is said to be unknown, is kept as both: as a direct one it settles what it is large enough to settle, and
    as one over chains, of up to as much, it leaves open what lies in between (OFAC FAQ 401: what an entity holds that a
    blocked person owns to half counts whole, which may be more than the product).
    """
    told = details.get("interests")
    if not isinstance(told, list) or not told:
        told = [{}]
    found: dict[tuple[str, bool], Stake] = {}
    for row in told:
        if not isinstance(row, dict):
            raise Malformed(f"an interest in {where} is no object")
        kind = row.get("type") or _UNKNOWN
        if kind not in INTERESTS:
            raise Malformed(f"{where} has an interest that BODS 0.4 does not know: {str(kind)[:40]}")
        stake = _stake(row, str(kind), where, today)
        for direct, part in _ways(row.get("directOrIndirect"), str(kind), stake, where).items():
            known = found.get((str(kind), direct))
            found[str(kind), direct] = part if known is None else _added(known, part, where)
    return found


def _ways(told: Any, kind: str, stake: Stake, where: str) -> dict[bool, Stake]:
    """What is held directly (True) and indirectly (False): both where a figure may be either, in whatever parts."""
    if told not in (None, *_DIRECTNESS):
        raise Malformed(f'"directOrIndirect" in {where} is none of {", ".join(_DIRECTNESS)}')
    if told in ("direct", "indirect"):
        return {told == "direct": stake}
    return {True: stake, False: replace(stake, low=Decimal(0))} if kind in FIGURES else {True: stake}


def _stake(row: Mapping[str, Any], kind: str, where: str, today: date) -> Stake:
    low, high = _share(row.get("share"), kind, where)
    started_on = day(row.get("startDate"), f"startDate in {where}", today)
    ended_on = day(row.get("endDate"), f"endDate in {where}", today)
    if started_on and ended_on and ended_on < started_on:
        raise Malformed(f"an interest in {where} ends before it starts")
    return Stake(low, high, started_on, ended_on)


def _share(told: Any, kind: str, where: str) -> tuple[Decimal, Decimal]:
    """The least and the most in percent, to the unit that is kept: outward where the file is finer than that.

    A bound that is exclusive moves in by one unit: "more than 25" begins at 25.0001.
    """
    if told is None:
        return (Decimal(0), HUNDRED) if kind in FIGURES else (Decimal(0), Decimal(0))
    if not isinstance(told, dict):
        raise Malformed(f"a share in {where} is no object")
    exact, least, most, above, below = (_number(told.get(key), key, where) for key in _BOUNDS)
    if exact is not None:
        low = high = exact
    else:
        low = max(Decimal(0) if least is None else least, Decimal(0) if above is None else above)
        high = min(HUNDRED if most is None else most, HUNDRED if below is None else below)
    if not 0 <= low <= high <= HUNDRED:
        raise Malformed(f"a share in {where} is no interval between 0 and 100 percent")
    low, high = low.quantize(UNIT, ROUND_FLOOR), high.quantize(UNIT, ROUND_CEILING)
    if exact is None and above is not None and low <= above:
        low += UNIT
    if exact is None and below is not None and high >= below:
        high -= UNIT
    if low > high:
        raise Malformed(f"a share in {where} leaves no room between its bounds")
    return low, high


def _number(value: Any, key: str, where: str) -> Decimal | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise Malformed(f'"{key}" in {where} must be a number')
    return Decimal(value)


def _added(one: Stake, other: Stake, where: str) -> Stake:
    low, high = one.low + other.low, min(one.high + other.high, HUNDRED)
    if low > HUNDRED:
        raise Malformed(f"the interests of one kind in {where} make more than 100 %")
    days = [each for each in (one.started_on, other.started_on) if each]
    return Stake(low, high, min(days, default=None), one.ended_on if one.ended_on == other.ended_on else None)
