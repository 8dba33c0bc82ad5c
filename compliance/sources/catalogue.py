"""The lists Gridclear knows: where each is published, in which formats, and whether the gate needs it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from compliance.base import clock
from compliance.base.code_digest import code_digest
from compliance.engine import country_names
from compliance.sources.base import Importer, ListEntry, NotAList, sound
from compliance.sources.bis_dpl import read_bis_dpl
from compliance.sources.dates import published_on
from compliance.sources.eu import read_eu
from compliance.sources.files import head_of, refuse_what_is_none, refuse_without_end
from compliance.sources.ftm import read_ftm
from compliance.sources.ofac_advanced import read_ofac_advanced
from compliance.sources.ofac_csv import companions, read_ofac_consolidated_csv, read_ofac_csv
from compliance.sources.uk import read_uk, read_uk_csv
from compliance.sources.un import read_un
from compliance.sources.us_csl import read_us_csl, read_us_csl_json

SAMPLES = Path(__file__).resolve().parent / "samples"
# The sample of ofac_sdn a few days on, with one more party; and one that lost most of its parties and is to be refused.
SAMPLE_SDN_GROWN = SAMPLES / "ofac_sdn_advanced_2.xml"
SAMPLE_SDN_SHRUNKEN = SAMPLES / "ofac_sdn_advanced_shrunken.xml"

FORMATS: dict[str, Importer] = {
    "ofac_advanced_xml": read_ofac_advanced,
    "ofac_csv": read_ofac_csv,
    "ofac_cons_csv": read_ofac_consolidated_csv,
    "un_xml": read_un,
    "us_csl_csv": read_us_csl,
    "us_csl_json": read_us_csl_json,
    "bis_dpl_txt": read_bis_dpl,
    "eu_fsf_xml": read_eu,
    "uk_sl_xml": read_uk,
    "uk_sl_csv": read_uk_csv,
    "ftm_json": read_ftm,
}
_BY_LINE = ("ofac_csv", "ofac_cons_csv", "us_csl_csv", "uk_sl_csv", "bis_dpl_txt", "ftm_json")
_TRIPPED = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)
_WORDS = {"xml": "XML", "json": "JSON", "csv": "CSV", "txt": "tab separated text"}
_SLS = "https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports"


@dataclass(frozen=True, slots=True)
class KnownList:
    """A list as its authority publishes it. `sample` is the repository's small hand-written one in the first format.

    `source_url` is empty where the operator has to bring the address. `also` names further formats that are read.
    `fewest` is how many entries it has at the very least, roughly half of what it had in 2026: fewer, fetched from its
    authority, are a part of it. `newest_within`: it bears its day and comes out so often that a fetched one which is
    older is not the newest; None where the authority may well be silent for longer, or bears no day.
    """

    code: str
    title: str
    authority: str
    format: str
    source_url: str
    required: bool
    sample: Path
    also: tuple[str, ...] = ()
    fewest: int = 1
    newest_within: timedelta | None = None

    def is_official(self, source: str) -> bool:
        """Whether the source is an address of the list's own authority."""
        host = urlsplit(self.source_url).hostname
        return bool(host) and "://" in source and urlsplit(source).hostname == host


_OFTEN = timedelta(days=90)  # the longest silence of OFAC, the EU, the UK and the UN in years was a few weeks


