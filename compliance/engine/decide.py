"""The pure decision: facts and a pack in, an explained outcome out; no clock, no database, no network."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC

from compliance.engine.codec import digest
from compliance.engine.facts import Facts, FindingFacts, SuspensionFacts
from compliance.engine.outcome import ALLOW, REVIEW, SEVERITY, Check, Outcome, Reason
from compliance.engine.packs import Interval, PolicyPack, RulePolicy
from compliance.engine.rules import RULES
from compliance.engine.rules.base import Answer, Problem, Question

__all__ = ["decide"]

SCOPE_LENGTH = 200  # what a stored finding has room for
_DIGITS = 32


def decide(facts: Facts, pack: PolicyPack) -> Outcome:
    """The outcome that the pack gives for the facts: the strictest of its reasons, ALLOW when there is none."""
    question = Question(facts, pack.countries)
    checks: list[Check] = []
    reasons: list[Reason] = []
    for rule in pack.rules:
        if facts.purpose not in rule.purposes:
            continue
        check, found = _ask(question, rule, pack)
        checks.append(check)
        reasons.extend(found)
    reasons.sort(key=lambda reason: -SEVERITY[reason.outcome])  # stable: the pack's order within an outcome
    outcome = max((reason.outcome for reason in reasons), key=SEVERITY.__getitem__, default=ALLOW)
    return Outcome(outcome, tuple(checks), tuple(reasons), pack.label, pack.hash)


def _ask(question: Question, rule: RulePolicy, pack: PolicyPack) -> tuple[Check, list[Reason]]:
    interval = rule.interval_on(question.day)
    if interval is None:
        return Check(rule.code, rule.label, "passed", "Not in force on this day."), []
    suspended = _suspension(question, rule)
    if suspended is not None:
        told = f"Suspended by its authority until {suspended.ends_on}, as two officers recorded: {suspended.citation}."
        return Check(rule.code, rule.label, "passed", told), []
    answer = RULES[rule.function](question, rule)
    if rule.outcome == REVIEW:
        answer = replace(answer, problems=tuple(_bound(answer.problems, pack)))
    open_problems = [each for each in answer.problems if not _answered(question.facts, rule, each)]
    answered = len(answer.problems) - len(open_problems)
    check = Check(rule.code, rule.label, _state(open_problems), _detail(rule, answer, open_problems, answered))
    return check, [_reason(rule, interval, problem) for problem in open_problems]


def _bound(problems: Iterable[Problem], pack: PolicyPack) -> Iterable[Problem]:
    """The problems, their scopes narrowed to what they rest on and what was looked at, as far as the pack binds."""
    for each in problems:
        rests_on = (*(each.state if pack.binds_state else ()), *(each.seen if pack.binds_seen else ()))
        yield replace(each, scope=_narrowed(each.scope, rests_on)) if rests_on else each


def _narrowed(scope: str, state: tuple[str, ...]) -> str:
    """The scope with a digest of the state, which says all; of a longer scope only the first parts stand before it."""
    sealed = digest(sorted(set(state)))[:_DIGITS]
    parts, room = scope.split(","), SCOPE_LENGTH - _DIGITS
    while len(",".join(parts)) + 1 > room:
        parts.pop()
    return ",".join((*parts, sealed))


def _suspension(question: Question, rule: RulePolicy) -> SuspensionFacts | None:
    """What suspends the rule on the day; only a rule whose pack names its law can be suspended."""
    if not rule.suspension:
        return None
    found = (each for each in question.facts.suspensions if each.law == rule.suspension and each.covers(question.day))
    return next(found, None)


def _state(problems: list[Problem]) -> str:
    if not problems:
        return "passed"
    return "unknown" if all(problem.unknown for problem in problems) else "failed"


def _detail(rule: RulePolicy, answer: Answer, problems: list[Problem], answered: int) -> str:
    if problems:
        return " ".join(problem.sentence for problem in problems)
    if answered:
        return "Two officers answered this question; their finding is still good."
    return answer.detail or rule.passed


def _reason(rule: RulePolicy, interval: Interval, problem: Problem) -> Reason:
    return Reason(
        code=rule.code,
        kind=rule.kind,
        outcome=rule.outcome,
        sentence=problem.sentence,
        citation=rule.citation,
        source_url=rule.source_url,
        effective_from=interval.start,
        effective_to=interval.end,
        evidence=problem.evidence,
        renter_words=rule.renter_words,
        next_step=rule.next_step,
        party_id=problem.party_id,
        scope=problem.scope,
        about=rule.about,
    )


def _answered(facts: Facts, rule: RulePolicy, problem: Problem) -> bool:
    """Whether a finding of two officers answers the problem. A finding never lifts a DENY."""
    if rule.outcome != REVIEW or not problem.party_id:
        return False
    party = facts.everyone().get(problem.party_id)
    return party is not None and any(
        _fits(finding, rule.code, problem, party.subject_hash) and finding.expires_at > facts.as_of.astimezone(UTC)
        for finding in facts.findings
    )


def _fits(finding: FindingFacts, code: str, problem: Problem, subject_hash: str) -> bool:
    # An empty hash binds nothing, so it answers nothing.
    same_subject = bool(subject_hash) and finding.subject_hash == subject_hash
    return same_subject and (finding.party_id, finding.code, finding.scope) == (problem.party_id, code, problem.scope)
