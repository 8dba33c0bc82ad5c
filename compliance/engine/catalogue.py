"""The catalogue of accelerators: figures with their sources, names that drivers report, and letters of BIS by date."""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from compliance.engine.chips import Classification, classify
from compliance.engine.facts import ChipFigures, Tops
from compliance.engine.releases import Altered, Manifest

# Documents round the same operations differently at different bit lengths.
_ROUNDED = Decimal("0.995")


class CatalogueInvalid(ValueError):
    """A catalogue file lacks something or names an accelerator or an alias twice."""


@dataclass(frozen=True, slots=True)
class Letter:
    """BIS asked one maker for a licence for chips that the list does not name; `until` is exclusive.

    `verified` means that the words were read in the source named; the letters themselves are not public.
    """

    id: str
    to: str
    dated: date
    until: date | None
    chips: tuple[str, ...]
    asks: str
    came: str
    source: str
    verified: bool

    def binds_on(self, day: date) -> bool:
        """Whether the letter stood on that day."""
        return self.dated <= day and (self.until is None or day < self.until)

    def words(self) -> str:
        """The letter in one line, as facts carry it."""
        return f"letter to {self.to} of {self.dated.isoformat()}, which asks for {self.asks}"


@dataclass(frozen=True, slots=True)
class Document:
    """What figures were read in, at which address, and on which day."""

    key: str
    title: str
    url: str
    read: date


@dataclass(frozen=True, slots=True)
class Accelerator:
    """One catalogue entry. `verified` means that the figures were read in the source named.

    `cites` names for each figure (`tops_8` for operations at 8 bit) the documents that show it.
    """

    slug: str
    name: str
    vendor: str
    memory_gib: int
    device_names: tuple[str, ...]
    pci_ids: tuple[str, ...]
    figures: ChipFigures
    source: str
    verified: bool
    letters: tuple[Letter, ...]
    classification: Classification
    process: str = ""
    cites: tuple[tuple[str, tuple[Document, ...]], ...] = ()

    @property
    def cited(self) -> bool:
        """Whether each figure that the class rests on stands in a document: the operations that give the TPP, the die's
        area and process, the memory's bandwidth, and whether it is made for data centres."""
        shown = {figure for figure, documents in self.cites if documents}
        tpp = self.classification.tpp
        if tpp is None or not shown >= {"die_area_mm2", "process", "dram_gbps", "datacenter"}:
            return False
        return any(
            Decimal(each.tops) * each.bits >= tpp * _ROUNDED and f"tops_{each.bits}" in shown
            for each in self.figures.dense_tops
        )


class Catalogue:
    """Accelerators by slug, and by the names that their drivers report."""

    def __init__(self, accelerators: Iterable[Accelerator], letters: Sequence[Letter] = ()) -> None:
        self.accelerators = tuple(accelerators)
        self.letters = tuple(letters)
        self._by_slug = {each.slug: each for each in self.accelerators}
        names = [(_device_key(name), each.slug) for each in self.accelerators for name in each.device_names]
        buses = [(pci, each.slug) for each in self.accelerators for pci in each.pci_ids]
        self._by_device, self._by_pci = dict(names), dict(buses)
        known = len(self._by_slug) + len(self._by_device) + len(self._by_pci)
        if known != len(self.accelerators) + len(names) + len(buses):
            raise CatalogueInvalid("an accelerator, a device name or a PCI id stands twice in the catalogue")
        if strangers := {slug for each in letters for slug in each.chips} - set(self._by_slug):
            raise CatalogueInvalid(f"a letter names what the catalogue does not: {', '.join(sorted(strangers))}")

    def get(self, slug: str) -> Accelerator | None:
        """The entry of that slug."""
        return self._by_slug.get(slug)

    def figures(self, slug: str, day: date | None = None) -> ChipFigures | None:
        """The figures of that slug with the letters that bind on the day; None when the catalogue does not know it.

        Without a day the letters are those that have no end.
        """
        found = self._by_slug.get(slug)
        if found is None or day is None:
            return found.figures if found else None
        return _under(found.figures, [letter for letter in found.letters if letter.binds_on(day)])

    def match_device(self, name: str, pci_id: str = "") -> str | None:
        """The slug of the accelerator that reports this name. Exact but for case and spacing: a guess might let through
        what the law holds back, so an unknown name stays unknown and counts as controlled. So does a name whose PCI id
        (`vendor:device`, hexadecimal) is known to be another accelerator's: a driver can be made to say any name."""
        named = self._by_device.get(_device_key(name))
        on_the_bus = self._by_pci.get(pci_id.strip().casefold())
        return None if on_the_bus and on_the_bus != named else named


