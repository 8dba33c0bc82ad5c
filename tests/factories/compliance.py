"""Parties for tests, made through the services that people use."""

import itertools
from decimal import Decimal
from uuid import UUID, uuid4

from compliance.base.actor import Actor, Role, system
from compliance.models import Party
from compliance.selectors.watchlists import current_versions
from compliance.services import parties, place_signs, watchlists
from compliance.services.gate import GateRequest
from compliance.services.parties import OwnerInput, PartyInput
from compliance.sources.catalogue import KNOWN_LISTS
from tests.factories import places, proofs

RENTER_OWNER = Actor("user", "renter-owner", "An owner")
OFFICER = Actor("user", "officer-1", "Olga", frozenset({Role.OFFICER}))
SECOND_OFFICER = Actor("user", "officer-2", "Otto", frozenset({Role.OFFICER}))
OPERATOR = Actor("user", "operator-1", "Oscar", frozenset({Role.OPERATOR}))
_numbers = itertools.count(1)


def load_sample_lists() -> None:
    """The repository's hand-written lists are current."""
    present = {version.watchlist_id for version in current_versions()}
    for known in KNOWN_LISTS:
        if known.code not in present:
            watchlists.load_watchlist(known.code, str(known.sample), actor=system("tests"))


def owner(party: PartyInput | UUID, percent: float | str, interest: str = "shareholding") -> OwnerInput:
    """A holder of exactly that share."""
    return OwnerInput(party, Decimal(str(percent)), Decimal(str(percent)), interest)


def person(name: str, country: str = "SG", **more: object) -> PartyInput:
    """A natural person as declared."""
    return PartyInput("person", name, country, **more)  # type: ignore[arg-type]


def company(name: str, country: str, headquarters_country: str = "", **more: object) -> PartyInput:
    """A legal entity as declared, headquartered at home unless told."""
    return PartyInput("entity", name, country, headquarters_country=headquarters_country or country, **more)  # type: ignore[arg-type]


def verified_company(
    name: str,
    country: str,
    owners: tuple[OwnerInput, ...] | None = None,
    *,
    headquarters_country: str = "",
    actor: Actor = RENTER_OWNER,
    **more: object,
) -> Party:
    """A company with declared owners (one person of its country, unless told), verified as a business; lists loaded.

    `owners` are `owner(...)`s: an owner may be a PartyInput or the id of a party that exists.
    """
    load_sample_lists()
    more = {"address": "1 Sample Road", "registration_number": f"{country}-{next(_numbers)}", **more}
    row = parties.register_party(company(name, country, headquarters_country, **more), actor=actor)
    if owners is None:
        owners = (owner(person(f"Founder of {name}", country, birth_date="1980-01-01"), 100),)
    parties.declare_ownership(row.pk, owners, True, actor=actor)
    return verified(row, "business", actor=actor)


def verified_person(name: str, country: str = "SG", *, actor: Actor = RENTER_OWNER, **more: object) -> Party:
    """A person, verified as an individual; lists loaded."""
    load_sample_lists()
    more = {"address": "1 Sample Road", "birth_date": "1980-01-01", **more}
    row = parties.register_party(person(name, country, **more), actor=actor)
    return verified(row, "individual", actor=actor)


def verified(party: Party, level: str, *, actor: Actor = RENTER_OWNER) -> Party:
    """The party, verified to the level as it is now."""
    proofs.verified(party.pk, level, by=OFFICER, actor=actor)
    place_signs.see_country(party.pk, party.country, "card")
    party.refresh_from_db()
    return party


def lease_request(renter: Party, provider: Party, gpu_slug: str = "h100-sxm", **more: object) -> GateRequest:
    """A lease of two GPUs in Brisbane by an honest renter, unless told. A wallet that pays is proven.

    The machine was measured where it is declared to be, except with `measured=False`.
    """
    measured = more.pop("measured", True)
    if more.get("rail") == "escrow" and more.get("wallet"):
        proofs.wallet(renter.pk, str(more["wallet"]))
    values: dict[str, object] = {
        "purpose": "lease",
        "subject_id": uuid4(),
        "renter_party_id": renter.pk,
        "provider_party_id": provider.pk,
        "gpu_slug": gpu_slug,
        "gpu_count": 2,
        "node_id": uuid4(),
        "node_country": "AU",
        "node_region": "AU-QLD",
        "rail": "card",
        "amount_minor": 5_000,
        "currency": "USD",
        "end_use": "Training a model that reads X-ray images",
        "end_user": {"kind": "self"},
        "seconds": 3600,
    }
    request = GateRequest(**(values | more))  # type: ignore[arg-type]
    if measured and request.node_id:
        places.stand_there(request.node_id, request.node_country, request.node_region, request.node_city)
    return request
