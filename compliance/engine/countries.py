"""Country tables of a pack: groups and embargoes, each membership with the days on which it holds."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from compliance.engine.place_words import ends_of, one_word, place_words


@dataclass(frozen=True, slots=True)
class Membership:
    """The country belonged to the group from `start` (inclusive) until `end` (exclusive)."""

    group: str
    country: str
    start: date | None
    end: date | None

    def holds_on(self, day: date) -> bool:
        """Whether the day lies inside."""
        return (self.start is None or self.start <= day) and (self.end is None or day < self.end)


@dataclass(frozen=True, slots=True)
class Postcodes:
    """The postal codes from `first` to `last` as the country's post writes them: digits, all of one length."""

    country: str
    first: str
    last: str

    def hold(self, code: str) -> bool:
        """Whether the code is one of them."""
        return len(code) == len(self.first) and self.first <= code <= self.last


@dataclass(frozen=True, slots=True)
class Region:
    """An area that a country code does not show, with the codes and names by which it is known.

    `towns` are names that an address in one of the `countries` shows, in several spellings and scripts.
    """

    group: str
    label: str
    known_as: frozenset[str]
    countries: tuple[str, ...] = ()
    towns: tuple[str, ...] = ()
    postcodes: tuple[Postcodes, ...] = ()


@dataclass(frozen=True, slots=True)
class Subdivisions:
    """The parts of a country, made comparable: their ISO 3166-2 codes in one word, their names in words."""

    codes: frozenset[str]
    names: tuple[list[str], ...]


@dataclass(frozen=True, slots=True)
class CountryTables:
    """Groups of countries by date, and regions."""

    memberships: tuple[Membership, ...]
    regions: tuple[Region, ...]
    names: dict[str, str]
    region_needed: tuple[str, ...]
    address_needed: tuple[str, ...] = ()
    subdivisions: dict[str, Subdivisions] = field(default_factory=dict)  # by country

    def members(self, group: str, day: date) -> frozenset[str]:
        """The countries of the group on that day."""
        return frozenset(each.country for each in self.memberships if each.group == group and each.holds_on(day))

    def region(self, group: str, text: str) -> Region | None:
        """The region of the group that the text names, by code or by name."""
        found = self.region_named(text)
        return found if found and found.group == group else None

    def region_named(self, text: str) -> Region | None:
        """The region that the text names, by code or by name, and nothing beside it."""
        wanted = one_word(text)
        return next((each for each in self.regions if wanted in each.known_as), None) if wanted else None

    def subdivision_told(self, country: str, text: str) -> bool:
        """Whether the text says in which part of the country a place lies: with no list of the parts, any text does."""
        parts = self.subdivisions.get(country)
        if parts is None:
            return bool(text.strip())
        words = place_words(text)
        return "".join(words) in parts.codes or any(any(ends_of(words, name)) for name in parts.names)

    def told_by_address(self, country: str) -> bool:
        """Whether an address in the country may name a region that the country's code does not show."""
        return country in self.address_needed

    def name(self, code: str) -> str:
        """The country's name in English, or its code."""
        return self.names.get(code, code)


def countries_from(tables: dict[str, Any]) -> CountryTables:
    """The tables in a pack's countries.toml. Raises KeyError or TypeError when they lack something."""
    steady = [
        Membership(group, country, None, None) for group, row in tables["groups"].items() for country in row["members"]
    ]
    dated = [
        Membership(row["group"], row["country"], row.get("from"), row.get("until")) for row in tables.get("dated", [])
    ]
    return CountryTables(
        memberships=(*steady, *dated),
        regions=tuple(_region(row) for row in tables.get("regions", [])),
        names=dict(tables.get("names", {})),
        region_needed=tuple(tables.get("region_needed", ())),
        address_needed=tuple(tables.get("address_needed", ())),
        subdivisions={
            country: Subdivisions(
                codes=frozenset(map(one_word, parts)),
                names=tuple(place_words(name) for names in parts.values() for name in names),
            )
            for country, parts in tables.get("subdivisions", {}).items()
        },
    )


def _region(row: dict[str, Any]) -> Region:
    return Region(
        group=row["group"],
        label=row["label"],
        known_as=frozenset(one_word(each) for each in row["known_as"]),
        countries=tuple(row.get("countries", ())),
        towns=tuple(row.get("towns", ())),
        postcodes=tuple(Postcodes(each["country"], each["first"], each["last"]) for each in row.get("postcodes", ())),
    )
