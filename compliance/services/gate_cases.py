"""What a refusal leaves behind for officers: the cases that can answer it."""

from uuid import UUID

from compliance.base.actor import Actor
from compliance.engine.outcome import REVIEW, Outcome, Reason
from compliance.models import Case, Decision, Match
from compliance.services import cases
from compliance.services.findings import Question
from compliance.services.gate_facts import Gathered


def open_for(decision: Decision, outcome: Outcome, gathered: Gathered, *, actor: Actor) -> UUID | None:
    """Every question of the refusal that an officer can answer has an open case; returns the one to name.

    Possible matches have a case per matched party, also when the answer is DENY: a mistaken match must find its way
    to an officer. What else stands in review has one case together.
    """
    questions = [
        (reason, Question(UUID(reason.party_id), reason.code, reason.scope, _hash(gathered, reason.party_id)))
        for reason in outcome.reasons
        if reason.outcome == REVIEW and reason.party_id
    ]
    hit_cases = _screening_cases(decision, gathered, questions, actor)
    if gathered.facts.purpose == "renewal":
        # A lease stops over this match, be it of a namesake: somebody waits for the answer.
        for case in hit_cases:
            cases.make_urgent(case, actor=actor)
    about_hits = {question for found in hit_cases.values() for question in found}
    rest = [question for _, question in questions if question not in about_hits]
    if outcome.outcome != REVIEW:
        return next((case.pk for case in hit_cases), None)
    if not rest and hit_cases:
        return next(iter(hit_cases)).pk
    return _review_case(decision, outcome, rest, actor).pk


def _screening_cases(
    decision: Decision, gathered: Gathered, questions: list[tuple[Reason, Question]], actor: Actor
) -> dict[Case, list[Question]]:
    opened: dict[Case, list[Question]] = {}
    by_party: dict[UUID, list[Match]] = {}
    for match in gathered.matches:
        if match.state == Match.State.OPEN:
            by_party.setdefault(match.party_id, []).append(match)
    for party_id, matches in by_party.items():
        mine = [question for _, question in questions if _is_about(question, party_id, matches)]
        opened[screening_case(matches, mine, actor=actor, decision=decision)] = mine
    return opened


def screening_case(
    matches: list[Match], questions: list[Question], *, actor: Actor, decision: Decision | None = None
) -> Case:
    """An open case asks whether the party of the matches is the listed one. The matches are of one screening."""
    strong = any(match.strength == "strong" for match in matches)
    first = matches[0]
    return cases.open_case(
        kind=Case.Kind.SCREENING_HIT,
        priority=Case.Priority.URGENT if strong else Case.Priority.HIGH,
        summary=f"{'Strong' if strong else 'Possible'} match with a watchlist ({len(matches)} in all).",
        reason_codes=["SCREENING_HIT"],
        party=first.party,
        decision=decision,
        screening=first.screening,
        scope=matches_scope(matches),
        questions=questions,
        actor=actor,
    )


def matches_scope(matches: list[Match]) -> str:
    """The scope of the one case about these matches."""
    return ",".join(sorted(match.scope for match in matches))


def _review_case(decision: Decision, outcome: Outcome, questions: list[Question], actor: Actor) -> Case:
    party = decision.renter_party or decision.provider_party
    codes = [reason.code for reason in outcome.reasons if reason.outcome == REVIEW]
    return cases.open_case(
        kind=Case.Kind.GATE_REVIEW,
        # The rules' names alone: sentences name people, and are sealed with the decision.
        summary=f"Not passed: {'; '.join(check.label for check in outcome.checks if check.code in codes)}.",
        reason_codes=codes,
        party=party,
        decision=decision,
        subject_id=decision.subject_id,
        scope=",".join(sorted(f"{each.party_id}/{each.reason_code}/{each.scope}" for each in questions)),
        questions=questions,
        actor=actor,
    )


def _is_about(question: Question, party_id: UUID, matches: list[Match]) -> bool:
    """Whether the reason rests on these matches: on the party's own, or on what the matched party owns."""
    own = question.party_id == party_id and question.scope in {match.scope for match in matches}
    return own or str(party_id) in question.scope.split(",")


def _hash(gathered: Gathered, party_id: str) -> str:
    party = gathered.facts.everyone().get(party_id)
    return party.subject_hash if party else ""