KNOWN_LISTS: tuple[KnownList, ...] = (
    KnownList(
        "ofac_sdn",
        "OFAC Specially Designated Nationals",
        "OFAC",
        "ofac_advanced_xml",
        f"{_SLS}/SDN_ADVANCED.XML",
        True,
        SAMPLES / "ofac_sdn_advanced.xml",
        ("ofac_csv",),
        fewest=9_000,
        newest_within=_OFTEN,
    ),
    KnownList(
        "un_sc",
        "UN Security Council Consolidated List",
        "UN",
        "un_xml",
        "https://scsanctions.un.org/resources/xml/en/consolidated.xml",
        True,
        SAMPLES / "un_consolidated.xml",
        fewest=500,
        newest_within=_OFTEN,
    ),
    KnownList(
        "us_csl",
        "US Consolidated Screening List",
        "BIS",
        "us_csl_csv",
        "https://data.trade.gov/downloadable_consolidated_screening_list/v1/consolidated.csv",
        True,
        SAMPLES / "us_csl.csv",
        ("us_csl_json",),
        fewest=10_000,
    ),
    KnownList(
        "ofac_consolidated",
        "OFAC Consolidated (non-SDN)",
        "OFAC",
        "ofac_advanced_xml",
        f"{_SLS}/CONS_ADVANCED.XML",
        False,
        SAMPLES / "ofac_cons_advanced.xml",
        ("ofac_cons_csv",),
        fewest=200,
    ),
    KnownList(
        "bis_dpl",
        "BIS Denied Persons List",
        "BIS",
        "bis_dpl_txt",
        "https://www.bis.doc.gov/dpl/dpl.txt",
        False,
        SAMPLES / "bis_dpl.txt",
        fewest=250,
    ),
    KnownList(
        "eu_fsf",
        "EU Consolidated Financial Sanctions",
        "EU",
        "eu_fsf_xml",
        # The token is public and the same for all: the Commission's own page names it.
        "https://webgate.ec.europa.eu/fsd/fsf/public/files/xmlFullSanctionsList_1_1/content?token=dG9rZW4tMjAxNw",
        False,
        SAMPLES / "eu_fsf.xml",
        fewest=2_500,
        newest_within=_OFTEN,
    ),
    KnownList(
        "uk_sl",
        "UK Sanctions List",
        "UK",
        "uk_sl_xml",
        "https://sanctionslist.fcdo.gov.uk/docs/UK-Sanctions-List.xml",
        False,
        SAMPLES / "uk_sanctions_list.xml",
        ("uk_sl_csv",),
        fewest=2_500,
        newest_within=_OFTEN,
    ),
    KnownList(
        "opensanctions",
        "OpenSanctions (FollowTheMoney)",
        "OTHER",
        "ftm_json",
        "",
        False,
        SAMPLES / "opensanctions_nested.jsonl",
    ),
)


def known_list(code: str) -> KnownList | None:
    """The list of that code; None for another."""
    return next((each for each in KNOWN_LISTS if each.code == code), None)


def format_of(known: KnownList, path: Path) -> str:
    """In which of its list's formats the file is, by how its content begins. Raises `NotAList`."""
    head = head_of(path)
    refuse_what_is_none(path, head)
    kinds = ("xml",) if head.startswith(b"<") else ("json",) if head.startswith((b"{", b"[")) else ("csv", "txt")
    choices = (known.format, *known.also)
    found = next((each for each in choices if each.rpartition("_")[2] in kinds), None)
    if found is None:
        read = " or ".join(_WORDS[each.rpartition("_")[2]] for each in choices)
        raise NotAList(f"{path.name} is no {read}, in which {known.title} is read; the list was not loaded")
    return found


def published(path: Path) -> date | None:
    """The day on which the list says that it was made; None when it is silent. Raises `NotAList` for a future one."""
    day = published_on(head_of(path))
    # A day's grace: an authority east of here may already have tomorrow.
    if day is not None and day > clock.now().date() + timedelta(days=1):
        raise NotAList(f"{path.name} is dated {day.isoformat()}, which has not come; the list was not loaded")
    return day


@cache
def reader() -> str:
    """Changes whenever a file may be read otherwise than before: what older code made of it is read again."""
    return code_digest((*Path(__file__).parent.glob("*.py"), Path(country_names.__file__)))


def read_list(path: Path, format: str) -> Iterator[ListEntry]:
    """The entries of the file, streamed. Raises `NotAList` as soon as it shows that the file is no such list."""
    if format not in FORMATS:
        raise NotAList(f"{format} is no list format that Gridclear reads")
    entries = sound(_understood(FORMATS[format](path), path), clock.now().date())
    return _to_the_end(entries, path, format) if format in _BY_LINE else entries


def _understood(entries: Iterator[ListEntry], path: Path) -> Iterator[ListEntry]:
    """The entries; whatever an importer trips over, such as a word where a list has a number, is a refusal too."""
    try:
        yield from entries
    except NotAList:
        raise
    except _TRIPPED as error:
        told = type(error).__name__
        raise NotAList(f"{path.name} holds something that no such list has ({told}); it was not loaded") from error


def _to_the_end(entries: Iterator[ListEntry], path: Path, format: str) -> Iterator[ListEntry]:
    yield from entries
    for each in (path, *(companions(path) if format.startswith("ofac") else ())):
        refuse_without_end(each)