def load_catalogue(path: Path) -> Catalogue:
    """The catalogue in the file, with the letters beside it. Raises `CatalogueInvalid`."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
        beside = path.with_name("letters.toml")
        letters = tomllib.loads(beside.read_text(encoding="utf-8"))["letters"] if beside.exists() else []
        read = [_letter(row) for row in letters]
        documents = {key: Document(key=key, **row) for key, row in told.get("documents", {}).items()}
        return Catalogue([_accelerator(row, read, documents) for row in told["accelerators"]], read)
    except (OSError, KeyError, TypeError, tomllib.TOMLDecodeError) as error:
        raise CatalogueInvalid(f"{path.name} is no catalogue of accelerators: {error}") from error


def newest_catalogue(root: Path) -> Catalogue:
    """The catalogue of the newest date that the manifest names below the folder. Raises `CatalogueInvalid`."""
    return load_catalogue(_folders(root)[-1] / "accelerators.toml")


def catalogue_on(root: Path, day: date) -> tuple[str, Catalogue]:
    """The newest catalogue of that day or before, with its name; before the first, the first: figures do not age.

    Raises `CatalogueInvalid`.
    """
    folders = _folders(root)
    folder = next((each for each in reversed(folders) if each.name <= day.isoformat()), folders[0])
    return f"{root.name}@{folder.name}", load_catalogue(folder / "accelerators.toml")


def _folders(root: Path) -> list[Path]:
    try:
        found = Manifest.read(root.parent).folders(root)
    except Altered as error:
        raise CatalogueInvalid(str(error)) from error
    if not found:
        raise CatalogueInvalid("there is no catalogue of accelerators")
    return found


def _device_key(name: str) -> str:
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", name)).strip().casefold()


def _under(figures: ChipFigures, letters: Sequence[Letter]) -> ChipFigures:
    if not letters:
        return figures if not figures.is_informed else replace(figures, is_informed="")
    return replace(figures, is_informed="; ".join(letter.words() for letter in letters))


def _letter(row: dict[str, Any]) -> Letter:
    return Letter(
        id=row["id"],
        to=row["to"],
        dated=row["dated"],
        until=row.get("until"),
        chips=tuple(row["chips"]),
        asks=row["asks"],
        came=row["came"],
        source=row["source"],
        verified=row["verified"],
    )


def _accelerator(row: dict[str, Any], letters: Sequence[Letter], documents: Mapping[str, Document]) -> Accelerator:
    mine = tuple(letter for letter in letters if row["slug"] in letter.chips)
    figures = ChipFigures(
        name=row["name"],
        dense_tops=tuple(Tops(int(bits), str(value)) for bits, value in sorted(row.get("dense_tops", {}).items())),
        die_area_mm2=_text(row.get("die_area_mm2")),
        datacenter=row.get("datacenter"),
        dram_gbps=_text(row.get("dram_gbps")),
        is_informed=row.get("is_informed", ""),
    )
    standing = [letter for letter in mine if letter.until is None]
    figures = _under(figures, standing) if standing else figures
    return Accelerator(
        slug=row["slug"],
        name=row["name"],
        vendor=row["vendor"],
        memory_gib=row["memory_gib"],
        device_names=tuple(row["device_names"]),
        pci_ids=tuple(each.casefold() for each in row.get("pci_ids", ())),
        figures=figures,
        source=row["source"],
        verified=row["verified"],
        letters=mine,
        classification=classify(figures),
        process=row.get("process", ""),
        cites=tuple((figure, tuple(documents[key] for key in keys)) for figure, keys in row.get("cites", {}).items()),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)
