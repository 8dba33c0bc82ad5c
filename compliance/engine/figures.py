"""Facts about chips: the figures that export rules ask for, what is asked for, and what a group used."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from compliance.engine.codec import Malformed, later

MOST_BITS = 1024
MOST_DIGITS = 30  # after the point
MOST_FIGURE = Decimal(10) ** 12  # far beyond any chip; keeps a written exponent from filling the memory
MOST_COMPUTE = Decimal(10) ** 40


def _number(text: str, what: str, most: Decimal) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise Malformed(f"{what} must be a decimal number") from error
    if not (number.is_finite() and 0 <= number <= most and number.as_tuple().exponent >= -MOST_DIGITS):  # type: ignore[operator]
        raise Malformed(f"{what} must be a number above 0, of at most {most:.0e}")
    return number


def _require_figure(text: str, what: str) -> None:
    """Raises `Malformed` for what is no number above 0: a zero would make an unknown chip look harmless."""
    if _number(text, what, MOST_FIGURE) == 0:
        raise Malformed(f"{what} must be a number above 0, of at most {MOST_FIGURE:.0e}")


@dataclass(frozen=True, slots=True)
class Tops:
    """Dense operations per second, in tera, at one bit length; `tops` is a decimal string."""

    bits: int
    tops: str

    def __post_init__(self) -> None:
        if not 1 <= self.bits <= MOST_BITS:
            raise Malformed(f"a bit length must lie between 1 and {MOST_BITS}")
        _require_figure(self.tops, "dense operations")


@dataclass(frozen=True, slots=True)
class ChipFigures:
    """The figures that ECCN 3A090 asks for. None means unknown; decimals are strings."""

    name: str
    dense_tops: tuple[Tops, ...] = ()
    die_area_mm2: str | None = None
    datacenter: bool | None = None  # designed or marketed for data centres
    dram_gbps: str | None = None
    is_informed: str = ""  # a letter of BIS to the maker that asks for a licence outside 3A090

    def __post_init__(self) -> None:
        for figure, what in ((self.die_area_mm2, "the die area"), (self.dram_gbps, "the memory bandwidth")):
            if figure is not None:
                _require_figure(figure, what)


@dataclass(frozen=True, slots=True)
class ChipRequest:
    """`count` accelerators of one catalogue entry; figures None when the catalogue does not know it."""

    slug: str
    count: int
    figures: ChipFigures | None = None


@dataclass(frozen=True, slots=True)
class GroupUse:
    """What the renter's whole group was cleared to compute in the days before the moment of the facts.

    The group is everybody under one ultimate parent or linked by more than half. `tpp_seconds` adds TPP times seconds
    over all GPUs, `operations` the dense operations at the bit length that gives the TPP; both are decimal strings.
    `tpp_at_once` adds the TPP of all GPUs of the leases that stand cleared at that moment, `gpus_at_once` counts them.
    """

    window_days: int
    parties: int
    leases: int
    controlled_gpu_seconds: int
    unknown_gpu_seconds: int  # of chips without figures: they count as controlled, and are in no sum of operations
    tpp_seconds: str
    operations: str
    tpp_at_once: str = later("")  # "" while not known; GPUs without figures are counted, and in no sum of TPP
    gpus_at_once: int = later(0)

    def __post_init__(self) -> None:
        for sum_of, what in ((self.tpp_seconds, "TPP seconds"), (self.operations, "operations")):
            _number(sum_of, what, MOST_COMPUTE)
        if self.tpp_at_once:
            _number(self.tpp_at_once, "TPP at once", MOST_COMPUTE)
        counts = (self.parties, self.leases, self.controlled_gpu_seconds, self.unknown_gpu_seconds, self.gpus_at_once)
        if min(self.window_days, *counts) < 0:
            raise Malformed("what a group used must not be negative")
