"""Matches with the lists, as the engine knows them."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from compliance.engine.facts import ScreeningHit
from compliance.engine.screening import STRONG
from compliance.models import Case, Match, Party, Screening


def present_matches(parties: Mapping[UUID, Party]) -> list[Match]:
    """What the newest screening of each party's present facts found, unless settled as another's."""
    newest = (
        Screening.objects.filter(party_id__in=parties)
        .order_by("party_id", "-created_at")
        .distinct("party_id")
        .values_list("pk", "party_id", "subject_hash")
    )
    present = [pk for pk, party_id, known in newest if parties[party_id].subject_hash == known]
    rows = Match.objects.filter(screening_id__in=present).exclude(state=Match.State.FALSE_POSITIVE)
    return list(rows.select_related("listed_party").order_by("party_id", "id"))


def hits_told(facts: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Every entry of a list of which a decision's facts, opened, speak: of parties, of wallets, of the end user."""
    user = facts.get("end_user") or {}
    return [*(facts.get("hits") or ()), *(facts.get("wallet_hits") or ()), *_rows(user.get("hits"))]


def _rows(value: Any) -> Iterable[Mapping[str, Any]]:
    """Nothing where a mark stands for what was erased."""
    return value if isinstance(value, list) else ()


def confirmed_matches(case: Case) -> QuerySet[Match]:
    """What two officers confirmed of the screening that the case is about."""
    if case.screening_id is None:
        return Match.objects.none()
    return Match.objects.filter(screening_id=case.screening_id, state=Match.State.CONFIRMED)


def strength_of(match: Match) -> str:
    """Strong or weak. What two officers confirmed is sure, however alike the names were."""
    return STRONG if match.state == Match.State.CONFIRMED else match.strength


def hit_facts(match: Match) -> ScreeningHit:
    """The match as a fact."""
    listed = match.listed_party
    return ScreeningHit(
        party_id=str(match.party_id),
        list_code=match.list_code,
        authority=listed.authority,
        external_id=match.external_id,
        listed_name=match.listed_name,
        score=match.score,
        threshold=match.threshold,
        strength=strength_of(match),
        listed_as_blocked=listed.blocked,
        programmes=tuple(listed.programmes),
        features=tuple(match.features),
        entry_hash=match.entry_hash,
        cleared=match.state == Match.State.FALSE_POSITIVE,
    )
