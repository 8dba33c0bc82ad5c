"""FollowTheMoney entities as JSON lines: OpenSanctions' `targets.nested.json` and `entities.ftm.json`.

A general door: whatever list OpenSanctions gathers can be screened against. What they publish is under CC BY-NC, and a
business needs their licence; so no address is built in.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from compliance.sources.base import ListedName, ListEntry, NotAList
from compliance.sources.countries import country_code
from compliance.sources.dates import birth_dates
from compliance.sources.json_files import objects_by_line

_KINDS = {
    "Person": "person",
    "LegalEntity": "entity",
    "Organization": "entity",
    "Company": "entity",
    "PublicBody": "entity",
    "Vessel": "vessel",
    "Airplane": "aircraft",
}
# What the topics of a listing mean. A politically exposed person, for one, is on no list of this kind.
_BLOCKS = ("sanction",)
_RESTRICTS = ("sanction.counter", "export.control", "export.control.linked", "debarment", "wanted", "crime.terror")
# The datasets of authorities whose lists Gridclear knows by themselves; the first that fits names the entry's.
_AUTHORITIES = {
    "us_ofac_sdn": "OFAC",
    "un_sc_sanctions": "UN",
    "eu_fsf": "EU",
    "gb_fcdo_sanctions": "UK",
    "gb_hmt_sanctions": "UK",
    "us_ofac_cons": "OFAC",
    "us_bis_denied": "BIS",
}
_PAPERS = {
    "passportNumber": "Passport",
    "idNumber": "National ID",
    "registrationNumber": "Registration ID",
    "leiCode": "LEI",
    "innCode": "INN",
    "ogrnCode": "OGRN",
    "taxNumber": "Tax ID",
    "imoNumber": "IMO",
}
_PLACES = ("country", "nationality", "citizenship", "jurisdiction", "mainCountry", "flag")

_Values = Mapping[str, Any]


@dataclass(slots=True)
class _Beside:
    """What other lines of the flat format say of an entity."""

    programmes: dict[str, None] = field(default_factory=dict)
    wallets: dict[tuple[str, str], None] = field(default_factory=dict)
    url: str = ""


def read_ftm(path: Path) -> Iterator[ListEntry]:
    """Every party that is listed in a topic which blocks or restricts. Raises `NotAList`."""
    beside: dict[str, _Beside] = defaultdict(_Beside)
    for item in objects_by_line(path):
        _take_beside(beside, item)
    for item in objects_by_line(path):
        properties = item["properties"]
        topics = [each for each in (*_BLOCKS, *_RESTRICTS) if each in _texts(properties, "topics")]
        if topics and (item["schema"] in _KINDS or _is_nobodys_wallet(item)):
            yield _entry(item, topics, beside.get(str(item["id"]), _Beside()))


def _is_nobodys_wallet(item: _Values) -> bool:
    """Whether it is a wallet that is listed by itself: nobody is named whose entry could hold it."""
    return bool(item["schema"] == "CryptoWallet" and not item["properties"].get("holder"))


def _take_beside(beside: dict[str, _Beside], item: _Values) -> None:
    if not isinstance(item.get("id"), str) or not isinstance(item.get("properties"), dict) or "schema" not in item:
        raise NotAList("a line is no FollowTheMoney entity (id, schema, properties); the list was not loaded")
    properties = item["properties"]
    if item["schema"] == "Sanction":
        for listed in _texts(properties, "entity"):
            _take_sanction(beside[listed], properties)
    elif item["schema"] == "CryptoWallet":
        for holder in _texts(properties, "holder"):
            _take_wallet(beside[holder], properties)


def _entry(item: _Values, topics: list[str], flat: _Beside) -> ListEntry:
    properties = item["properties"]
    told = _Beside(dict(flat.programmes), dict(flat.wallets), flat.url)
    for sanction in _nested(properties, "sanctions"):
        _take_sanction(told, sanction)
    for wallet in (*_nested(properties, "cryptoWallets"), *([properties] if _is_nobodys_wallet(item) else [])):
        _take_wallet(told, wallet)
    datasets = [str(each) for each in item.get("datasets") or ()]
    codes = (country_code(each) for place in _PLACES for each in _texts(properties, place))
    return ListEntry(
        external_id=str(item["id"]),
        kind=_KINDS.get(item["schema"], "unknown"),
        names=tuple(_names(properties, str(item.get("caption") or ""))),
        authority=next((_AUTHORITIES[each] for each in _AUTHORITIES if each in datasets), "OTHER"),
        blocked=any(each in _BLOCKS for each in topics),
        countries=tuple(dict.fromkeys(each for each in codes if each)),
        birth_dates=birth_dates(*_texts(properties, "birthDate")),
        programmes=tuple(dict.fromkeys([*datasets, *told.programmes, *topics])),
        identifiers=tuple(f"{word} {each}" for name, word in _PAPERS.items() for each in _texts(properties, name)),
        wallets=tuple(told.wallets),
        remarks=" ".join(_texts(properties, "notes"))[:4000],
        source_url=next(iter([*_texts(properties, "sourceUrl"), told.url]), "")[:500],
    )


def _names(properties: _Values, caption: str) -> Iterator[ListedName]:
    found: dict[str, str] = {}
    for name in ("name", "alias", "previousName", "abbreviation", "publicKey"):
        found |= {each: "strong" for each in _texts(properties, name) if each not in found}
    found |= {each: "weak" for each in _texts(properties, "weakAlias") if each not in found}
    filed = caption if caption in found else next(iter(found), "")
    for name, strength in found.items():
        yield ListedName(name, strength, "", name == filed)


def _take_sanction(told: _Beside, sanction: _Values) -> None:
    told.programmes |= dict.fromkeys([*_texts(sanction, "programId"), *_texts(sanction, "program")])
    told.url = told.url or next(iter(_texts(sanction, "sourceUrl")), "")


def _take_wallet(told: _Beside, wallet: _Values) -> None:
    currency = next(iter([*_texts(wallet, "currency"), *_texts(wallet, "currencySymbol")]), "")
    told.wallets |= {(currency, address): None for address in _texts(wallet, "publicKey")}


def _nested(properties: _Values, name: str) -> Iterable[_Values]:
    """The properties of the entities that are nested under the name."""
    values = properties.get(name)
    for value in values if isinstance(values, list) else ():
        if isinstance(value, dict) and isinstance(value.get("properties"), dict):
            yield value["properties"]


def _texts(properties: _Values, name: str) -> list[str]:
    values = properties.get(name)
    texts = values if isinstance(values, list) else ()
    return [each.strip() for each in texts if isinstance(each, str) and each.strip()]
