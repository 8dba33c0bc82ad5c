"""When two officers confirm that a party is a listed one: it is frozen, and blocked where OFAC blocks its property.

What holds a listed party over its entry holds whatever it owns to half or more, alone or with others who are held.
"""

from collections.abc import Collection
from uuid import UUID

from django.db.models import QuerySet

from compliance.base.actor import Actor
from compliance.engine.ownership import Fixpoint, Graph
from compliance.models import Case, Match, Restriction
from compliance.selectors.hits import confirmed_matches
from compliance.selectors.ownership import Upstream, graph_facts, party_ids_above, party_ids_below, upstream
from compliance.services import report_drafts, restrictions

OFAC = "OFAC"
HIT = "SCREENING_HIT"
REASON = "BLOCKED_PROPERTY"
# What holds a party that is on a list; each is passed down as it is.
HELD_OVER_ENTRY = ((HIT, Restriction.Kind.FREEZE), (REASON, Restriction.Kind.BLOCKED))


def after_confirmation(case: Case, *, actor: Actor) -> None:
    """What a confirmed case demands stands: who is listed is frozen, also where the match had been merely possible and
    had frozen nobody; property is blocked where it must be, with whatever is owned to half; the reports are drafted.
    """
    if case.party_id is not None and _confirmed(case).exists():
        restrictions.impose(case.party_id, HIT, case=case, actor=actor)
        if _names_blocked_person(case):
            restrictions.impose(case.party_id, REASON, case=case, kind=Restriction.Kind.BLOCKED, actor=actor)
        pass_down([case.party_id], actor=actor)
    report_drafts.after_confirmation(case, actor=actor)


def after_release(case: Case, *, proposed_by: str, actor: Actor) -> None:
    """What the case held is held no more, unless others who are held own it too."""
    party_ids = set(Restriction.objects.filter(case=case, lifted_at=None).values_list("party_id", flat=True))
    restrictions.lift_of_case(case, proposed_by=proposed_by, actor=actor)
    pass_down(party_ids, actor=actor)


def pass_down(party_ids: Collection[UUID], *, actor: Actor) -> int:
    """Of the parties and those below them, each that held parties surely own to half or more is held like its owners,
    in their case (OFAC FAQ 398 to 402). Who is held stays so when the owners change, until the case is released.
    Returns how many were not held before for a reason that their owners had.
    """
    below = party_ids_below(party_ids)
    held = Restriction.objects.filter(party_id__in=party_ids_above(below), lifted_at=None).exclude(case=None)
    rows = list(held.filter(reason_code__in=dict(HELD_OVER_ENTRY)).select_related("case").order_by("created_at", "id"))
    if not rows:
        return 0
    whole = upstream(below)
    graph = Graph(graph_facts(whole)[1])
    alike = ([row for row in rows if (row.reason_code, row.kind) == reason] for reason in HELD_OVER_ENTRY)
    return sum(_pass_down(whole, graph, each, actor) for each in alike)


def _pass_down(whole: Upstream, graph: Graph, held: list[Restriction], actor: Actor) -> int:
    """Whoever the held parties own is held for the same reason; the restrictions given are of one, the oldest first."""
    parties = {str(row.party_id) for row in held}
    owned = sorted(UUID(each) for each in Fixpoint(graph, parties).yes - parties)
    for party_id in owned:
        above = whole.above(party_id)
        cause = next(row for row in held if row.party_id in above)
        restrictions.impose(party_id, cause.reason_code, case=cause.case, kind=cause.kind, actor=actor)
    return len(owned)


def _names_blocked_person(case: Case) -> bool:
    return _confirmed(case).filter(listed_party__blocked=True, listed_party__authority=OFAC).exists()


def _confirmed(case: Case) -> QuerySet[Match]:
    """The matches that two officers confirmed in the case about them."""
    found = confirmed_matches(case)
    return found if case.kind == Case.Kind.SCREENING_HIT else found.none()
