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
    """What else is known about an entry: dates of birth YYYY, YYYY-MM or -DD, countries, identifiers as listed."""

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


_NOTHING = Weighed()


def weigh_facts(
    birth_dates: Sequence[str], countries: Sequence[str], identifiers: Sequence[str], facts: EntryFacts
) -> Weighed:
    """Agreement lifts the score a little, contradiction lowers it more; an equal identifier settles it."""
    if not (birth_dates or countries or identifiers):
        return _NOTHING
    if identifiers and facts.identifiers and numbers_of(identifiers) & numbers_of(facts.identifiers):
        return Weighed(why=("An identifier is the same.",), agrees=True, identified=True)
    change, why, agrees, conflicts = 0.0, [], False, False
    if birth_dates and facts.birth_dates:
        apart = min(_apart(asked, listed) for asked in birth_dates for listed in facts.birth_dates)
        agrees, conflicts = apart == 0, apart > 0
        change += AGREES if agrees else -NEAR_BIRTH if apart == 1 else -OTHER_BIRTH
        said = ("The date of birth agrees", "The date of birth is near, but another", "The date of birth is another")
        why.append(f"{said[apart]} ({change:+.2f}).")
    listed = set(facts.countries)
    asked = set(countries)
    if asked and listed:
        same = bool(asked & listed)
        change -= 0.0 if same else OTHER_COUNTRY
        why.append("A country agrees." if same else f"No country agrees (-{OTHER_COUNTRY:.2f}).")
    return Weighed(change, tuple(why), agrees, conflicts)


def numbers_of(identifiers: Iterable[str]) -> set[str]:
    """The numbers in identifiers, without their words: "Passport A123-45 (IR)" has A12345. Short ones do not count."""
    return {number for each in identifiers if (number := _number(each))}


def _number(identifier: str) -> str:
    words = identifier.partition("(")[0].replace("-", "").split()
    number = "".join(word for word in words if any(each.isdigit() for each in word)).upper()
    return number if len(number) >= _MIN_NUMBER else ""


def _apart(first: str, second: str) -> int:
    """0 for dates that agree as far as both are known; 1 for near ones; else 2."""
    shared = min(len(first), len(second))
    if shared >= 4 and first[:shared] == second[:shared]:
        return 0
    if shared == 10:
        return 1 if _turned(first) == second else 2
    years = first[:4], second[:4]
    return 1 if shared == 4 and all(map(str.isdigit, years)) and abs(int(years[0]) - int(years[1])) <= 1 else 2


def _turned(day: str) -> str:
    return f"{day[:4]}-{day[8:10]}-{day[5:7]}"
