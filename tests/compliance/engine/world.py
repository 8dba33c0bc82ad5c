"""Builders of facts: an honest lease, and what tests change in it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from compliance.engine.facts import (
    ChipFigures,
    ChipRequest,
    EndUser,
    Facts,
    FindingFacts,
    GroupUse,
    ListState,
    Locations,
    NodePlace,
    OwnershipEdgeFacts,
    PartyFacts,
    RoundTrip,
    ScreeningHit,
    Tops,
    WalletHit,
)
from compliance.engine.outcome import Outcome
from compliance.engine.packs import load_packs, pack_in_force

NOW = datetime(2026, 11, 27, tzinfo=UTC)
LATER = NOW + timedelta(days=200)
PACKS = load_packs()
PACK = pack_in_force(NOW, PACKS)
H100 = ChipFigures("NVIDIA H100 SXM", (Tops(8, "1979"), Tops(16, "989.5")), "814", True, "3350")
RTX_3090 = ChipFigures("NVIDIA RTX 3090", (Tops(8, "284"), Tops(16, "142")), "628.4", False, "936")
IDLE = GroupUse(90, 1, 0, 0, 0, "0", "0", "0")
LISTS = tuple(ListState(code, "a" * 64, NOW - timedelta(days=2)) for code in ("ofac_sdn", "un_sc", "us_csl"))

BRISBANE = NodePlace("Brisbane", -27.47, 153.03, 50, 2, (RoundTrip("Sydney", -33.87, 151.21, 14_000, 12, NOW),))


def entity(key: str, country: str = "SG", **more: object) -> PartyFacts:
    known = {
        "headquarters_country": country,
        "kyc_level": "business",
        "kyc_expires_at": LATER,
        "subject_hash": f"hash-{key}",
        "ownership_complete": True,
    }
    return PartyFacts(key, "entity", f"{key.title()} Ltd", country, **{**known, **more})


def person(key: str, country: str = "SG", **more: object) -> PartyFacts:
    known = {"kyc_level": "individual", "kyc_expires_at": LATER, "subject_hash": f"hash-{key}"}
    return PartyFacts(key, "person", key.title(), country, **{**known, **more})


def edge(
    owner: str, owned: str, low: object, high: object = None, interest: str = "shareholding", *, direct: bool = True
) -> OwnershipEdgeFacts:
    return OwnershipEdgeFacts(owner, owned, str(low), str(low if high is None else high), interest, direct)


def hit(party: str, *, strength: str = "strong", blocked: bool = True, authority: str = "OFAC", **more: object):
    score = 1.0 if strength == "strong" else 0.85
    return ScreeningHit(
        party, "ofac_sdn", authority, f"x-{party}", party.title(), score, 0.8, strength, blocked, **more
    )


def wallet_hit(address: str = "0xf146cEcE05e6695b7E55ab9A2B93DaAae5ddadF9") -> WalletHit:
    return WalletHit(address, "ofac_sdn", "OFAC", "w1", "Nightjar", "ETH")


def finding(party: str, code: str, scope: str, **more: object) -> FindingFacts:
    known = {"subject_hash": f"hash-{party}", "expires_at": LATER}
    return FindingFacts(party, code, scope, **{**known, **more})


def lease(figures: ChipFigures | None = H100, **changes: object) -> Facts:
    """An honest lease of two GPUs in Brisbane; everybody among the parties is screened unless told.

    The machine was measured at the moment of the question.
    """
    facts = Facts(
        purpose="lease",
        as_of=NOW,
        renter=entity("renter"),
        provider=entity("provider", "AU"),
        lists=LISTS,
        chips=(ChipRequest("chip", 2, figures),),
        node_country="AU",
        rail="card",
        end_use="protein folding",
        end_user=EndUser("self"),
        locations=Locations("SG", ip="SG"),
        group_use=(IDLE,),
        node_place=measured_at(changes.get("as_of", NOW)),
    )
    facts = replace(facts, **changes)
    return facts if "screened" in changes else replace(facts, screened=tuple(sorted(facts.everyone())))


def codes(outcome: Outcome) -> set[str]:
    return {reason.code for reason in outcome.reasons}


def measured_at(moment: object) -> NodePlace:
    """Brisbane, as Sydney measured it at that moment."""
    return replace(BRISBANE, round_trips=tuple(replace(each, measured_at=moment) for each in BRISBANE.round_trips))
