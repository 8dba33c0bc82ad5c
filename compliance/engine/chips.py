"""ECCN 3A090 from a chip's figures, with the working shown.

Source: 88 FR 73458 (2023-10-25), Supplement No. 1 to Part 774, 3A090 and its notes. TPP is 2 x MacTOPS x bit length,
which for the usual "TOPS" (a multiply-accumulate counted as two) is TOPS x bit length; dense, the largest over bit
lengths. Performance density is TPP by the area in mm2 of the dies made on non-planar processes.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from compliance.engine.facts import ChipFigures

A1, A2, B1, B2, NONE, UNKNOWN = "3A090.a.1", "3A090.a.2", "3A090.b.1", "3A090.b.2", "none", "unknown"
_CENT = Decimal("0.01")
_SHORT_BITS = 16  # chips that compute models are fastest at 16 bit or less: without any such figure the TPP is open
_TERA = Decimal(10) ** 12


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
    working = [f"TPP = {top.tops} dense TOPS x {top.bits} bit = {plain(tpp)}"]
    if eccn != A1 and all(each.bits > _SHORT_BITS for each in figures.dense_tops):
        told = (
            f"No performance at {_SHORT_BITS} bit or less is known, so the TPP may be larger: it counts as controlled"
        )
        return Classification(UNKNOWN, None, None, True, (*working, told))
    if area is not None and density is not None:
        rounded = density.quantize(_CENT, ROUND_HALF_EVEN)
        working.append(f"Performance density = {plain(tpp)} / {plain(area)} mm2 = {rounded}")
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


def operations_per_second(figures: ChipFigures | None) -> Decimal:
    """Dense operations per second at the bit length that gives the TPP, the shorter of two that give the same; 0 for
    unknown."""
    if figures is None or not figures.dense_tops:
        return Decimal(0)
    top = max(figures.dense_tops, key=lambda each: (Decimal(each.tops) * each.bits, Decimal(each.tops)))
    return Decimal(top.tops) * _TERA


def licence_exceptions(found: Classification, *, datacenter: bool | None) -> str:
    """Which licence exception an export of such a chip could use (15 CFR 740.8, 88 FR 73458, 89 FR 23876); "" for none.

    Everything in 3A090 but what is in its paragraph a and designed or marketed for data centres. About the item alone:
    whoever rents its use exports nothing.
    """
    if found.eccn in (B1, B2):
        why = "it is in 3A090.b"
    elif found.eccn in (A1, A2) and datacenter is False:
        why = "it is not designed or marketed for data centres"
    else:
        return ""
    return (
        f"An export could use licence exception NAC (Macau, Country Group D:5 and those headquartered there; BIS is "
        f"notified before) or ACA (other destinations in D:1 and D:4), since {why}: 15 CFR 740.8."
    )


def plain(value: Decimal) -> str:
    """The number in digits, without an exponent or idle zeros."""
    return f"{value:f}".rstrip("0").rstrip(".") if "." in f"{value:f}" else f"{value:f}"
