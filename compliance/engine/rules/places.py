"""Rules about places: embargoes, destinations, and what the locations say."""

from collections.abc import Iterator

from compliance.engine.facts import Facts, PartyFacts
from compliance.engine.packs import RulePolicy
from compliance.engine.rules import seen
from compliance.engine.rules.base import Answer, Problem, Question, problems


def embargoed_country(question: Question, rule: RulePolicy) -> Answer:
    """No place of the deal lies in a country of the rule's group."""
    group = question.members(rule.params["group"])
    return problems(
        *(
            Problem(
                f"{what} is in {question.country(code)}.",
                (code,),
                party_id,
                f"country:{code}",
                seen=seen.place(question, what, code, region, _address(question, party_id, code)),
            )
            for what, code, region, party_id in _places(question, related=bool(rule.params.get("related")))
            if code in group
        )
    )


def embargoed_region(question: Question, rule: RulePolicy) -> Answer:
    """No place of the deal lies in a region of the rule's group, which country codes do not show."""
    found = []
    for what, _, region, party_id in _places(question, related=True):
        match = question.countries.region(rule.params["group"], region)
        if match:
            found.append(Problem(f"{what} is in {match.label}.", (region,), party_id, f"region:{match.label}"))
    return problems(*found)


def region_known(question: Question, rule: RulePolicy) -> Answer:
    """Where a country has embargoed regions, the region is known."""
    found = [
        Problem(f"The region of {what[:1].lower() + what[1:]} is not known.", (code,), party_id, "region:unknown", True)
        for what, code, region, party_id in _places(question, related=False)
        if code in question.countries.region_needed and not region.strip() and not what.startswith("The address")
    ]
    return problems(*found)


def node_country_told(question: Question, rule: RulePolicy) -> Answer:
    """The machine's country is known, whatever its chips are: embargoes ask about every place of the deal."""
    if question.facts.node_country.strip():
        return Answer()
    party_id = question.facts.provider.id if question.facts.provider else ""
    sentence = "The country of the machine is not known, so no embargo can be ruled out."
    return problems(Problem(sentence, (), party_id, "node:unknown", unknown=True, seen=seen.machine(question)))


def node_destination(question: Question, rule: RulePolicy) -> Answer:
    """A controlled chip does not stand where it could hardly have come without a licence."""
    if not question.controlled:
        return Answer(detail="The chips are not controlled.")
    code = question.facts.node_country
    party_id = question.facts.provider.id if question.facts.provider else ""
    if not code:
        if rule.params.get("unknown"):
            sentence, looked_at = "The country of the machine is not known.", seen.machine(question)
            return problems(Problem(sentence, (), party_id, "node:unknown", True, seen=looked_at))
        return Answer()
    allowed = question.members(*rule.params.get("except_groups", ()))
    if code in question.members(*rule.params["groups"]) - allowed:
        sentence = f"The machine with controlled chips is in {question.country(code)}."
        return problems(Problem(sentence, (code,), party_id, f"node:{code}", seen=seen.machine(question)))
    return Answer()


def location_conflict(question: Question, rule: RulePolicy) -> Answer:
    """No sign points to an embargoed or D:5 country while the declared one is elsewhere."""
    facts = question.facts
    renter = facts.renter
    if renter is None:
        return Answer()
    declared = {facts.locations.declared, renter.country, renter.headquarters_country} - {""}
    groups = [*rule.params["groups"], *(rule.params["controlled_groups"] if question.controlled else ())]
    watched = question.members(*groups)
    signs = [("The address of the connection", facts.locations.ip), ("The card", facts.locations.card)]
    signs += [("An older card", code) for code in facts.locations.older_cards]
    found = [
        Problem(
            f"{what} points to {question.country(code)}, the declared country is "
            f"{' and '.join(question.country(each) for each in sorted(declared)) or 'unknown'}.",
            (code,),
            renter.id,
            f"location:{code}",
        )
        for what, code in signs
        if code in watched and code not in declared
    ]
    return problems(*found)


def _address(question: Question, party_id: str, country: str) -> str:
    """The party's address, where it is one of the country."""
    party = question.people.get(party_id)
    return party.address if party and party.country == country else ""


def _places(question: Question, *, related: bool) -> Iterator[tuple[str, str, str, str]]:
    """What, its country, its region and the party it belongs to."""
    facts = question.facts
    dealing = question.principals
    for party in dealing:
        yield from _party_places(party)
    if related:
        ids = {party.id for party in dealing}
        for party in facts.parties:
            if party.id not in ids:
                yield from _party_places(party)
    node_owner = facts.provider.id if facts.provider else ""
    yield "The machine", facts.node_country, facts.node_region, node_owner
    renter_id = facts.renter.id if facts.renter else ""
    if facts.end_user:
        yield "The end user", facts.end_user.country, "", renter_id
    yield "The address of the connection", facts.locations.ip, "", renter_id
    if declared_elsewhere(facts):
        yield "The place that the renter declares", facts.locations.declared, "", renter_id


def declared_elsewhere(facts: Facts) -> bool:
    """Whether the place that is declared with the request is another than those that the renter itself has."""
    told = facts.locations.declared
    renter = facts.renter
    return bool(told) and (renter is None or told not in (renter.country, renter.headquarters_country))


def _party_places(party: PartyFacts) -> Iterator[tuple[str, str, str, str]]:
    yield party.name, party.country, party.region, party.id
    if party.headquarters_country and party.headquarters_country != party.country:
        yield f"The headquarters of {party.name}", party.headquarters_country, "", party.id
