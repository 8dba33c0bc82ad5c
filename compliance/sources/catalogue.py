"""The lists Gridclear knows: where each is published, in which format, and whether the gate needs it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from compliance.sources.base import Importer, ListEntry, NotAList, unique
from compliance.sources.ofac_advanced import read_ofac_advanced
from compliance.sources.ofac_csv import read_ofac_consolidated_csv, read_ofac_csv
from compliance.sources.un import read_un
from compliance.sources.us_csl import read_us_csl

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
}


@dataclass(frozen=True, slots=True)
class KnownList:
    """A list as its authority publishes it. `sample` is the repository's small hand-written one in the same format."""

    code: str
    title: str
    authority: str
    format: str
    source_url: str
    required: bool
    sample: Path


KNOWN_LISTS: tuple[KnownList, ...] = (
    KnownList(
        "ofac_sdn",
        "OFAC Specially Designated Nationals",
        "OFAC",
        "ofac_advanced_xml",
        "https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/SDN_ADVANCED.XML",
        True,
        SAMPLES / "ofac_sdn_advanced.xml",
    ),
    KnownList(
        "un_sc",
        "UN Security Council Consolidated List",
        "UN",
        "un_xml",
        "https://scsanctions.un.org/resources/xml/en/consolidated.xml",
        True,
        SAMPLES / "un_consolidated.xml",
    ),
    KnownList(
        "us_csl",
        "US Consolidated Screening List",
        "BIS",
        "us_csl_csv",
        "https://data.trade.gov/downloadable_consolidated_screening_list/v1/consolidated.csv",
        True,
        SAMPLES / "us_csl.csv",
    ),
    KnownList(
        "ofac_consolidated",
        "OFAC Consolidated (non-SDN)",
        "OFAC",
        "ofac_cons_csv",
        "https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/CONS_PRIM.CSV",
        False,
        SAMPLES / "ofac_cons_prim.csv",
    ),
)


def read_list(path: Path, format: str) -> Iterator[ListEntry]:
    """The entries of the file, streamed. Raises `NotAList` as soon as it shows that the file is no such list."""
    if format not in FORMATS:
        raise NotAList(f"{format} is no list format that Gridclear reads")
    return unique(FORMATS[format](path))
