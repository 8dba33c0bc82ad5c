"""All that a decision may rest on. What is not in here, the engine does not know; what is in here is stored with it."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from compliance.engine.codec import Malformed, canonical_bytes, digest, from_plain, later, to_plain

__all__ = [
    "ChipFigures",
    "ChipRequest",
    "EndUser",
    "Facts",
    "FindingFacts",
    "ListState",
    "Locations",
    "Malformed",
    "OwnershipEdgeFacts",
    "PartyFacts",
    "ScreeningHit",
    "SuspensionFacts",
    "Tops",
    "WalletHit",
]

PURPOSES = ("lease", "renewal", "deposit", "payout")
MOST_BITS = 1024
MOST_DIGITS = 30  # after the point
MOST_FIGURE = Decimal(10) ** 12  # far beyond any chip; keeps a written exponent from filling the memory


def _require_figure(text: str, what: str) -> None:
    """Raises `Malformed` for what is no number above 0: a zero would make an unknown chip look harmless."""
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise Malformed(f"{what} must be a decimal number") from error
    if not (number.is_finite() and 0 < number <= MOST_FIGURE and number.as_tuple().exponent >= -MOST_DIGITS):  # type: ignore[operator]
        raise Malformed(f"{what} must be a number above 0, of at most {MOST_FIGURE:.0e}")


@dataclass(frozen=True, slots=True)
class PartyFacts:
    """A party as declared and verified. Countries are ISO 3166-1 alpha-2; "" means unknown."""

    id: str
    kind: str  # person | entity
    name: str
    country: str = ""  # incorporation or residence, never nationality
    region: str = ""  # ISO 3166-2 code or name
    headquarters_country: str = ""
    kyc_level: str = ""  # "" | individual | business | enhanced
    kyc_expires_at: datetime | None = None
    restricted: bool = False
    subject_hash: str = ""
    birth_date: str = ""
    ownership_complete: bool = False  # the owners given are all there are
    aliases: tuple[str, ...] = ()
    undisclosed: str = later("")  # why nobody says who this is


@dataclass(frozen=True, slots=True)
class OwnershipEdgeFacts:
    """A directly held interest; shares are decimal strings in percent, an interval when not known exactly."""

    owner_id: str
    owned_id: str
    share_min: str = "0"
    share_max: str = "100"
    interest: str = "shareholding"  # see `ownership.interests`
    direct: bool = later(True)  # held without anybody between; an indirect share is a sum over chains

    def __post_init__(self) -> None:
        try:
            low, high = Decimal(self.share_min), Decimal(self.share_max)
        except InvalidOperation as error:
            raise Malformed("a share must be a decimal number in percent") from error
        if not (low.is_finite() and high.is_finite() and 0 <= low <= high <= 100):
            raise Malformed("a share must be an interval between 0 and 100 percent")


@dataclass(frozen=True, slots=True)
class ScreeningHit:
    """A listed party that may be the screened one, with the reasons why it may."""

    party_id: str
    list_code: str
    authority: str  # OFAC | UN | BIS | STATE ...
    external_id: str
    listed_name: str
    score: float
    threshold: float
    strength: str  # strong | weak
    listed_as_blocked: bool  # property is blocked (OFAC, UN), as against an export restriction (Entity List, MEU)
    programmes: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    entry_hash: str = ""
    cleared: bool = False  # two officers found it to be another party, for this subject hash and this entry hash


@dataclass(frozen=True, slots=True)
class WalletHit:
    """A listed party's own wallet address, equal to the one presented."""

    address: str
    list_code: str
    authority: str
    external_id: str
    listed_name: str
    currency: str = ""


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
class EndUser:
    """For whom is computed."""

    kind: str  # self | other | undisclosed
    name: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class Locations:
    """Where the renter says it is and where it seems to be; "" means unknown."""

    declared: str = ""
    ip: str = ""
    card: str = ""


@dataclass(frozen=True, slots=True)
class ListState:
    """One list the parties were screened against, in the version that was current."""

    code: str
    version: str  # SHA-256 of the content; "" when never loaded
    fetched_at: datetime | None = None
    stale: bool = False


@dataclass(frozen=True, slots=True)
class FindingFacts:
    """Two officers answered one REVIEW reason about one party, for its facts as they stood."""

    party_id: str
    code: str
    scope: str
    subject_hash: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SuspensionFacts:
    """An authority suspended a law that a rule rests on: from a day, until another (exclusive), YYYY-MM-DD.

    Recorded by two officers; a pack says which of its rules a suspension can reach.
    """

    law: str
    starts_on: str
    ends_on: str
    citation: str

    def __post_init__(self) -> None:
        try:
            starts, ends = date.fromisoformat(self.starts_on), date.fromisoformat(self.ends_on)
        except ValueError as error:
            raise Malformed("a suspension must have days, YYYY-MM-DD") from error
        if not starts < ends:
            raise Malformed("a suspension must end after it starts")

    def covers(self, day: date) -> bool:
        """Whether the day lies inside."""
        return date.fromisoformat(self.starts_on) <= day < date.fromisoformat(self.ends_on)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is asked and all that is known. `parties` holds the related ones: owners, signatories, holding companies.

    `screened` names every party that was screened against `lists`; a party outside it counts as unknown.
    """

    purpose: str
    as_of: datetime
    renter: PartyFacts | None = None
    provider: PartyFacts | None = None
    parties: tuple[PartyFacts, ...] = ()
    edges: tuple[OwnershipEdgeFacts, ...] = ()
    screened: tuple[str, ...] = ()
    hits: tuple[ScreeningHit, ...] = ()
    lists: tuple[ListState, ...] = ()
    chips: tuple[ChipRequest, ...] = ()
    node_country: str = ""
    node_region: str = ""
    rail: str = ""  # balance | card | escrow
    wallet: str = ""
    wallet_screened: bool = False
    wallet_hits: tuple[WalletHit, ...] = ()
    amount_minor: int | None = None
    currency: str = ""
    seconds: int = 0
    end_use: str = ""
    end_user: EndUser | None = None
    training: bool | None = None
    locations: Locations = Locations()
    findings: tuple[FindingFacts, ...] = ()
    suspensions: tuple[SuspensionFacts, ...] = later(())

    def __post_init__(self) -> None:
        if self.purpose not in PURPOSES:
            raise Malformed(f"purpose must be one of {', '.join(PURPOSES)}")
        if self.as_of.tzinfo is None:
            raise Malformed("as_of must carry a time zone")

    def to_json(self) -> dict[str, Any]:
        """The facts as plain JSON values, ready to be stored."""
        plain: dict[str, Any] = to_plain(self)
        return plain

    @classmethod
    def from_json(cls, value: Any) -> "Facts":
        """The facts that `to_json` gave. Raises `Malformed`."""
        return from_plain(cls, value)

    def canonical(self) -> bytes:
        """One byte string for these facts."""
        return canonical_bytes(self)

    def digest(self) -> str:
        """SHA-256 of the canonical bytes, in hex."""
        return digest(self)

    def everyone(self) -> dict[str, PartyFacts]:
        """Every party by id: the renter, the provider and the related ones."""
        known = [*self.parties, *(party for party in (self.provider, self.renter) if party)]
        return {party.id: party for party in known}
