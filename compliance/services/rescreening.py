"""When a list changes: whom it hits is frozen, what rests on them is asked again, and officers have a case.

Thin and sure: every party is compared with an index over what the version added or changed, so the work grows with
parties times changes and not with the whole list.
"""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.engine.outcome import ALLOW, REVIEW
from compliance.engine.screening import STRONG
from compliance.models import Case, Clearance, Decision, Match, Party, PartyWallet, WatchlistVersion
from compliance.selectors.list_changes import unscreened
from compliance.selectors.ownership import party_ids_below
from compliance.selectors.watchlists import current_versions
from compliance.services import cases, clearances, gate, gate_cases, restrictions, screening, screening_index

REASON = "SCREENING_HIT"
SMALL_CHANGE = 0.25
_State = WatchlistVersion.State


@dataclass(frozen=True, slots=True)
class Rescreened:
    """What one run did: versions worked through, parties with open matches, parties frozen."""

    versions: int
    hits: int
    frozen: int


def rescreen_after_list_changes(*, actor: Actor) -> Rescreened:
    """Every current version has been held against every party. Run again, it finds nothing left to do.

    A run that dies half-way is repeated whole by the next: each step finds what was done and does the rest.
    """
    versions = hits = frozen = 0
    for version in WatchlistVersion.objects.filter(state=_State.CURRENT, rescreened_at=None).order_by("created_at"):
        found = parties_hit_by(version)
        for party_id in found:
            open_matches, fallen = handle_party(party_id, actor=actor)
            hits += bool(open_matches)
            frozen += fallen
        with transaction.atomic():
            done = WatchlistVersion.objects.filter(pk=version.pk, rescreened_at=None).update(rescreened_at=clock.now())
            if done:
                data = {"code": version.watchlist_id, "candidates": len(found)}
                audit.record("watchlist.rescreened", actor=actor, subject=version, data=data)
        versions += 1
    return Rescreened(versions, hits, frozen)


def rescreen_all(*, actor: Actor, trigger: str = "scheduled") -> int:
    """Every party has been compared with the lists as they are; hits are dealt with. Returns the parties with hits."""
    count = 0
    for party_id in Party.objects.order_by("id").values_list("pk", flat=True).iterator(chunk_size=1000):
        count += bool(handle_party(party_id, actor=actor, trigger=trigger)[0])
    return count


def parties_hit_by(version: WatchlistVersion) -> list[UUID]:
    """The parties that what the version added or changed may mean: by name, by alias, by wallet."""
    changes = unscreened(version)
    if not changes.whole and not changes.fresh:
        return []
    # A small index over a small change; when most of the list is new, the whole index, which is wanted anyway.
    small = not changes.whole and len(changes.fresh) < version.row_count * SMALL_CHANGE
    index = (
        screening_index.build([version.pk], changes.fresh)
        if small
        else screening_index.current(tuple(current_versions()))
    )
    hit = {party.pk for party in Party.objects.iterator(chunk_size=1000) if index.candidates(party, ())}
    hit |= _parties_by_wallet(index)
    return sorted(hit, key=str)


def handle_party(party_id: UUID, *, actor: Actor, trigger: str = "list_change") -> tuple[int, int]:
    """The party is screened; open matches have a case, and a strong one freezes the party and what it brings down.

    Returns the open matches and the parties frozen. A merely possible match freezes nobody: its case is for officers,
    and every renewal asks the gate, which sends it to review (ADR 0016).
    """
    row = screening.screen_party(party_id, trigger=trigger)
    matches = list(
        Match.objects.filter(screening=row, state=Match.State.OPEN).select_related("party", "screening").order_by("id")
    )
    strong = any(match.strength == STRONG for match in matches)
    case = gate_cases.screening_case(matches, [], actor=actor) if matches else None
    frozen = 0
    if strong:
        restrictions.impose(party_id, REASON, case=case, actor=actor)
        frozen = 1
    return len(matches), frozen + _freeze_what_falls(party_id, case, strong=strong, actor=actor)


def _freeze_what_falls(party_id: UUID, case: Case | None, *, strong: bool, actor: Actor) -> int:
    """Each party below (and the party itself) is frozen whose live clearance the gate would not give again.

    After a merely possible match only a DENY counts: a listed wallet, or an owner's share that is sure.
    """
    below = party_ids_below([party_id])
    frozen: set[UUID] = set()
    for clearance in _live_clearances_behind(below):
        parties = {clearance.renter_party_id, clearance.provider_party_id} & set(below) - frozen
        if not parties:
            continue
        request = gate.request_of(clearance.decision, node_id=clearance.node_id)
        outcome = gate.preview(request).outcome
        if outcome == ALLOW or (outcome == REVIEW and not strong):
            continue
        decision = gate.evaluate(request, actor=actor)
        for affected in sorted(filter(None, parties), key=str):
            restrictions.impose(affected, REASON, case=case or _case_of(decision, affected, actor), actor=actor)
            frozen.add(affected)
    return len(frozen - {party_id}) + (party_id in frozen and not strong)


def _live_clearances_behind(party_ids: list[UUID]) -> list[Clearance]:
    """The parties' live clearances, once every answer that the gate was about to give has been given."""
    with transaction.atomic():
        list(Party.objects.select_for_update().filter(pk__in=party_ids).order_by("pk").values_list("pk"))
        return clearances.live_clearances(party_ids)


def _case_of(decision: Decision, party_id: UUID, actor: Actor) -> Case:
    return cases.open_case(
        kind=Case.Kind.SCREENING_HIT,
        priority=Case.Priority.URGENT,
        summary="A list change ended what a live clearance rested on.",
        reason_codes=[reason["code"] for reason in decision.reasons],
        party=Party.objects.get(pk=party_id),
        decision=decision,
        subject_id=decision.subject_id,
        actor=actor,
    )


def _parties_by_wallet(index: screening_index.Index) -> set[UUID]:
    """The parties that linked a wallet of the index, or hold a live clearance for one."""
    linked = PartyWallet.objects.values_list("party_id", "address").iterator(chunk_size=2000)
    hit = {party_id for party_id, address in linked if index.wallet_hits(address)}
    cleared = (
        Clearance.objects.filter(revoked_at=None, expires_at__gt=clock.now(), renter_party_id__isnull=False)
        .exclude(wallet_address="")
        .values_list("renter_party_id", "wallet_address")
    )
    return hit | {party_id for party_id, address in cleared if party_id and index.wallet_hits(address)}
