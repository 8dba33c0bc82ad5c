"""All that a decision may rest on. What is not in here, the engine does not know; what is in here is stored with it."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from compliance.engine import end_uses
from compliance.engine.codec import Malformed, canonical_bytes, digest, from_plain, later, to_plain
from compliance.engine.country_codes import require_country
from compliance.engine.figures import ChipFigures, ChipRequest, GroupUse, Tops
from compliance.engine.locations import Locations, NodePlace, RoundTrip
from compliance.engine.payment_risk import PaymentRisk

__all__ = [
    "ChipFigures",
    "ChipRequest",
    "EndUser",
    "Facts",
    "FindingFacts",
    "GroupUse",
    "ListState",
    "Locations",
    "Malformed",
    "NodePlace",
    "OwnershipEdgeFacts",
    "PartyFacts",
    "PaymentRisk",
    "RoundTrip",
    "ScreeningHit",
    "SuspensionFacts",
    "Tops",
    "WalletHit",
]

PURPOSES = ("lease", "renewal", "deposit", "payout")
STRENGTHS = ("strong", "weak")
PARTY_KINDS = ("person", "entity")
RAILS = ("balance", "card", "escrow")


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
    restrictions: tuple[str, ...] = later(())  # the ids of those that stand, its twins' too
    address: str = later("")  # only where a country has embargoed regions: elsewhere the country says enough

    def __post_init__(self) -> None:
        if not self.id.strip():
            raise Malformed("a party must have an id")
        if self.kind not in PARTY_KINDS:
            # Who is neither would be asked for no headquarters, as a person is not.
            raise Malformed("a party's kind must be person or entity")
        require_country(self.country, "a party's country")
        require_country(self.headquarters_country, "a party's headquarters_country")


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
    strength: str  # one of `STRENGTHS`
    listed_as_blocked: bool  # property is blocked (OFAC, UN), as against an export restriction (Entity List, MEU)
    programmes: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    entry_hash: str = ""
    cleared: bool = False  # two officers found it to be another party, for this subject hash and this entry hash

    def __post_init__(self) -> None:
        if self.strength not in STRENGTHS:
            raise Malformed(f"the strength of a hit must be {' or '.join(STRENGTHS)}")

    @property
    def strong(self) -> bool:
        """Whether it is taken for true: whatever is not known to be weak."""
        return self.strength != "weak"


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
class EndUser:
    """For whom is computed. `hits` are the entries of lists that its name resembles; it is no party of ours."""

    kind: str  # self | other | undisclosed
    name: str = ""
    country: str = ""
    hits: tuple[ScreeningHit, ...] = later(())


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
    rail: str = ""  # one of `RAILS`; "" is taken for the chain
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
    node_city: str = later("")
    node_place: NodePlace | None = later(None)
    group_use: tuple[GroupUse, ...] = later(())  # one for each window that the pack asks about
    wallet_proven_at: datetime | None = later(None)  # when the dealing party proved the wallet to be its own
    payment_risks: tuple[PaymentRisk, ...] = later(())  # what speaks against the renter's card payments
    node_id: str = later("")
    end_use_kind: str = later("")  # one of `end_uses.KINDS`, as the renter declares it; "" while it is not told
    provider_locations: Locations = later(Locations())  # where the provider seems to be, asked when it is paid

    def __post_init__(self) -> None:
        if self.purpose not in PURPOSES:
            raise Malformed(f"purpose must be one of {', '.join(PURPOSES)}")
        if self.as_of.tzinfo is None:
            raise Malformed("as_of must carry a time zone")
        if self.end_use_kind not in (end_uses.UNTOLD, *end_uses.KINDS):
            raise Malformed(f"end_use_kind must be one of {', '.join(end_uses.KINDS)}")
        if self.rail and self.rail not in RAILS:
            raise Malformed(f"rail must be one of {', '.join(RAILS)}")
        require_country(self.node_country, "node_country")
        self._require_unique_parties()

    def _require_unique_parties(self) -> None:
        """One id names one party, or the second would hide the first; only the dealing two may be one and the same."""
        ids = [party.id for party in self.parties]
        twice = {key for key in ids if ids.count(key) > 1} if len(set(ids)) < len(ids) else set()
        twice |= {party.id for party in (self.renter, self.provider) if party} & set(ids)
        if twice:
            raise Malformed(f"the party {min(twice)[:80]} stands twice")

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
