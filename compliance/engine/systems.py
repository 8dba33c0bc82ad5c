"""Systems and clusters: ECCN 4A090 follows the circuits inside; their performance is added up for other questions.

Source: Supplement No. 1 to Part 774, 4A090: computers, electronic assemblies and components that contain integrated
circuits, any of which meets 3A090.a (paragraph a) or 3A090.b (paragraph b). The paragraphs ask about each circuit; no
sum of small ones makes a controlled system, and one controlled circuit is enough.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from compliance.engine.chips import A1, A2, B1, B2, NONE, UNKNOWN, Classification, plain
from compliance.engine.facts import ChipRequest

A, B = "4A090.a", "4A090.b"


@dataclass(frozen=True, slots=True)
class SystemClass:
    """The class of a machine or cluster that holds the chips, their number, and their TPP added up (None: unknown)."""

    eccn: str
    gpus: int
    tpp: Decimal | None
    working: tuple[str, ...]


def classify_system(chips: Sequence[tuple[ChipRequest, Classification]]) -> SystemClass:
    """The class that the strictest circuit gives, and the sum over all."""
    gpus = sum(chip.count for chip, _ in chips)
    known = [found.tpp * chip.count for chip, found in chips if found.tpp is not None]
    tpp = sum(known, Decimal(0)) if len(known) == len(chips) else None
    classes = {found.eccn for _, found in chips}
    if classes & {A1, A2}:
        eccn, because = A, "It contains integrated circuits of 3A090.a: 4A090.a"
    elif UNKNOWN in classes:
        eccn, because = UNKNOWN, "It contains a chip whose class is unknown, so it counts as controlled"
    elif classes & {B1, B2}:
        eccn, because = B, "It contains integrated circuits of 3A090.b: 4A090.b"
    else:
        eccn, because = NONE, "None of its chips is in 3A090, so it is outside 4A090 whatever they make together"
    return SystemClass(eccn, gpus, tpp, (_sum(gpus, tpp), because))


def _sum(gpus: int, tpp: Decimal | None) -> str:
    if tpp is None:
        return f"{gpus} GPUs together; their total TPP is unknown"
    return f"{gpus} GPUs together: total TPP {plain(tpp)}; 3A090 and 4A090 ask about each circuit, not about the sum"
