"""A chip's figures in, its class under ECCN 3A090 out."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from compliance.engine.batch.shapes import as_decimal, as_object, as_text, plain_number
from compliance.engine.chips import A1, UNKNOWN, Classification, classify
from compliance.engine.codec import Malformed
from compliance.engine.facts import ChipFigures, Tops


def classified(value: Mapping[str, Any]) -> dict[str, Any]:
    """`{"tpp", "performance_density", "eccn", "why"}` of `{"dense_tops", "die_mm2", "datacenter", "dram_gbps"}`.

    What is missing or null is unknown, and so is the class, unless the known figures settle it. Other members are not
    looked at. Raises `Malformed`.
    """
    known, gaps = _tops(value.get("dense_tops"))
    letter = value.get("is_informed")
    figures = ChipFigures(
        name=as_text(value["name"], '"name"', longest=200) if value.get("name") is not None else "This chip",
        dense_tops=known,
        die_area_mm2=_figure(value.get("die_mm2"), '"die_mm2"'),
        datacenter=_yes_or_no(value.get("datacenter")),
        dram_gbps=_figure(value.get("dram_gbps"), '"dram_gbps"'),
        is_informed=as_text(letter, '"is_informed"', longest=500) if letter is not None else "",
    )
    found = classify(figures)
    return _with_gaps(found, gaps) if known and gaps else _shown(found.tpp, found.density, found.eccn, found.working)


def _with_gaps(found: Classification, gaps: list[int]) -> dict[str, Any]:
    """The other bit lengths can only make the TPP larger: what is at 4800 stays there, everything else is open."""
    missing = f"The performance at {', '.join(map(str, gaps))} bit is unknown, so the TPP is at least that"
    if found.eccn == A1:
        return _shown(found.tpp, found.density, A1, (*found.working, missing))
    opened = f"{missing}: it may be larger, and the chip counts as controlled"
    return _shown(None, None, UNKNOWN, (found.working[0], opened))


def _shown(tpp: Decimal | None, density: Decimal | None, eccn: str, why: tuple[str, ...]) -> dict[str, Any]:
    return {
        "tpp": None if tpp is None else plain_number(tpp),
        "performance_density": None if density is None else float(density),
        "eccn": eccn,
        "why": list(why),
    }


def _tops(value: Any) -> tuple[tuple[Tops, ...], list[int]]:
    """The known figures, and the bit lengths whose figure is null."""
    if value is None:
        return (), []
    known, gaps = [], []
    for key, figure in as_object(value, '"dense_tops"').items():
        if not (key.isascii() and key.isdigit() and len(key) <= 4) or key.startswith("0"):
            raise Malformed('"dense_tops" must be keyed by bit lengths, such as "8"')
        if figure is None:
            gaps.append(int(key))
        else:
            known.append(Tops(int(key), _figure(figure, f'"dense_tops" at {key} bit') or ""))
    return tuple(known), sorted(gaps)


def _figure(value: Any, what: str) -> str | None:
    if value is None:
        return None
    number = as_decimal(value, what)
    if number <= 0:
        raise Malformed(f"{what} must be above 0; leave it out when it is not known")
    return str(number)


def _yes_or_no(value: Any) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise Malformed('"datacenter" must be true, false or null')
    return value
