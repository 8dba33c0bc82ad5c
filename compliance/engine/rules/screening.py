"""Rules about the lists: current, everybody compared, and what was found."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from compliance.engine.facts import Facts, ScreeningHit
from compliance.engine.ownership import (
    NO,
    TESTS,
    UNRESOLVED,
    YES,
    Graph,
    OwnershipAnswer,
    describe,
    owned_by,
    percent,
)
from compliance.engine.packs import RulePolicy
from compliance.engine.rules import states
from compliance.engine.rules.base import Answer, Problem, Question, problems


def lists_loaded(question: Question, rule: RulePolicy) -> Answer:
    """Every list that the pack requires has a version."""
    loaded = {state.code for state in question.facts.lists if state.version}
    missing = [code for code in rule.params["required"] if code not in loaded]
    return problems(*(Problem(f"The list {code} is not loaded.", (code,), unknown=True) for code in missing))


def lists_fresh(question: Question, rule: RulePolicy) -> Answer:
    """No list is older than it may be: of those that the rule requires or, with `in_use`, of all that are loaded."""
    params = rule.params
    required, left_out = set(params.get("required", ())), set(params.get("except", ()))
    stale = [
        state
        for state in question.facts.lists
        if state.version and state.stale and (state.code in required or params.get("in_use"))
    ]
    return problems(
        *(
            Problem(f"The list {each.code} is out of date.", (each.code, each.version), unknown=True)
            for each in stale
            if each.code not in left_out
        )
    )


def sources_answer(question: Question, rule: RulePolicy) -> Answer:
    """Every source that was asked for this decision answered; one that is not configured was not asked."""
    silent = [state for state in question.facts.lists if state.code in rule.params["sources"] and state.stale]
    return problems(
        *(Problem(f"The source {each.code} did not answer.", (each.code,), unknown=True) for each in silent)
    )


def everybody_screened(question: Question, rule: RulePolicy) -> Answer:
    """Every party among the facts was compared with the lists, and so was every owner whom a holding names."""
    screened = set(question.facts.screened)
    left_out = [party for key, party in sorted(question.people.items()) if key not in screened]
    owners = {edge.owner_id for edge in question.facts.edges}
    return problems(
        *(Problem(f"{party.name} was not screened.", (), party.id, unknown=True) for party in left_out),
        *(
            Problem(f"{key} holds something, and nothing is known of it.", (key,), unknown=True)
            for key in sorted(owners - set(question.people))
        ),
    )


def listed_party(question: Question, rule: RulePolicy) -> Answer:
    """No uncleared hit of the strength and the authorities of the rule, on those whom the rule is about."""
    dealing = {party.id for party in question.principals}
    related = bool(rule.params.get("related"))
    found = [hit for hit in _hits(question.facts.hits, rule) if (hit.party_id not in dealing) == related]
    if not found:
        cleared = sum(hit.cleared for hit in question.facts.hits)
        told = f"{rule.passed} {cleared} earlier match(es) were found to be other parties."
        return Answer(detail=told if cleared else "")
    return problems(*(_hit_problem(question, hit) for hit in found))


def owned_by_listed(question: Question, rule: RulePolicy) -> Answer:
    """The dealing parties are not owned, or by some tests controlled, by listed parties (see `ownership.owned_by`).

    `test` names whose test is asked, OFAC's unless told. `answer` says which answer of the fixpoint is this rule's
    problem: YES, or UNRESOLVED (which takes possible matches among the owners for true), or MINORITY (a listed owner
    below the threshold).
    """
    asked = ListedOwners(question.graph, question.facts.hits, rule)
    found = []
    for party in question.principals:
        if party.kind != "entity":
            continue
        first, second = asked.surely(party.id), asked.possibly(party.id)
        wanted = rule.params["answer"]
        if wanted == YES and first.answer == YES:
            found.append(_owned_problem(question, party.id, first, asked))
        elif wanted == UNRESOLVED and first.answer != YES and second.answer != NO:
            found.append(_owned_problem(question, party.id, second, asked, unknown=True))
        elif wanted == "MINORITY" and first.answer == NO == second.answer and first.low > 0:
            found.append(_owned_problem(question, party.id, first, asked))
    return problems(*found)


class ListedOwners:
    """A rule's test of ownership: of strong matches, which are taken for true, and of all that are open."""

    def __init__(self, graph: Graph, hits: Iterable[ScreeningHit], rule: RulePolicy) -> None:
        of_rule = list(_hits(hits, rule))
        self.graph, self.test = graph, TESTS[rule.params.get("test", "ofac")]
        self.hits = tuple(of_rule)
        self.sure = {hit.party_id for hit in of_rule if hit.strong}
        self.possible = {hit.party_id for hit in of_rule}

    def surely(self, party_id: str) -> OwnershipAnswer:
        """Whether strong matches stand behind the party; its own matches do not count."""
        return owned_by(self.graph, self.sure - {party_id}, party_id, self.test)

    def possibly(self, party_id: str) -> OwnershipAnswer:
        """As `surely`, were every match that is open a true one."""
        return owned_by(self.graph, self.possible - {party_id}, party_id, self.test)

    def answer(self, party_id: str) -> OwnershipAnswer:
        """YES for strong matches alone; a possible one leaves it open."""
        first, second = self.surely(party_id), self.possibly(party_id)
        if first.answer == YES or second.answer == NO:
            return first
        return OwnershipAnswer(UNRESOLVED, first.low, second.high, second.path)


