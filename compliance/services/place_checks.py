"""Places looked at again, between one question to the gate and the next: location drift of parties and machines.

The gate asks about places with each lease, deposit and renewal. These functions are for sweeps that should not wait so
long: each opens a case where a sign speaks against what is declared, once for one finding, and says what it found.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID, uuid4

from compliance.base import clock
from compliance.base.actor import Actor
from compliance.base.errors import NotFound
from compliance.engine.outcome import Reason
from compliance.engine.place_check import held_against
from compliance.models import Case, Party
from compliance.selectors.policies import pack_for
from compliance.selectors.vantages import node_place
from compliance.services import cases, clearances, gate
from compliance.services.findings import Question
from compliance.services.gate_facts import GateRequest

WITHIN = timedelta(hours=72)
# The rules that ask where somebody or something is, by the functions that packs call.
FUNCTIONS = frozenset(
    {"embargoed_country", "embargoed_place", "locations_conflict", "network_masked", "node_place_possible"}
)


@dataclass(frozen=True, slots=True)
class Drift:
    """What speaks against the declared places, and the case that asks about it; None when nothing does."""

    sentences: tuple[str, ...]
    case_id: UUID | None


def recheck_party(party_id: UUID, *, actor: Actor) -> Drift:
    """The party's signs of place have been held against what it declares, for each lease that runs on a clearance.

    A party without one is asked about as for a deposit. Raises NotFound.
    """
    party = Party.objects.filter(pk=party_id).first()
    if party is None:
        raise NotFound
    found: dict[tuple[str, str], Reason] = {}
    for request in _requests(party_id):
        found |= {(each.code, each.scope): each for each in _place_reasons(request) if each.party_id == str(party_id)}
    if not found:
        return Drift((), None)
    case = cases.open_case(
        kind=Case.Kind.GATE_REVIEW,
        summary=" ".join(reason.sentence for reason in found.values()),
        reason_codes=[reason.code for reason in found.values()],
        party=party,
        scope=",".join(sorted(f"{party_id}/{code}/{scope}" for code, scope in found)),
        questions=[Question(party_id, code, scope, party.subject_hash) for code, scope in sorted(found)],
        actor=actor,
    )
    return Drift(tuple(reason.sentence for reason in found.values()), case.pk)


def recheck_node(
    node_id: UUID, country: str, region: str, city: str, *, provider_party_id: UUID, actor: Actor
) -> Drift:
    """The node's declared place has been held against every measurement of the last three days. Raises NotFound."""
    provider = Party.objects.filter(pk=provider_party_id).first()
    if provider is None:
        raise NotFound
    place = node_place(node_id, country, region, city, clock.now(), WITHIN)
    against = [each for each in held_against(place, place.round_trips) if not each.possible]
    if not against:
        return Drift((), None)
    sentences = tuple(
        f"A machine in {place.label} cannot answer {each.trip.vantage} within {each.trip.microseconds / 1000:.1f} ms."
        for each in against
    )
    case = cases.open_case(
        kind=Case.Kind.GATE_REVIEW,
        summary=" ".join(sentences),
        reason_codes=["node_place_impossible"],
        party=provider,
        subject_id=node_id,
        scope=f"{node_id}:{','.join(sorted(each.trip.vantage for each in against))}",
        actor=actor,
    )
    return Drift(sentences, case.pk)


def _requests(party_id: UUID) -> list[GateRequest]:
    live = [row for row in clearances.live_clearances([party_id]) if row.renter_party_id == party_id]
    asked = [
        replace(gate.request_of(row.decision, node_id=row.node_id), purpose="renewal")
        for row in live
        if row.purpose == "lease"
    ]
    return asked or [GateRequest("deposit", uuid4(), party_id, None, rail="card")]


def _place_reasons(request: GateRequest) -> list[Reason]:
    codes = {rule.code for rule in pack_for(clock.now()).rules if rule.function in FUNCTIONS}
    return [reason for reason in gate.preview(request).reasons if reason.code in codes]
