"""The headquarters test of 15 CFR 742.6(a)(6)(iii), which no list and no percentage answers.

It asks where an entity, or its ultimate parent, has its headquarters. It is about entities, never about a person's
nationality, and about controlled chips only.
"""

from decimal import Decimal

from compliance.engine.chips import Classification, case_by_case, licence_exceptions
from compliance.engine.facts import ChipRequest, PartyFacts
from compliance.engine.ownership import NO, Parents, describe, owned_by, percent, ultimate_parents
from compliance.engine.packs import RulePolicy
from compliance.engine.rules import states
from compliance.engine.rules.base import Answer, Problem, Question, problems

_NOT_CONTROLLED = "The chips asked for are not controlled, so nobody's headquarters matter."


def headquarters(question: Question, rule: RulePolicy) -> Answer:
    """Neither the renter's headquarters nor those of its ultimate parents lie in the rule's groups.

    With `circle`, companies at the top that own each other, with nobody above, each count as a parent.
    """
    renter = question.facts.renter
    if not question.controlled:
        return Answer(detail=_NOT_CONTROLLED)
    if renter is None or renter.kind != "entity":
        return Answer(detail="The renter is a person; persons have no headquarters.")
    watched = question.members(*rule.params["groups"])
    parents = _parents(question, renter)
    circle = parents.circle if rule.params.get("circle") else ()
    found = [
        _headquarters_problem(question, renter, parents, party_id, tell_item=bool(rule.params.get("tell_item")))
        for party_id in dict.fromkeys((renter.id, *parents.ultimate, *circle))
        if _seats(question.people.get(party_id)) & watched
    ]
    return problems(*found)


def parent_known(question: Question, rule: RulePolicy) -> Answer:
    """It is known where the renter and its ultimate parents have their headquarters."""
    renter = question.facts.renter
    if not question.controlled:
        return Answer(detail=_NOT_CONTROLLED)
    if renter is None or renter.kind != "entity":
        return Answer(detail="The renter is a person; persons have no headquarters.")
    parents = _parents(question, renter)
    watched = question.members(*rule.params["groups"])
    found = [
        Problem(
            f"Who stands above {question.name(party_id)} is not known, so neither is the ultimate parent.",
            (),
            renter.id,
            f"owners:{party_id}",
            True,
            states.open_owners(question, parents, party_id),
        )
        for party_id in parents.open_at
    ]
    for party_id in dict.fromkeys((renter.id, *parents.ultimate)):
        party = question.people.get(party_id)
        state = (*states.as_known(party), *states.held(parents.chain))
        if party is None or not party.headquarters_country:
            sentence = f"Where {question.name(party_id)} has its headquarters is not known."
            found.append(Problem(sentence, (), renter.id, f"headquarters:{party_id}", True, state))
        elif party.country in watched and party.headquarters_country not in watched:
            sentence = f"{party.name} is a company of {question.country(party.country)} with headquarters elsewhere."
            found.append(
                Problem(sentence, (party.country,), renter.id, f"headquarters:{party_id}", state=state),
            )
    return problems(*found)


def joint_headquarters(question: Question, rule: RulePolicy) -> Answer:
    """Entities headquartered in the rule's groups, none of them the parent, do not hold half of the renter together."""
    renter = question.facts.renter
    if not question.controlled or renter is None or renter.kind != "entity":
        return Answer(detail=_NOT_CONTROLLED if not question.controlled else "")
    watched = question.members(*rule.params["groups"])
    parents = _parents(question, renter)
    tops = (renter.id, *parents.ultimate, *(parents.circle if rule.params.get("circle") else ()))
    if any(_seats(question.people.get(each)) & watched for each in tops):
        return Answer(detail="The headquarters test itself answers this.")
    seats = {key for key, party in question.people.items() if party.kind == "entity" and _seats(party) & watched}
    held = owned_by(question.graph, seats - {renter.id}, renter.id)
    if held.answer == NO:
        return Answer()
    path = describe(held.path, {key: party.name for key, party in question.people.items()})
    share = percent(held.low, held.high)
    sentence = f"Entities with headquarters in Country Group D:5 or Macau hold {share} of {renter.name} together."
    owners = {each.owner_id for each in held.path}
    state = (*states.answered(held), *(f"{key} {_seats(question.people[key])}" for key in owners & seats))
    return problems(Problem(sentence, tuple(path), renter.id, ",".join(sorted(seats)), held.answer != "YES", state))


def training_at_scale(question: Question, rule: RulePolicy) -> Answer:
    """No training at scale for an entity headquartered in the rule's groups, even on chips outside 3A090."""
    renter = question.facts.renter
    if renter is None or renter.kind != "entity" or question.facts.training is not True:
        return Answer()
    total = sum((working.tpp or Decimal(0)) * chip.count for chip, working in question.chips)
    watched = question.members(*rule.params["groups"])
    ids = (renter.id, *_parents(question, renter).ultimate)
    if total < rule.params["total_tpp"] or not any(_seats(question.people.get(each)) & watched for each in ids):
        return Answer()
    sentence = f"{renter.name} wants to train models on a total TPP of {total:f}, with headquarters in a D:5 country."
    return problems(Problem(sentence, (f"total_tpp={total:f}",), renter.id, "training"))


def _parents(question: Question, renter: PartyFacts) -> Parents:
    return ultimate_parents(question.graph, question.people, renter.id)


def _seats(party: PartyFacts | None) -> set[str]:
    """The countries that count as headquarters: the declared ones, and that of incorporation while none is."""
    if party is None or party.kind != "entity":
        return set()
    return {party.headquarters_country or party.country} - {""}


def _headquarters_problem(
    question: Question, renter: PartyFacts, parents: Parents, party_id: str, *, tell_item: bool
) -> Problem:
    (country,) = _seats(question.people[party_id])
    chips = [f"{chip.count} x {_chip_name(chip)}: {c.eccn}" for chip, c in question.controlled]
    names = {key: party.name for key, party in question.people.items()}
    path = describe(reversed(parents.chain), names) if party_id != renter.id else []
    top = "in the circle of companies above" if party_id in parents.circle else "the ultimate parent of"
    who = renter.name if party_id == renter.id else f"{question.name(party_id)}, {top} {renter.name},"
    evidence = [*chips, *(line for _, c in question.controlled for line in c.working), *path]
    eligible = [chip.slug for chip, c in question.controlled if _case_by_case(chip, c)]
    if eligible and country in ("CN", "MO"):
        evidence.append(f"A licence to export {', '.join(eligible)} would be reviewed case by case (91 FR 1684).")
    if tell_item:
        evidence += _about_the_item(question)
    return Problem(
        f"{who} has its headquarters in {question.country(country)}; the chips are controlled ({'; '.join(chips)}).",
        tuple(evidence),
        renter.id,
        f"headquarters:{party_id}",
    )


def _about_the_item(question: Question) -> list[str]:
    """What the law says of the chip itself, kept apart from the rental that is asked for."""
    item = "To export the chip itself to such a party would need a licence; to rent out its use is no export."
    exceptions = [
        licence_exceptions(found, datacenter=chip.figures.datacenter)
        for chip, found in question.controlled
        if chip.figures
    ]
    return [item, *dict.fromkeys(each for each in exceptions if each)]


def _case_by_case(chip: ChipRequest, found: Classification) -> bool:
    return chip.figures is not None and case_by_case(found.tpp, chip.figures.dram_gbps)


def _chip_name(chip: ChipRequest) -> str:
    return chip.figures.name if chip.figures else chip.slug
