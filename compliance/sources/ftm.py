"""FollowTheMoney entities as JSON lines: OpenSanctions' `targets.nested.json` and `entities.ftm.json`.

A general door: whatever list OpenSanctions gathers can be screened against. What they publish is under CC BY-NC, and a
business needs their licence; so no address is built in.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from compliance.engine.country_names import country_code
from compliance.sources.base import ListedName, ListEntry, NotAList
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
# What the topics of a listing mean: https://www.opensanctions.org/docs/topics/. A politically exposed person, for one,
# is on no list of this kind.
_BLOCKS = ("sanction",)
_RESTRICTS = ("sanction.counter", "export.control", "export.control.linked", "debarment", "wanted", "crime.terror")
_TRADE_RISK = "export.risk"  # the Unverified List; of other datasets it is no list
# The datasets of authorities whose lists Gridclear knows by themselves. A merged profile names several: what blocks
# property comes first. OFAC's consolidated list is of those whose property is not blocked, and OFSI keeps those whose
# investments are banned apart.
_BLOCKING = {"us_ofac_sdn": "OFAC", "un_sc_sanctions": "UN", "eu_fsf": "EU", "gb_hmt_sanctions": "UK"}
_FCDO = "gb_fcdo_sanctions"  # the UK's whole list: a travel ban or a trade measure alone freezes nothing
_FREEZE = "asset freeze"
_SHORT_OF_BLOCKING = {"us_ofac_cons": "OFAC", "gb_hmt_invbans": "UK", _FCDO: "UK"}
_SCREENING = "us_trade_csl"  # the US Consolidated Screening List: which of its lists is meant stands in the programme
_BIS = "us_bis_"
_PROGRAMMES = {
    "US-BIS-EL": "EL", "US-BIS-MEU": "MEU", "US-BIS-DPL": "DPL", "US-BIS-UVL": "UVL",
    "US-DOS-ISN": "ISN", "US-AECA-DEBARRED": "DTC",
}  # fmt: skip
_BIS_LISTS, _STATE_LISTS = ("EL", "MEU", "DPL", "UVL"), ("ISN", "DTC")
_TAG = re.compile(r"\((EL|MEU|DPL|UVL|ISN|DTC)\)")  # "Entity List (EL) - Bureau of Industry and Security"
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
    measures: dict[str, None] = field(default_factory=dict)  # who imposed what
    wallets: dict[tuple[str, str], None] = field(default_factory=dict)
    url: str = ""


def read_ftm(path: Path) -> Iterator[ListEntry]:
    """Every party that is listed in a topic which blocks or restricts. Raises `NotAList`."""
    beside: dict[str, _Beside] = defaultdict(_Beside)
    for item in objects_by_line(path):
        _take_beside(beside, item)
    for item in objects_by_line(path):
        topics = _topics(item)
        if topics and (item["schema"] in _KINDS or _is_nobodys_wallet(item)):
            yield _entry(item, topics, beside.get(str(item["id"]), _Beside()))


def _topics(item: _Values) -> list[str]:
    told = _texts(item["properties"], "topics")
    wanted = (*_BLOCKS, *_RESTRICTS, *((_TRADE_RISK,) if _is_of_commerce(_datasets(item)) else ()))
    return [each for each in wanted if each in told]


def _datasets(item: _Values) -> list[str]:
    return [str(each) for each in item.get("datasets") or ()]


def _is_of_commerce(datasets: list[str]) -> bool:
    return any(each == _SCREENING or each.startswith(_BIS) for each in datasets)


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
    told = _Beside(dict(flat.programmes), dict(flat.measures), dict(flat.wallets), flat.url)
    for sanction in _nested(properties, "sanctions"):
        _take_sanction(told, sanction)
    for wallet in (*_nested(properties, "cryptoWallets"), *([properties] if _is_nobodys_wallet(item) else [])):
        _take_wallet(told, wallet)
    datasets = _datasets(item)
    lists = _trade_lists(datasets, topics, told)
    authority, blocked = _standing(datasets, topics, told, lists)
    codes = (country_code(each) for place in _PLACES for each in _texts(properties, place))
    return ListEntry(
        external_id=str(item["id"]),
        kind=_KINDS.get(item["schema"], "unknown"),
        names=tuple(_names(properties, str(item.get("caption") or ""))),
        authority=authority,
        blocked=blocked,
        countries=tuple(dict.fromkeys(each for each in codes if each)),
        birth_dates=birth_dates(*_texts(properties, "birthDate")),
        programmes=tuple(dict.fromkeys([*lists, *datasets, *told.programmes, *topics])),
        identifiers=tuple(f"{word} {each}" for name, word in _PAPERS.items() for each in _texts(properties, name)),
        wallets=tuple(told.wallets),
        remarks=" ".join(_texts(properties, "notes"))[:4000],
        source_url=next(iter([*_texts(properties, "sourceUrl"), told.url]), "")[:500],
    )


def _trade_lists(datasets: list[str], topics: list[str], told: _Beside) -> list[str]:
    """Which lists of Commerce and State hold the party, by the codes that those lists have in the US screening list."""
    if not _is_of_commerce(datasets):
        return []
    found = {_PROGRAMMES[each]: None for each in told.programmes if each in _PROGRAMMES}
    found |= {code: None for text in (*told.programmes, *told.measures) for code in _TAG.findall(text)}
    found |= {"DPL": None} if "us_bis_denied" in datasets else {}
    found |= {"UVL": None} if topics == [_TRADE_RISK] else {}
    # Who is on a stricter list of Commerce is not just one who could not be verified.
    if {"EL", "MEU", "DPL"} & set(found):
        found.pop("UVL", None)
    return list(found)


def _standing(datasets: list[str], topics: list[str], told: _Beside, lists: list[str]) -> tuple[str, bool]:
    """The authority whose measure weighs most, and whether it blocks property."""
    sanctioned = any(each in _BLOCKS for each in topics)
    if sanctioned and (blocking := next((_BLOCKING[each] for each in _BLOCKING if each in datasets), "")):
        return blocking, True
    if (
        sanctioned
        and _FCDO in datasets
        and any(_FREEZE in each.casefold() for each in (*told.measures, *told.programmes))
    ):
        return "UK", True
    by_commerce = any(each in _BIS_LISTS for each in lists) or any(each.startswith("export.") for each in topics)
    if _is_of_commerce(datasets) and by_commerce:
        return "BIS", False
    if any(each in _STATE_LISTS for each in lists):
        return "STATE", False
    known = next((_SHORT_OF_BLOCKING[each] for each in _SHORT_OF_BLOCKING if each in datasets), "")
    if known and not any(_sounds_of_sanctions(each) for each in datasets):
        return known, False
    named = next((_BLOCKING[each] for each in _BLOCKING if each in datasets), "OTHER")
    return named, sanctioned


def _sounds_of_sanctions(dataset: str) -> bool:
    """Whether it may be another authority's list, whose measures nobody here knows: they may block."""
    return dataset not in _SHORT_OF_BLOCKING and ("sanction" in dataset or "freez" in dataset)


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
    told.measures |= dict.fromkeys([*_texts(sanction, "provisions"), *_texts(sanction, "authority")])
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
