"""People and companies in FollowTheMoney's words, as the screening engine asks for them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product
from re import compile as pattern
from typing import Any

from compliance.engine.batch.shapes import as_object, past
from compliance.engine.codec import Malformed
from compliance.engine.names import readable
from compliance.engine.screening import Candidate, EntryFacts, IndexedName, NameQuery, judge

PERSON, ENTITY, UNSAID = "person", "entity", ""
# FollowTheMoney's schemata that name somebody: https://followthemoney.tech/explorer/
KINDS = {
    "Person": PERSON,
    "Company": ENTITY,
    "Organization": ENTITY,
    "PublicBody": ENTITY,
    "LegalEntity": UNSAID,
    "Thing": UNSAID,
    "CryptoWallet": UNSAID,
    "Vessel": ENTITY,
    "Airplane": ENTITY,
}
UNASKED = ("Vessel", "Airplane")  # the index holds none: parties are neither
MAX_NAME = 500  # characters
MAX_VALUES = 50  # of one property
_NAMES = ("name", "alias", "weakAlias", "previousName", "abbreviation")
_PARTS = ("firstName", "secondName", "middleName", "fatherName", "lastName")
_DATES = ("birthDate", "incorporationDate")
_COUNTRIES = ("country", "nationality", "citizenship", "jurisdiction", "mainCountry", "birthCountry", "addressCountry")
_IDENTIFIERS = (
    "registrationNumber", "idNumber", "passportNumber", "taxNumber", "socialSecurityNumber", "leiCode", "innCode",
    "ogrnCode", "kppCode", "okpoCode", "vatCode", "dunsCode", "uniqueEntityId", "npiCode", "imoNumber", "swiftBic",
    "bicCode", "isinCode", "usccCode", "giiNumber", "permId", "cikCode",
)  # fmt: skip
_WALLETS = ("publicKey", "cryptoWallet")
_CODE = pattern(r"[a-z]{2}(-[a-z0-9]{1,3})?|[a-z]{4}")


@dataclass(frozen=True, slots=True)
class Described:
    """Somebody as described: at least a name or a wallet. Countries are upper-case ISO 3166-1 codes."""

    kind: str  # person | entity | "" when not said
    names: tuple[str, ...]
    dates: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()
    wallets: tuple[str, ...] = ()

    def queries(self) -> list[NameQuery]:
        """Each name with each date: what to look for."""
        return [
            NameQuery(name, self.kind, day, self.countries, self.identifiers)
            for name, day in product(self.names, self.dates or ("",))
        ]


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
    parts = [part for key in _PARTS for part in _values(held, (key,), MAX_NAME)[:1]]
    if not held.get("name") and parts:
        names.insert(0, _readable(" ".join(parts)))
    dates, wallets = _values(held, _DATES, 40), _values(held, _WALLETS, 128)
    for day in dates:
        past(day, "a date of birth or incorporation", today)
    if not names and not wallets:
        raise Malformed('"name" is missing')
    identifiers = tuple(_values(held, _IDENTIFIERS, 200))
    days, countries = tuple(day[:10] for day in dates), tuple(_country(code) for code in _values(held, _COUNTRIES, 40))
    return Described(KINDS[schema], _once(names), _once(days), _once(countries), identifiers, _once(wallets))


def pair(query: Described, candidate: Described) -> Candidate:
    """How like the two are, by their best pair of names and all else that is known; wallets that are equal say all."""
    if set(query.wallets) & set(candidate.wallets):
        return Candidate(
            "", candidate.names[0] if candidate.names else "", 1.0, 0.0, "strong", ("A wallet is the same.",)
        )
    facts = EntryFacts(candidate.dates, candidate.countries, candidate.identifiers)
    found = [
        judge(asked, IndexedName("", name, candidate.kind), facts)
        for asked, name in product(query.queries(), candidate.names)
    ]
    if not found:
        raise Malformed("there are no two names and no two wallets to compare")
    return max(found, key=lambda each: (each.strength == "strong", each.score))


def _values(held: Mapping[str, Any], keys: Iterable[str], longest: int) -> list[str]:
    found: list[str] = []
    for key in keys:
        value = held.get(key)
        rows: Sequence[Any] = value if isinstance(value, list) else [] if value is None else [value]
        if len(rows) > MAX_VALUES:
            raise Malformed(f'"{key}" has {len(rows)} values; at most {MAX_VALUES} are taken')
        for row in rows:
            if not isinstance(row, str):
                raise Malformed(f'"{key}" must be a text or a list of texts')
            if len(row) > longest:
                raise Malformed(f'"{key}" has {len(row)} characters; at most {longest} are taken')
            if not row.strip():
                raise Malformed(f'"{key}" is empty')
            found.append(row.strip())
    return found


def _readable(name: str) -> str:
    shown = readable(name)
    if not shown:
        raise Malformed("a name holds signs that nobody sees (zero width, direction, control), or no letters at all")
    return shown


def _country(code: str) -> str:
    lowered = code.casefold()
    if not _CODE.fullmatch(lowered):
        raise Malformed("a country must be its code in ISO 3166-1, two letters")
    return lowered[:2].upper() if "-" in lowered or len(lowered) == 2 else lowered.upper()


def _once(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
