"""When two officers confirm that a party is a listed one: it is frozen, and blocked where OFAC blocks its property."""

from uuid import UUID

from django.db.models import QuerySet

from compliance.base.actor import Actor
from compliance.engine.ownership import YES, owned_by
from compliance.models import Case, Match, Restriction
from compliance.selectors.hits import confirmed_matches
from compliance.selectors.ownership import graph_facts, party_ids_below, upstream
from compliance.services import report_drafts, restrictions

OFAC = "OFAC"
HIT = "SCREENING_HIT"
REASON = "BLOCKED_PROPERTY"


def after_confirmation(case: Case, *, actor: Actor) -> None:
    """What a confirmed case demands stands: who is listed is frozen, also where the match had been merely possible and
    had frozen nobody; property is blocked where it must be, and the reports are drafted.
    """
    if case.party_id is not None and _confirmed(case).exists():
        restrictions.impose(case.party_id, HIT, case=case, actor=actor)
    if case.party_id is not None and _names_blocked_person(case):
        for party_id in [case.party_id, *_owned_by_half(case.party_id, case)]:
            restrictions.impose(party_id, REASON, case=case, kind=Restriction.Kind.BLOCKED, actor=actor)
    report_drafts.after_confirmation(case, actor=actor)


def _names_blocked_person(case: Case) -> bool:
    return _confirmed(case).filter(listed_party__blocked=True, listed_party__authority=OFAC).exists()


def _confirmed(case: Case) -> QuerySet[Match]:
    """The matches that two officers confirmed in the case about them."""
    found = confirmed_matches(case)
    return found if case.kind == Case.Kind.SCREENING_HIT else found.none()


def _owned_by_half(party_id: UUID, case: Case) -> list[UUID]:
    """Of the parties that the case froze, those that the party owns to half or more (OFAC FAQ 398 to 402)."""
    frozen = Restriction.objects.filter(case=case, lifted_at=None).exclude(party_id=party_id)
    ids = set(frozen.values_list("party_id", flat=True)) & set(party_ids_below([party_id]))
    if not ids:
        return []
    _, edges = graph_facts(upstream(ids))
    return sorted((each for each in ids if owned_by(edges, {str(party_id)}, str(each)).answer == YES), key=str)
