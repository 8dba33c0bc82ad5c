"""Which cases belong to the evidence of decisions: those that they opened or met, that answered for them, or that ended
what came of them. In a fixed number of queries, however many decisions there are."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q

from compliance.engine.decide import decide
from compliance.engine.facts import Facts
from compliance.engine.packs import NoPackInForce
from compliance.models import Case, Clearance, Decision, Finding, Match, Restriction
from compliance.selectors.policies import pack_named

Question = tuple[str, str, str]  # party, reason code, scope
# A freeze revokes in one transaction, by a clock that goes on meanwhile.
_MEANWHILE = timedelta(seconds=5)


def cases_of(rows: Sequence[Decision], freezes: Iterable[Restriction]) -> set[UUID]:
    """The ids of the cases of the decisions, which are opened, and of what froze their parties (`freezes_of`)."""
    found = set(Case.objects.filter(decision__in=rows).values_list("pk", flat=True))
    found |= {each.case_id for each in freezes if each.case_id}
    return found | _about_the_same_matches(rows) | _met(rows) | _answered(rows)


def freezes_of(rows: Sequence[Decision]) -> list[Restriction]:
    """What froze a dealing party of the decisions while their clearance was live; oldest first."""
    wanted = Q(pk__in=[])
    for each in Clearance.objects.filter(decision__in=rows):
        ended = each.revoked_at or each.expires_at
        parties = [party for party in (each.renter_party_id, each.provider_party_id) if party]
        wanted |= Q(party_id__in=parties, created_at__gte=each.issued_at, created_at__lte=ended + _MEANWHILE)
    return list(Restriction.objects.filter(wanted).order_by("created_at", "id"))


def _about_the_same_matches(rows: Sequence[Decision]) -> set[UUID]:
    """Cases of before, about a match on which a decision rests: open still, or cleared by two officers."""
    wanted = {
        (str(hit["party_id"]), hit["list_code"], hit.get("external_id"), hit.get("entry_hash"))
        for row in rows
        for hit in row.facts.get("hits") or ()
    }
    matches = Match.objects.filter(
        party_id__in={each[0] for each in wanted}, external_id__in={each[2] for each in wanted if each[2]}
    ).values_list("screening_id", "party_id", "list_code", "external_id", "entry_hash")
    screenings = {each[0] for each in matches if (str(each[1]), *each[2:]) in wanted}
    asked = Case.objects.filter(screening__in=screenings, created_at__lt=_last(rows))
    return set(asked.values_list("pk", flat=True))


def _met(rows: Sequence[Decision]) -> set[UUID]:
    """Cases that were open when a decision asked what they ask: one question has one case."""
    asked_at: dict[Question, list[datetime]] = defaultdict(list)
    for row in rows:
        for question in _questions(row.reasons):
            asked_at[question].append(row.created_at)
    people = {party for row in rows for party in (row.renter_party_id, row.provider_party_id) if party}
    people |= {UUID(question[0]) for question in asked_at}
    before = Case.objects.filter(party_id__in=people, created_at__lt=_last(rows)) if asked_at else ()
    return {
        case.pk
        for case in before
        for each in case.findings_wanted
        if any(_was_open(case, at) for at in asked_at.get((each["party_id"], each["reason_code"], each["scope"]), ()))
    }


def _was_open(case: Case, at: datetime) -> bool:
    return case.created_at < at and (case.state != Case.State.CLOSED or case.state_changed_at >= at)


def _answered(rows: Sequence[Decision]) -> set[UUID]:
    """The cases in which two officers gave an answer on which a decision rests."""
    answered_at: dict[Question, list[datetime]] = defaultdict(list)
    for row in rows:
        for question in _answered_questions(row):
            answered_at[question].append(row.created_at)
    findings = Finding.objects.filter(
        party_id__in={each[0] for each in answered_at}, reason_code__in={each[1] for each in answered_at}
    )
    return {
        each.case_id
        for each in findings
        for at in answered_at.get((str(each.party_id), each.reason_code, each.scope), ())
        if each.created_at <= at < each.expires_at
    }


def _answered_questions(row: Decision) -> set[Question]:
    """What would have been asked without the answers; all that was answered where it cannot be decided again."""
    told = {(str(each["party_id"]), each["code"], each.get("scope", "")) for each in row.facts.get("findings") or ()}
    if not told or row.erased:
        return told
    try:
        alone = decide(replace(Facts.from_json(row.facts), findings=()), pack_named(row.pack))
    except NoPackInForce:
        return told
    return told & set(_questions(alone.to_json()["reasons"]))


def _questions(reasons: Iterable[Mapping[str, Any]]) -> Iterable[Question]:
    return ((each["party_id"], each["code"], each.get("scope", "")) for each in reasons if each.get("party_id"))


def _last(rows: Sequence[Decision]) -> datetime:
    return max(row.created_at for row in rows)
