"""Embargoed regions in written addresses: by postal code, and by the names of towns in several spellings.

OFAC FAQ 1009: whoever must tell whether a place lies in the regions of EO 14065 may rely on vetted information such as
postal codes and maps.
"""

import re
import unicodedata
from dataclasses import dataclass

from compliance.engine.countries import Postcodes, Region
from compliance.engine.place_words import ends_of, place_words

# "Donetsk oblast" is not the city of Donetsk.
_WIDER = frozenset(("oblast", "oblasti", "obl", "region", "province", "область", "області", "области", "обл"))
_CODE = re.compile(r"(?<!\d)\d{5,6}(?!\d)")


@dataclass(frozen=True, slots=True)
class Sighting:
    """What in an address shows the region: a postal code or a town. `elsewhere`: its postal code says another place."""

    region: Region
    sign: str
    elsewhere: bool = False


def seen_in(region: Region, country: str, address: str) -> Sighting | None:
    """How the address shows the region; None when it does not, or its country is none of the region's."""
    if not address.strip() or (country and country not in region.countries):
        return None
    codes = _postcodes(region, country, address)
    inside = [code for code in codes if any(each.hold(code) for each in _ranges(region, country))]
    if inside:
        return Sighting(region, inside[0])
    words = place_words(address)
    town = next((town for town in region.towns if _named(words, place_words(town))), "")
    return Sighting(region, town, elsewhere=bool(codes)) if town else None


def has_postcode(country: str, address: str) -> bool:
    """Whether the address holds a postal code of the country's length: it shows the region by itself."""
    lengths = {"UA": 5, "RU": 6}
    return any(len(code) == lengths.get(country) for code in _CODE.findall(_plain(address)))


def _ranges(region: Region, country: str) -> list[Postcodes]:
    return [each for each in region.postcodes if not country or each.country == country]


def _postcodes(region: Region, country: str, address: str) -> list[str]:
    lengths = {len(each.first) for each in _ranges(region, country)}
    return [code for code in _CODE.findall(_plain(address)) if len(code) in lengths]


def _named(words: list[str], town: list[str]) -> bool:
    return any(not _WIDER.intersection(words[end : end + 1]) for end in ends_of(words, town))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text)
