"""Past answers of officers as they stand today: one to a question that the gate would put otherwise now has ended."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from uuid import UUID

from compliance.base import clock
from compliance.engine.decide import decide
from compliance.models import Decision, Finding
from compliance.selectors.answers import STATE_CHANGED, PastAnswer
from compliance.selectors.policies import pack_for
from compliance.services import gate
from compliance.services.gate_facts import gather

MOST_ASKED = 10  # decisions; a party has been asked about in few


def as_of_now(answers: Sequence[PastAnswer]) -> tuple[PastAnswer, ...]:
    """The answers; those to questions that rest on another state now (holdings, owners, an entry's words) have ended.

    Each question is put again as the gate would put it, without its being answered, and nothing is stored. A question
    that does not arise any more leaves its answer as it is.
    """
    held = {each.finding_id for each in answers if each.finding_id and not each.ended_by}
    findings = Finding.objects.filter(pk__in=held).exclude(scope="").select_related("case__decision")
    ended = _asked_otherwise(findings.order_by("-created_at"))
    return tuple(replace(each, ended_by=STATE_CHANGED) if each.finding_id in ended else each for each in answers)


def _asked_otherwise(findings: Iterable[Finding]) -> set[UUID]:
    asked: dict[UUID, set[tuple[str, str, str]]] = {}
    ended = set()
    for each in findings:
        decision = each.case.decision
        if decision is None or (decision.pk not in asked and len(asked) >= MOST_ASKED):
            continue
        if decision.pk not in asked:
            asked[decision.pk] = _questions_now(decision)
        scopes = {scope for party, code, scope in asked[decision.pk] if (party, code) == _about(each)}
        if scopes and each.scope not in scopes:
            ended.add(each.pk)
    return ended


def _about(finding: Finding) -> tuple[str, str]:
    return str(finding.party_id), finding.reason_code


def _questions_now(decision: Decision) -> set[tuple[str, str, str]]:
    """Party, code and scope of all that the gate would ask today about what the decision was about."""
    try:
        request = gate.request_of(decision)
    except gate.DecisionErased:
        return set()
    now = clock.now()
    facts = gather(request, as_of=now, store=False).facts
    outcome = decide(replace(facts, findings=()), pack_for(now))
    return {(reason.party_id, reason.code, reason.scope) for reason in outcome.reasons}
