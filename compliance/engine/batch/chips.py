"""A chip's figures in, its class under ECCN 3A090 out."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from compliance.engine.batch.shapes import as_decimal, as_object, as_text, plain_number
from compliance.engine.chips import A1, UNKNOWN, Classification, classify, licence_exceptions
from compliance.engine.codec import Malformed
from compliance.engine.facts import ChipFigures, ChipRequest, Tops
from compliance.engine.systems import classify_system

MOST_GPUS = 10_000_000


def classified(value: Mapping[str, Any]) -> dict[str, Any]:
    """`{"tpp", "performance_density", "eccn", "why"}` of `{"dense_tops", "die_mm2", "datacenter", "dram_gbps"}`.

    What is missing or null is unknown, and so is the class, unless the known figures settle it. With a `count` the
    answer has `system` too: what a machine or cluster of so many is under 4A090, and their total TPP. Other members
    are not looked at. Raises `Malformed`.
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
    if known and gaps:
        found = _with_gaps(found, gaps)
    exception = licence_exceptions(found, datacenter=figures.datacenter)
    answer = _shown(replace(found, working=(*found.working, exception)) if exception else found)
    count = _count(value.get("count"))
    return answer if count is None else {**answer, "system": _system(ChipRequest("", count, figures), found)}


def _with_gaps(found: Classification, gaps: list[int]) -> Classification:
    """The other bit lengths can only make the TPP larger: what is at 4800 stays there, everything else is open."""
    missing = f"The performance at {', '.join(map(str, gaps))} bit is unknown, so the TPP is at least that"
    if found.eccn == A1:
        return replace(found, working=(*found.working, missing))
    opened = f"{missing}: it may be larger, and the chip counts as controlled"
    return Classification(UNKNOWN, None, None, True, (found.working[0], opened))


def _shown(found: Classification) -> dict[str, Any]:
    return {
        "tpp": None if found.tpp is None else plain_number(found.tpp),
        "performance_density": None if found.density is None else float(found.density),
        "eccn": found.eccn,
        "why": list(found.working),
    }


def _system(chip: ChipRequest, found: Classification) -> dict[str, Any]:
    system = classify_system([(chip, found)])
    return {
        "gpus": system.gpus,
        "tpp": None if system.tpp is None else plain_number(system.tpp),
        "eccn": system.eccn,
        "why": list(system.working),
    }


def _count(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_GPUS:
        raise Malformed(f'"count" must be a whole number from 1 to {MOST_GPUS}')
    return value


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
