"""ECCN 3A090 from a chip's figures, with the working shown; and the catalogue of accelerators.

Source: 88 FR 73458 (2023-10-25), Supplement No. 1 to Part 774, 3A090 and its notes. TPP is 2 x MacTOPS x bit length,
which for the usual "TOPS" (a multiply-accumulate counted as two) is TOPS x bit length; dense, the largest over bit
lengths. Performance density is TPP by the area in mm2 of the dies made on non-planar processes.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

from compliance.engine.facts import ChipFigures, Tops
from compliance.engine.releases import Altered, Manifest

A1, A2, B1, B2, NONE, UNKNOWN = "3A090.a.1", "3A090.a.2", "3A090.b.1", "3A090.b.2", "none", "unknown"
_CENT = Decimal("0.01")


class CatalogueInvalid(ValueError):
    """A catalogue file lacks something or names an accelerator or an alias twice."""


@dataclass(frozen=True, slots=True)
class Classification:
    """The paragraph of 3A090, or none or unknown; `controlled` also for unknown chips and those under a BIS letter."""

    eccn: str
    tpp: Decimal | None
    density: Decimal | None
    controlled: bool
    working: tuple[str, ...]


def classify(figures: ChipFigures | None) -> Classification:
    """The class of the chip. Whatever is not known leads to `unknown`, which counts as controlled."""
    if figures is None or not figures.dense_tops:
        name = figures.name if figures else "This chip"
        return Classification(UNKNOWN, None, None, True, (f"{name}: performance unknown, so it counts as controlled.",))
    top = max(figures.dense_tops, key=lambda each: Decimal(each.tops) * each.bits)
    tpp = (Decimal(top.tops) * top.bits).normalize()
    area = Decimal(figures.die_area_mm2) if figures.die_area_mm2 else None
    density = tpp / area if area else None
    eccn, because = _paragraph(tpp, density, datacenter=figures.datacenter is not False)
    if figures.datacenter is None and eccn not in (A1, NONE):
        because = f"Whether it is made or marketed for data centres is unknown; if it is: {because}"
        eccn = UNKNOWN
    working = [f"TPP = {top.tops} dense TOPS x {top.bits} bit = {_plain(tpp)}"]
    if area is not None and density is not None:
        rounded = density.quantize(_CENT, ROUND_HALF_EVEN)
        working.append(f"Performance density = {_plain(tpp)} / {_plain(area)} mm2 = {rounded}")
    working.append(because)
    if figures.is_informed:
        working.append(f"Under a letter of BIS all the same: {figures.is_informed}")
    controlled = eccn != NONE or bool(figures.is_informed)
    return Classification(eccn, tpp, density, controlled, tuple(working))


def _paragraph(tpp: Decimal, density: Decimal | None, *, datacenter: bool) -> tuple[str, str]:
    if tpp >= 4800:
        return A1, "TPP of 4800 or more: 3A090.a.1"
    if not datacenter:
        return NONE, "Not designed or marketed for data centres, and TPP below 4800: outside 3A090 (its Note 2)"
    if tpp < 1600:
        return NONE, "TPP below 1600: outside 3A090"
    if density is None:
        return UNKNOWN, "Die area unknown, so the performance density is unknown and the chip counts as controlled"
    if density >= Decimal("5.92"):
        return A2, "TPP of 1600 or more and performance density of 5.92 or more: 3A090.a.2"
    if tpp >= 2400 and density >= Decimal("1.6"):
        return B1, "TPP from 2400 to 4800 and performance density from 1.6 to 5.92: 3A090.b.1"
    if density >= Decimal("3.2"):
        return B2, "TPP of 1600 or more and performance density from 3.2 to 5.92: 3A090.b.2"
    return NONE, "Performance density too low for its TPP: outside 3A090"


def case_by_case(tpp: Decimal | None, dram_gbps: str | None) -> bool:
    """Whether BIS reviews licences for China and Macau case by case (91 FR 1684, since 2026-01-15)."""
    return tpp is not None and dram_gbps is not None and tpp < 21_000 and Decimal(dram_gbps) < 6_500


@dataclass(frozen=True, slots=True)
class Accelerator:
    """One catalogue entry. `verified` means that the figures were read in the source named."""

    slug: str
    name: str
    vendor: str
    memory_gib: int
    device_names: tuple[str, ...]
    figures: ChipFigures
    source: str
    verified: bool
    classification: Classification


class Catalogue:
    """Accelerators by slug, and by the names that their drivers report."""

    def __init__(self, accelerators: Iterable[Accelerator]) -> None:
        self.accelerators = tuple(accelerators)
        self._by_slug = {each.slug: each for each in self.accelerators}
        names = [(_device_key(name), each.slug) for each in self.accelerators for name in each.device_names]
        self._by_device = dict(names)
        if len(self._by_slug) != len(self.accelerators) or len(self._by_device) != len(names):
            raise CatalogueInvalid("an accelerator or a device name stands twice in the catalogue")

    def get(self, slug: str) -> Accelerator | None:
        """The entry of that slug."""
        return self._by_slug.get(slug)

    def figures(self, slug: str) -> ChipFigures | None:
        """The figures of that slug; None when the catalogue does not know it."""
        found = self._by_slug.get(slug)
        return found.figures if found else None

    def match_device_name(self, name: str) -> str | None:
        """The slug of the accelerator that reports this name. Exact but for case and spacing: a guess might let through
        what the law holds back, so an unknown name stays unknown and counts as controlled."""
        return self._by_device.get(_device_key(name))


def load_catalogue(path: Path) -> Catalogue:
    """The catalogue in the file. Raises `CatalogueInvalid`."""
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8"))["accelerators"]
        return Catalogue(_accelerator(row) for row in rows)
    except (OSError, KeyError, TypeError, tomllib.TOMLDecodeError) as error:
        raise CatalogueInvalid(f"{path.name} is no catalogue of accelerators: {error}") from error


def newest_catalogue(root: Path) -> Catalogue:
    """The catalogue of the newest date that the manifest names below the folder. Raises `CatalogueInvalid`."""
    try:
        found = Manifest.read(root.parent).folders(root)
    except Altered as error:
        raise CatalogueInvalid(str(error)) from error
    if not found:
        raise CatalogueInvalid("there is no catalogue of accelerators")
    return load_catalogue(found[-1] / "accelerators.toml")


def _device_key(name: str) -> str:
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", name)).strip().casefold()


def _accelerator(row: dict[str, Any]) -> Accelerator:
    tops = tuple(Tops(int(bits), str(value)) for bits, value in sorted(row.get("dense_tops", {}).items()))
    figures = ChipFigures(
        name=row["name"],
        dense_tops=tops,
        die_area_mm2=_text(row.get("die_area_mm2")),
        datacenter=row.get("datacenter"),
        dram_gbps=_text(row.get("dram_gbps")),
        is_informed=row.get("is_informed", ""),
    )
    return Accelerator(
        slug=row["slug"],
        name=row["name"],
        vendor=row["vendor"],
        memory_gib=row["memory_gib"],
        device_names=tuple(row["device_names"]),
        figures=figures,
        source=row["source"],
        verified=row["verified"],
        classification=classify(figures),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _plain(value: Decimal) -> str:
    return f"{value:f}".rstrip("0").rstrip(".") if "." in f"{value:f}" else f"{value:f}"
