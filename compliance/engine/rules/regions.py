"""Rules about regions that country codes do not show: by code or name, by postal code and town, by the network."""

from collections.abc import Iterator
from dataclasses import dataclass

from compliance.engine.addresses import Sighting, has_postcode, seen_in
from compliance.engine.countries import Region
from compliance.engine.facts import PartyFacts
from compliance.engine.packs import RulePolicy
from compliance.engine.rules import seen
from compliance.engine.rules.base import Answer, Problem, Question, problems

_UNKNOWN = "region:unknown"


@dataclass(frozen=True, slots=True)
class Place:
    """One place of the deal: whose it is, and what is said of it."""

    what: str
    party_id: str
    country: str
    region: str = ""
    address: str = ""


def embargoed_place(question: Question, rule: RulePolicy) -> Answer:
    """No place of the deal lies in a region of the rule's group: by its region, its postal code or its town.

    A region told in other words than the table's is read as an address is. A town's name beside a postal code of
    another place is a doubt; only a rule with `doubts` makes it its problem.
    """
    group = rule.params["group"]
    found = []
    for place in places_of(question):
        region = _told_region(question, place, group)
        if region:
            found.append(_problem(question, place, region.label, place.region))
        elif sighting := _sighted(question, place, group, doubts=False):
            found.append(_problem(question, place, sighting.region.label, sighting.sign))
        elif rule.params.get("doubts") and (doubt := _sighted(question, place, "embargo", doubts=True)):
            found.append(_doubt(question, place, doubt))
    return problems(*found)


def region_told(question: Question, rule: RulePolicy) -> Answer:
    """Where a country has embargoed regions, a region or a postal code says in which one the place lies."""
    needed = question.countries.region_needed
    silent = [
        place
        for place in places_of(question, related=False)
        if place.country in needed and not _whereabouts_told(question, place)
    ]
    return problems(
        *(
            Problem(
                f"The region of {_low(place.what)} is not known.",
                (place.country,),
                place.party_id,
                _UNKNOWN,
                True,
                seen=_looked_at(question, place),
            )
            for place in silent
            if not place.what.startswith(("The address", "The last login"))
        )
    )


def provider_seen(question: Question, rule: RulePolicy) -> Answer:
    """No connection of the provider came out of a country or a region of the rule's groups, by way of a mask or not."""
    provider, signs = question.facts.provider, question.facts.provider_locations
    if provider is None:
        return Answer()
    countries, groups = question.members(*rule.params["groups"]), rule.params["region_groups"]
    found = []
    for what, country, network, text in (
        (f"The last login of {provider.name}", signs.login, signs.login_network, signs.login_region),
        (f"The last request of {provider.name}", signs.ip, signs.ip_network, signs.ip_region),
    ):
        place = Place(what, provider.id, country, text)
        region = next((each for group in groups if (each := _told_region(question, place, group))), None)
        if country in countries or region:
            where = region.label if region else question.country(country)
            looked_at = (f"what={what}", f"in={country}", f"said={seen.words(text)}", f"network={network}")
            found.append(
                Problem(f"{what} came from {where}.", (country,), provider.id, f"seen:{where}", seen=looked_at)
            )
    return problems(*found)


def places_of(question: Question, *, related: bool = True) -> Iterator[Place]:
    """Every place that the facts name: of the parties (those who stand above them too, if `related`), of the machine,
    of the end user, and of the connection."""
    facts = question.facts
    dealing = {party.id for party in question.principals}
    for party in question.principals:
        yield from _party_places(party)
    for party in facts.parties if related else ():
        if party.id not in dealing:
            yield from _party_places(party)
    node_owner = facts.provider.id if facts.provider else ""
    yield Place("The machine", node_owner, facts.node_country, facts.node_region, facts.node_city)
    renter = facts.renter.id if facts.renter else ""
    if facts.end_user:
        yield Place("The end user", renter, facts.end_user.country)
    seen = facts.locations
    yield Place("The address of the connection", renter, seen.ip, seen.ip_region)
    yield Place("The last login", renter, seen.login, seen.login_region)


def _party_places(party: PartyFacts) -> Iterator[Place]:
    yield Place(party.name, party.id, party.country, party.region, party.address)
    if party.headquarters_country and party.headquarters_country != party.country:
        yield Place(f"The headquarters of {party.name}", party.id, party.headquarters_country)


def _whereabouts_told(question: Question, place: Place) -> bool:
    """Whether the place's region, one of the embargoed ones or another, or its postal code is told."""
    countries = question.countries
    return (
        countries.subdivision_told(place.country, place.region)
        or has_postcode(place.country, place.address)
        or countries.region_named(place.region) is not None
        or any(seen_in(each, place.country, place.region) for each in countries.regions)
    )


def _told_region(question: Question, place: Place, group: str) -> Region | None:
    """The region of the group in which the place's own region lies, told in the table's words or with others beside."""
    if named := question.countries.region_named(place.region):
        return named if named.group == group else None
    return next((each.region for each in _sightings(question, place.country, place.region, group)), None)


def _sighted(question: Question, place: Place, group: str, *, doubts: bool) -> Sighting | None:
    sightings = _sightings(question, place.country, place.address, group)
    return next((each for each in sightings if each.elsewhere == doubts), None)


def _sightings(question: Question, country: str, text: str, group: str) -> Iterator[Sighting]:
    regions = (each for each in question.countries.regions if each.group == group)
    sightings = (seen_in(region, country, text) for region in regions)
    return (each for each in sightings if each)


def _looked_at(question: Question, place: Place) -> tuple[str, ...]:
    return seen.place(question, place.what, place.country, place.region, place.address)


def _problem(question: Question, place: Place, label: str, sign: str) -> Problem:
    sentence = f"{place.what} is in {label} ({sign})."
    looked_at = _looked_at(question, place)
    return Problem(sentence, (place.country, sign), place.party_id, f"region:{label}", seen=looked_at)


def _doubt(question: Question, place: Place, doubt: Sighting) -> Problem:
    label = doubt.region.label
    sentence = f"{place.what} names {doubt.sign}, which is in {label}, beside a postal code of another place."
    scope, state = f"region:{label}:doubt", (place.what, place.country, place.region, place.address)
    looked_at = _looked_at(question, place)
    return Problem(sentence, (place.country, doubt.sign), place.party_id, scope, state=state, seen=looked_at)


def _low(text: str) -> str:
    return text[:1].lower() + text[1:]
