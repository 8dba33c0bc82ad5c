"""What else is known of two parties of like names: it tells bearers of one name apart, or makes them one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

AGREES = 0.04
OTHER_BIRTH = 0.2
NEAR_BIRTH = 0.1  # a year apart where lists say "circa"; day and month changed round
OTHER_COUNTRY = 0.03
_MIN_NUMBER = 6  # characters; shorter numbers are borne by many


@dataclass(frozen=True, slots=True)
class EntryFacts:
    """What else is known about an entry: dates of birth (YYYY, YYYY-MM or -DD, or years YYYY/YYYY between which it
    lies), countries, identifiers as listed."""

    birth_dates: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Weighed:
    """What the facts add to the score of the names, and what they settle."""

    change: float = 0.0
    why: tuple[str, ...] = ()
    agrees: bool = False  # a date of birth or an identifier is the same
    conflicts: bool = False  # the date of birth is another
    identified: bool = False  # an identifier is the same
    elsewhere: bool = False  # countries are known of both, and none is the same


_NOTHING = Weighed()
_SAME, _BETWEEN, _NEAR, _OTHER = range(4)
_BIRTHS = (
    ("The date of birth agrees", AGREES),
    ("The date of birth lies in the years that the list names", 0.0),  # many are born in them: it proves nothing
    ("The date of birth is near, but another", -NEAR_BIRTH),
    ("The date of birth is another", -OTHER_BIRTH),
)


def weigh_facts(
    birth_dates: Sequence[str], countries: Sequence[str], identifiers: Sequence[str], facts: EntryFacts
) -> Weighed:
    """Agreement lifts the score a little, contradiction lowers it more; an equal identifier settles it."""
    if not (birth_dates or countries or identifiers):
        return _NOTHING
    if identifiers and facts.identifiers and numbers_of(identifiers) & numbers_of(facts.identifiers):
        return Weighed(why=("An identifier is the same.",), agrees=True, identified=True)
    change, why, agrees, conflicts, same = 0.0, [], False, False, True
    if birth_dates and facts.birth_dates:
        apart = min(_apart(asked, listed) for asked in birth_dates for listed in facts.birth_dates)
        agrees, conflicts = apart == _SAME, apart > _BETWEEN
        said, change = _BIRTHS[apart]
        why.append(f"{said} ({change:+.2f})." if change else f"{said}.")
    listed = set(facts.countries)
    asked = set(countries)
    if asked and listed:
        same = bool(asked & listed)
        change -= 0.0 if same else OTHER_COUNTRY
        why.append("A country agrees." if same else f"No country agrees (-{OTHER_COUNTRY:.2f}).")
    return Weighed(change, tuple(why), agrees, conflicts, elsewhere=not same)


def births_agree(asked: Sequence[str], listed: Sequence[str]) -> bool | None:
    """Whether one of the dates is one of the others; None where one side is silent, or names but a span of years."""
    if not asked or not listed:
        return None
    apart = min(_apart(one, other) for one in asked for other in listed)
    return None if apart == _BETWEEN else apart == _SAME


def numbers_of(identifiers: Iterable[str]) -> set[str]:
    """The numbers in identifiers, without their words: "Passport A123-45 (IR)" has A12345. Short ones do not count."""
    return {number for each in identifiers if (number := _number(each))}


def _number(identifier: str) -> str:
    words = identifier.partition("(")[0].replace("-", "").split()
    number = "".join(word for word in words if any(each.isdigit() for each in word)).upper()
    return number if len(number) >= _MIN_NUMBER else ""


def _apart(first: str, second: str) -> int:
    """`_SAME` for dates that agree as far as both are known, `_BETWEEN` in a span of years, `_NEAR` or `_OTHER`."""
    if "/" in first or "/" in second:
        return _apart_in_years(first, second)
    shared = min(len(first), len(second))
    if shared >= 4 and first[:shared] == second[:shared]:
        return _SAME
    if shared == 10:
        return _NEAR if _turned(first) == second else _OTHER
    years = first[:4], second[:4]
    near = shared == 4 and all(map(str.isdigit, years)) and abs(int(years[0]) - int(years[1])) <= 1
    return _NEAR if near else _OTHER


def _apart_in_years(first: str, second: str) -> int:
    """How far the nearest years of the two are apart, of which one at least is a span."""
    mine, theirs = ([int(year[:4]) for year in each.split("/") if year[:4].isdecimal()] for each in (first, second))
    if not mine or not theirs:
        return _OTHER
    between = max(min(mine), min(theirs)) - min(max(mine), max(theirs))
    return _BETWEEN if between <= 0 else _NEAR if between == 1 else _OTHER


def _turned(day: str) -> str:
    return f"{day[:4]}-{day[8:10]}-{day[5:7]}"
