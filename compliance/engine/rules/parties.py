"""Rules about the parties themselves: known well enough, free to deal, and two."""

from datetime import timedelta

from compliance.engine.facts import PartyFacts
from compliance.engine.packs import RulePolicy
from compliance.engine.rules.base import Answer, Problem, Question, problems

_LEVELS = ("", "individual", "business", "enhanced")


def facts_complete(question: Question, rule: RulePolicy) -> Answer:
    """The purpose's own facts are there: who deals, and about which chips."""
    facts = question.facts
    lacking = []
    if rule.params.get("renter") and facts.renter is None:
        lacking.append("the renter")
    if rule.params.get("provider") and facts.provider is None:
        lacking.append("the provider")
    if rule.params.get("chips") and not any(chip.count > 0 for chip in facts.chips):
        lacking.append("the GPUs asked for")
    return problems(*(Problem(f"The request does not name {each}.", unknown=True) for each in lacking))


def identity_level(question: Question, rule: RulePolicy) -> Answer:
    """Each dealing party is verified to the level of its kind; for controlled chips only a business will do."""
    strict = bool(question.controlled)
    found = [_level_problem(question, party, strict=strict) for party in question.principals]
    return problems(*(each for each in found if each))


def _level_problem(question: Question, party: PartyFacts, *, strict: bool) -> Problem | None:
    renter = question.facts.renter
    wanted = "business" if party.kind == "entity" or (strict and party == renter) else "individual"
    if party.kyc_level not in _LEVELS or _LEVELS.index(party.kyc_level) < _LEVELS.index(wanted):
        have = party.kyc_level or "none"
        return Problem(
            f"{party.name} is verified to the level '{have}'; this needs '{wanted}'.",
            (f"kyc_level={have}",),
            party.id,
            unknown=not party.kyc_level,
        )
    return None


def identity_current(question: Question, rule: RulePolicy) -> Answer:
    """No verification has run out; outside controlled chips there is a time of grace."""
    grace = timedelta(days=0 if question.controlled else int(rule.params.get("grace_days", 0)))
    found = []
    for party in question.principals:
        if not party.kyc_level:
            continue
        if party.kyc_expires_at is None:
            found.append(Problem(f"No expiry is known for the verification of {party.name}.", (), party.id, "", True))
        elif party.kyc_expires_at + grace <= question.now:
            day = party.kyc_expires_at.date().isoformat()
            found.append(Problem(f"The verification of {party.name} ran out on {day}.", (day,), party.id))
    return problems(*found)


def not_restricted(question: Question, rule: RulePolicy) -> Answer:
    """Nobody asked about is frozen: the dealing parties, or with `related` those who stand above them."""
    dealing = {party.id for party in question.principals}
    if rule.params.get("related"):
        asked = [party for party in question.facts.parties if party.id not in dealing]
    else:
        asked = list(question.principals)
    return problems(
        *(
            Problem(
                f"{party.name} is restricted.",
                ("restriction",),
                party.id,
                seen=tuple(f"restriction={each}" for each in party.restrictions or ("untold",)),
            )
            for party in asked
            if party.restricted
        )
    )


def two_parties(question: Question, rule: RulePolicy) -> Answer:
    """Renter and provider are not one and the same."""
    renter, provider = question.facts.renter, question.facts.provider
    if renter and provider and renter.id == provider.id:
        return problems(Problem(f"{renter.name} is both renter and provider.", (), renter.id))
    return Answer()
