"""Rules about where the renter is: what it declares against its document, its card and its connections."""

from collections.abc import Iterable, Mapping

from compliance.engine.facts import PartyFacts
from compliance.engine.packs import RulePolicy
from compliance.engine.rules import seen
from compliance.engine.rules.base import Answer, Problem, Question, problems
from compliance.engine.rules.places import declared_elsewhere

# What comes out of these networks tells where they stand, and not where the person is.
_MASKS = ("hosting", "vpn", "tor")


def locations_conflict(question: Question, rule: RulePolicy) -> Answer:
    """No sign points to a watched country other than the declared ones, nor is one declared that is not the renter's;
    and, for controlled chips, the document says the declared country, and the connections and the card do not all say
    another."""
    renter = question.facts.renter
    if renter is None:
        return Answer()
    declared = _declared(question, renter)
    groups = [*rule.params["groups"], *(rule.params["controlled_groups"] if question.controlled else ())]
    watched = question.members(*groups)
    # An older card tells against its holder only: a newer one of another country does not unmake it.
    older = [("An older card", code) for code in question.facts.locations.older_cards]
    found = [
        _conflict(question, renter, (what,), code)
        for what, code in (*_signs(question, masked=True).items(), *older)
        if code in watched and code not in declared
    ]
    told = question.facts.locations.declared
    if told in watched and declared_elsewhere(question.facts):
        found.insert(0, _conflict(question, renter, ("What is declared with the request",), told))
    if question.controlled:
        found += _disagreements(question, renter, declared, {problem.scope for problem in found})
    return problems(*found)


def location_known(question: Question, rule: RulePolicy) -> Answer:
    """For controlled chips, something beside the renter's word tells where it is."""
    renter = question.facts.renter
    if not question.controlled or renter is None:
        return Answer(detail="" if renter is None else "The chips are not controlled.")
    signs = {what: code for what, code in _signs(question).items() if code}
    if signs:
        told = "; ".join(f"{what[0].lower()}{what[1:]}: {question.country(code)}" for what, code in signs.items())
        return Answer(detail=f"Told by {told}.")
    sentence = f"Nothing but its own word tells where {renter.name} is."
    looked_at = _looked_at(question, renter, _signs(question, masked=True))
    return problems(Problem(sentence, (), renter.id, "location:unknown", True, seen=looked_at))


def network_masked(question: Question, rule: RulePolicy) -> Answer:
    """The connection does not hide where it comes from, by the networks that the rule names."""
    renter = question.facts.renter
    hidden = {*rule.params["networks"], *(rule.params["controlled_networks"] if question.controlled else ())}
    signs = question.facts.locations
    who = renter.id if renter else ""
    found = [
        Problem(
            f"{what} comes through {_called(network)}.",
            (network,),
            who,
            f"network:{network}",
            seen=(f"{what}: {network} {country} {seen.words(region)}",),
        )
        for what, network, country, region in (
            ("The connection", signs.ip_network, signs.ip, signs.ip_region),
            ("The last login", signs.login_network, signs.login, signs.login_region),
        )
        if network in hidden
    ]
    return problems(*found)


def _signs(question: Question, *, masked: bool = False) -> dict[str, str]:
    """What tells where the renter is, and the country that it tells; "" where nothing is known.

    With `masked` also what comes through a mask: it does not show where somebody is, yet it points somewhere.
    """
    told = question.facts.locations
    return {
        "The document": told.document,
        "The card": told.card,
        "The address of the connection": told.ip if masked or told.ip_network not in _MASKS else "",
        "The last login": told.login if masked or told.login_network not in _MASKS else "",
    }


def _declared(question: Question, renter: PartyFacts) -> set[str]:
    return {question.facts.locations.declared, renter.country, renter.headquarters_country} - {""}


def _disagreements(question: Question, renter: PartyFacts, declared: set[str], told: set[str]) -> list[Problem]:
    signs = {what: code for what, code in _signs(question).items() if code}
    document = signs.pop("The document", "")
    found = []
    if document and declared and document not in declared:
        found.append(_conflict(question, renter, ("The document",), document))
    if len(signs) > 1 and declared and not declared & set(signs.values()) and len(set(signs.values())) == 1:
        found.append(_conflict(question, renter, tuple(signs), next(iter(signs.values()))))
    return [problem for problem in found if problem.scope not in told]


def _looked_at(question: Question, renter: PartyFacts, signs: Mapping[str, str]) -> tuple[str, ...]:
    """The declared countries, and each sign: its kind, its country and the network that it came through."""
    told = question.facts.locations
    networks = {"The address of the connection": told.ip_network, "The last login": told.login_network}
    declared = (f"declared={each}" for each in sorted(_declared(question, renter)))
    return (*declared, *(f"{what}: {code} {networks.get(what, '')}" for what, code in signs.items()))


def _joined(signs: Iterable[str]) -> list[str]:
    first, *rest = signs
    return [first, *(each[0].lower() + each[1:] for each in rest)]


def _conflict(question: Question, renter: PartyFacts, signs: tuple[str, ...], code: str) -> Problem:
    declared = " and ".join(question.country(each) for each in sorted(_declared(question, renter))) or "unknown"
    sentence = f"{' and '.join(_joined(signs))} points to {question.country(code)}, the declared country is {declared}."
    looked_at = _looked_at(question, renter, dict.fromkeys(signs, code))
    return Problem(sentence, (code,), renter.id, f"location:{code}", seen=looked_at)


def _called(network: str) -> str:
    return {"tor": "Tor", "vpn": "a VPN", "hosting": "a data centre"}[network]
