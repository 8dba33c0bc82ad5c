"""Rules about the use: for whom is computed, and what for."""

from compliance.engine.chips import plain
from compliance.engine.facts import ScreeningHit
from compliance.engine.packs import RulePolicy
from compliance.engine.rules import seen
from compliance.engine.rules.base import Answer, Problem, Question, problems
from compliance.engine.rules.compute import used_in
from compliance.engine.rules.training import tpp_at_once
from compliance.engine.systems import classify_system
from compliance.engine.written import begun_in, words_in


def end_user_disclosed(question: Question, rule: RulePolicy) -> Answer:
    """It is said for whom is computed."""
    renter, user = question.facts.renter, question.facts.end_user
    who = renter.id if renter else ""
    if user is None or user.kind not in ("self", "other", "undisclosed"):
        sentence, looked_at = "Nothing is said about the end user.", seen.request(question)
        return problems(Problem(sentence, (), who, "end_user:unknown", unknown=True, seen=looked_at))
    if user.kind == "undisclosed" or (user.kind == "other" and not (user.name.strip() and user.country)):
        told, looked_at = (f"end_user={user.kind}",), (*seen.request(question), seen.end_use(question))
        sentence = "The end user is not disclosed."
        return problems(Problem(sentence, told, who, "end_user:undisclosed", seen=looked_at))
    return Answer()


def end_user_is_renter(question: Question, rule: RulePolicy) -> Answer:
    """The renter computes for itself. An answer about another end user holds for the entries of lists that it resembled
    then, and for no others: one that is listed later is a new question."""
    renter, user = question.facts.renter, question.facts.end_user
    if user is None or user.kind != "other" or not (user.name.strip() and user.country):
        return Answer()
    sentence = f"The renter computes for another: {user.name} in {question.country(user.country)}."
    sentence += "".join(f" {_resembles(hit)}" for hit in user.hits)
    told = (user.name, user.country, *(f"{hit.list_code}:{hit.external_id}" for hit in user.hits))
    scope = f"end_user:{' '.join(user.name.casefold().split())}:{user.country}"
    listed = tuple(f"{hit.strength} {hit.list_code}:{hit.external_id}:{hit.entry_hash}" for hit in user.hits)
    looked_at = (*seen.place(question, "The end user", user.country), *listed)
    return problems(Problem(sentence, told, renter.id if renter else "", scope, seen=looked_at, state=listed))


def _resembles(hit: ScreeningHit) -> str:
    surely = "is" if hit.strong else "may be"
    return f"It {surely} {hit.listed_name} ({hit.list_code} {hit.external_id}, score {hit.score:.2f})."


def end_user_place(question: Question, rule: RulePolicy) -> Answer:
    """Controlled chips do not compute for an end user in the rule's groups."""
    user = question.facts.end_user
    if not question.controlled or user is None or user.country not in question.members(*rule.params["groups"]):
        return Answer()
    sentence = f"Controlled chips would compute for an end user in {question.country(user.country)}."
    renter = question.facts.renter
    return problems(Problem(sentence, (user.country,), renter.id if renter else "", f"end_user:{user.country}"))


def end_use_words(question: Question, rule: RulePolicy) -> Answer:
    """The end use, as told, names nothing that Part 744 asks about.

    A rule with `parts` looks through disguises and at words of other languages too; one without takes its words as they
    are written.
    """
    params = rule.params
    if "parts" in params:
        words = words_in(
            question.facts.end_use, starts=params["words"], parts=params["parts"], exact=params["abbreviations"]
        )
    else:
        words = begun_in(params["words"], question.facts.end_use.casefold())
    who = question.facts.renter.id if question.facts.renter else ""
    looked_at = (seen.end_use(question),)
    return problems(
        *(
            Problem(f"The end use speaks of '{word}'.", (word,), who, f"end_use:{word}", seen=looked_at)
            for word in words
        )
    )


def end_use_told(question: Question, rule: RulePolicy) -> Answer:
    """For controlled chips the end use is told, in as many letters as the rule says, if it does."""
    told = question.facts.end_use.strip()
    if not question.controlled or (told and sum(map(str.isalpha, told)) >= rule.params.get("letters", 0)):
        return Answer()
    who = question.facts.renter.id if question.facts.renter else ""
    looked_at = (*seen.request(question), seen.end_use(question))
    return problems(Problem("No end use is told.", (), who, "end_use:unknown", unknown=True, seen=looked_at))


def chips_classified(question: Question, rule: RulePolicy) -> Answer:
    """Says how each chip is classified, by a rule with `systems` what they are together, and by one with `window_days`
    what they are with the group's standing leases; one that cannot be classified counts as controlled and is no problem
    here."""
    lines = [f"{chip.count} x {chip.slug}: {found.eccn}. {' '.join(found.working)}" for chip, found in question.chips]
    if rule.params.get("systems") and question.chips:
        system = classify_system(question.chips)
        lines.append(f"As a machine or cluster: {system.eccn}. {'. '.join(system.working)}.")
    used = used_in(question, rule) if "window_days" in rule.params and question.chips else None
    if used and used.tpp_at_once:
        gpus = used.gpus_at_once + sum(chip.count for chip, _ in question.chips)
        total = plain(tpp_at_once(question, used))
        lines.append(f"With the standing leases of the renter's group: {gpus} GPUs, total TPP {total}.")
    return Answer(detail=" ".join(lines))
