"""People and companies in FollowTheMoney's words, as the screening engine asks for them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from re import compile as pattern
from typing import Any

from compliance.engine.batch.shapes import as_object, past
from compliance.engine.codec import Malformed
from compliance.engine.country_names import country_code
from compliance.engine.naming.prepare import ENTITY, PERSON
from compliance.engine.naming.text import readable
from compliance.engine.screening import (
    AIRCRAFT,
    THINGS,
    THRESHOLD,
    VESSEL,
    WEAK,
    Candidate,
    EntryFacts,
    ListedEntry,
    NameQuery,
    judge,
)
from compliance.engine.wallet_keys import wallet_key

UNSAID = ""
# FollowTheMoney's schemata that name somebody: https://followthemoney.tech/explorer/
KINDS = {
    "Person": PERSON,
    "Company": ENTITY,
    "Organization": ENTITY,
    "PublicBody": ENTITY,
    "LegalEntity": UNSAID,
    "Thing": UNSAID,
    "Asset": UNSAID,
    "Vehicle": UNSAID,
    "CryptoWallet": UNSAID,
    "Vessel": VESSEL,
    "Airplane": AIRCRAFT,
}
_WIDE = ("Thing", "Asset", "Vehicle")  # said so, they may mean a ship or an aircraft as well as a party
MAX_NAME = 500  # characters
MAX_VALUES = 200  # of one property, and names in all
_NAMES = ("name", "alias", "weakAlias", "previousName", "abbreviation")
_GIVEN = ("firstName", "secondName", "middleName", "fatherName")
_FAMILY = ("lastName",)
_DATES = ("birthDate", "incorporationDate")
_COUNTRIES = ("country", "nationality", "citizenship", "jurisdiction", "mainCountry", "birthCountry", "addressCountry")
_IDENTIFIERS = (
    "registrationNumber", "idNumber", "passportNumber", "taxNumber", "socialSecurityNumber", "leiCode", "innCode",
    "ogrnCode", "kppCode", "okpoCode", "vatCode", "dunsCode", "uniqueEntityId", "npiCode", "imoNumber", "swiftBic",
    "bicCode", "isinCode", "usccCode", "giiNumber", "permId", "cikCode",
)  # fmt: skip
_WALLETS = ("publicKey", "cryptoWallet")
# FollowTheMoney writes parts of countries as "ge-ab" or "cy-trnc", and countries that are no more as "suhh".
_CODE = pattern(r"([a-z]{2})(-[a-z0-9]{1,4})?|[a-z]{4}")


@dataclass(frozen=True, slots=True)
class Described:
    """Somebody as described: at least a name or a wallet. Countries are upper-case ISO 3166-1 codes."""

    kind: str  # person | entity | "" when not said
    names: tuple[str, ...]
    dates: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()
    wallets: tuple[str, ...] = ()
    wide: bool = False  # ships and aircraft may be meant as well

    def queries(self) -> list[NameQuery]:
        """Each name with all else that is known: what to look for."""
        kinds = (self.kind, *THINGS) if self.wide else (self.kind,)
        known = self.dates, self.countries, self.identifiers
        return [NameQuery(name, kind, *known) for kind in kinds for name in self.names]


def described(value: Any, today: date, default: str = "Thing") -> Described:
    """Whom the object describes; properties stand flat or under `properties`, each a value or a list of them.

    Properties that the screening does not ask for are not looked at. Raises `Malformed`.
    """
    given = as_object(value, "an entity")
    schema = given.get("schema", default)
    if not isinstance(schema, str) or schema not in KINDS:
        raise Malformed(f'"schema" must be one of {", ".join(KINDS)}')
    held = {**given, **as_object(given.get("properties", {}), '"properties"')}
    names = [_readable(name) for name in _values(held, _NAMES, MAX_NAME)]
    if not names and (parted := _of_parts(held)):
        names.append(_readable(parted))
    if len(names) > MAX_VALUES:
        raise Malformed(f"there are {len(names)} names; at most {MAX_VALUES} are taken")
    dates, wallets = _values(held, _DATES, 40), _values(held, _WALLETS, 128)
    for day in dates:
        past(day, "a date of birth or incorporation", today)
    if not names and not wallets:
        raise Malformed('"name" is missing')
    identifiers = tuple(_values(held, _IDENTIFIERS, 200))
    days, countries = tuple(day[:10] for day in dates), tuple(_country(code) for code in _values(held, _COUNTRIES, 40))
    wide = given.get("schema") in _WIDE
    return Described(KINDS[schema], _once(names), _once(days), _once(countries), identifiers, _once(wallets), wide)


def pair(query: Described, candidate: Described) -> Candidate:
    """How like the two are, by their best pair of names and all else that is known; wallets that are equal say all.

    Raises `Malformed` when nothing stands on both sides that could be compared.
    """
    if {wallet_key(each) for each in query.wallets} & {wallet_key(each) for each in candidate.wallets}:
        return Candidate(
            "", candidate.names[0] if candidate.names else "", 1.0, 0.0, "strong", ("A wallet is the same.",)
        )
    if not query.names or not candidate.names:
        if query.wallets and candidate.wallets:
            return _apart("No wallet is the same.")
        raise Malformed("there are no two names and no two wallets to compare")
    kinds = {query.kind, candidate.kind}
    if UNSAID not in kinds and len(kinds) > 1 and not kinds.isdisjoint(THINGS):
        return _apart("One is a ship or an aircraft, and the other is not.")
    facts = EntryFacts(candidate.dates, candidate.countries, candidate.identifiers)
    listed = ListedEntry("", candidate.kind, tuple((name, False) for name in candidate.names), facts)
    found = (judge(asked, listed) for asked in replace(query, wide=False).queries())
    return min(found, key=lambda each: each.rank)


def _apart(why: str) -> Candidate:
    return Candidate("", "", 0.0, THRESHOLD, WEAK, (why,))


def _of_parts(held: Mapping[str, Any]) -> str:
    """The name of a form's fields, the family name before a comma: so each part is known for what it is."""
    given, family = (
        " ".join(part for key in keys for part in _values(held, (key,), MAX_NAME)[:1]) for keys in (_GIVEN, _FAMILY)
    )
    return f"{family}, {given}" if family and given else family or given


def _values(held: Mapping[str, Any], keys: Iterable[str], longest: int) -> list[str]:
    found: list[str] = []
    for key in keys:
        value = held.get(key)
        rows: Sequence[Any] = value if isinstance(value, list) else [value]
        if len(rows) > MAX_VALUES:
            raise Malformed(f'"{key}" has {len(rows)} values; at most {MAX_VALUES} are taken')
        for row in rows:
            if row is None:
                continue  # what a form left empty
            if not isinstance(row, str):
                raise Malformed(f'"{key}" must be a text or a list of texts')
            if len(row) > longest:
                raise Malformed(f'"{key}" has {len(row)} characters; at most {longest} are taken')
            found.extend([row.strip()] if row.strip() else [])
    return found


def _readable(name: str) -> str:
    shown = readable(name)
    if not shown:
        raise Malformed("a name holds signs that nobody sees (zero width, direction, control), or no letters at all")
    return shown


def _country(code: str) -> str:
    """ISO's code, also of what is named in words; a code that is not ISO's stands for itself: no list has it."""
    if known := country_code(code):
        return known
    found = _CODE.fullmatch(code.casefold())
    if found is None:
        raise Malformed(f"{code[:40]!r} is no country; name its code in ISO 3166-1, such as SG")
    return (found[1] or code).upper()


def _once(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
