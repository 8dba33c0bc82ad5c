"""Whom a list hits: the party is frozen, what rests on it is asked again, and officers have a case."""

from uuid import UUID

from django.db import transaction

from compliance.base.actor import Actor
from compliance.engine.outcome import ALLOW, REVIEW
from compliance.engine.screening import STRONG
from compliance.models import Case, Clearance, Decision, Match, Party, Screening
from compliance.selectors.hits import strength_of
from compliance.selectors.ownership import party_ids_below
from compliance.selectors.restrictions import is_restricted
from compliance.services import blocking, cases, clearances, gate, gate_cases, restrictions

REASON = blocking.HIT


def handle_screening(row: Screening, *, actor: Actor) -> tuple[int, int]:
    """Open matches have a case, and a strong one freezes the party and what it brings down.

    Returns the open matches and the parties frozen. A merely possible match freezes nobody: its case is for officers,
    and a running lease stops when the gate is next asked about it, which sends it to review (ADR 0126). A match that
    officers once confirmed counts as sure; it opens a case anew when nothing holds the party any more: the entry had
    gone, and is back.
    """
    matches = pending_matches(row)
    strong = any(strength_of(match) == STRONG for match in matches)
    case = gate_cases.screening_case(matches, [], actor=actor) if matches else None
    if strong:
        frozen = freeze(row.party_id, case, actor=actor)
    else:
        frozen = _freeze_what_falls(row.party_id, case, strong=False, actor=actor)
    return len(matches), frozen


def pending_matches(row: Screening) -> list[Match]:
    """What officers have to look at in the screening: open matches, and confirmed ones that nothing holds any more."""
    wanted = [Match.State.OPEN]
    if not is_restricted(row.party_id):
        wanted.append(Match.State.CONFIRMED)
    rows = Match.objects.filter(screening=row, state__in=wanted).select_related("party", "screening")
    return list(rows.order_by("id"))


def freeze(party_id: UUID, case: Case | None, *, actor: Actor) -> int:
    """Who is surely listed, or uses what is, is frozen, with what rests on it and what it owns to half or more, which
    may run nothing and have money here (ADR 0128). Returns how many parties are frozen over it.
    """
    restrictions.impose(party_id, REASON, case=case, actor=actor)
    fallen = _freeze_what_falls(party_id, case, strong=True, actor=actor)
    return 1 + fallen + blocking.pass_down([party_id], actor=actor)


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