def screened_against_these(question: Question, rule: RulePolicy) -> Answer:
    """As `everybody_screened`; an answer holds for the lists in the versions that were there, and for no later ones.

    With `screen_instead` no finding answers it: there is nothing to find out about somebody whom nobody screened.
    """
    versions = ("lists", *(f"{each.code}:{each.version}" for each in question.facts.lists))
    found = everybody_screened(question, rule).problems
    if rule.params.get("screen_instead"):
        return problems(*(replace(each, party_id="", evidence=each.evidence or (each.party_id,)) for each in found))
    return problems(*(replace(each, seen=versions) for each in found))


def wallet_listed(question: Question, rule: RulePolicy) -> Answer:
    """No source that the rule is about lists one of the wallets."""
    return problems(
        *(
            Problem(
                f"{hit.authority} lists the wallet {hit.address} as one of {hit.listed_name} ({hit.external_id}).",
                (hit.list_code, hit.external_id, hit.address),
            )
            for hit in question.facts.wallet_hits
            if _speaks_of(hit.authority, rule.params)
        )
    )


def wallet_known(question: Question, rule: RulePolicy) -> Answer:
    """Where money moves on chain, there is a wallet and it was compared with the lists."""
    facts = question.facts
    if not _on_chain(facts) and not facts.wallet:
        return Answer(detail="No wallet takes part.")
    if not facts.wallet:
        return problems(Problem("No wallet is given, and escrow needs one.", unknown=True))
    if not facts.wallet_screened:
        return problems(Problem("The wallet was not screened.", (facts.wallet,), unknown=True))
    return Answer()


def wallet_proven(question: Question, rule: RulePolicy) -> Answer:
    """Where money moves on chain, the wallet was proven to be the dealing party's own."""
    facts = question.facts
    if not _on_chain(facts) or not facts.wallet:
        return Answer(detail="No wallet takes part.")
    if facts.wallet_proven_at is None or facts.wallet_proven_at > question.now:
        return problems(Problem("The wallet was not proven to be the party's own.", (facts.wallet,), unknown=True))
    return Answer()


def _on_chain(facts: Facts) -> bool:
    """Money moves on chain unless the facts say that it does not."""
    return facts.rail not in ("card", "balance")


def _hits(hits: Iterable[ScreeningHit], rule: RulePolicy) -> Iterable[ScreeningHit]:
    """The uncleared hits of which the rule speaks; `any_of` holds several kinds of which one is enough."""
    kinds = rule.params.get("any_of", [rule.params])
    for hit in hits:
        if not hit.cleared and any(_is_of(hit, kind) for kind in kinds):
            yield hit


def _is_of(hit: ScreeningHit, kind: Mapping[str, Any]) -> bool:
    programmes = set(hit.programmes)
    return (
        hit.listed_as_blocked == kind["blocked"]
        and _speaks_of(hit.authority, kind)
        and not programmes & set(kind.get("not_programmes", ()))
        and not (programmes and programmes <= set(kind.get("not_only", ())))
        and ("programmes" not in kind or bool(programmes & set(kind["programmes"])))
        and ("strength" not in kind or hit.strong == (kind["strength"] == "strong"))
    )


def _speaks_of(authority: str, kind: Mapping[str, Any]) -> bool:
    """Whether what the authority lists is meant."""
    return authority in kind.get("authorities", (authority,)) and authority not in kind.get("not_authorities", ())


def _hit_problem(question: Question, hit: ScreeningHit) -> Problem:
    surely = "is" if hit.strong else "may be"
    return Problem(
        f"{question.name(hit.party_id)} {surely} {hit.listed_name} ({hit.list_code} {hit.external_id}, "
        f"score {hit.score:.2f}, threshold {hit.threshold:.2f}).",
        (f"{hit.list_code}:{hit.external_id}", *hit.features),
        hit.party_id,
        f"{hit.list_code}:{hit.external_id}:{hit.entry_hash}",
        unknown=not hit.strong,
    )


def _owned_problem(
    question: Question,
    party_id: str,
    answer: OwnershipAnswer,
    asked: ListedOwners,
    *,
    unknown: bool = False,
) -> Problem:
    """`unknown`: what is possible counts for true."""
    listed = asked.possible if unknown else asked.sure
    names = {key: party.name for key, party in question.people.items()}
    path = describe(answer.path, names, dict.fromkeys(sorted(listed), "listed"))
    share = percent(answer.low, answer.high)
    held = f"Listed parties, with what they own, hold {share} of"
    if asked.test.control:
        held = f"Listed parties, with what they own or control, {'may ' if unknown else ''}own or control"
    return Problem(
        f"{held} {question.name(party_id)}: {'; '.join(path)}.",
        tuple(path),
        party_id,
        ",".join(sorted(listed)),
        unknown,
        (*states.answered(answer), *states.entries(asked.hits, answer)),
    )
