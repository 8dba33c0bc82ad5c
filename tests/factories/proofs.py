"""Whatever a level of verification asks for, brought by the services that people use."""

import itertools
from uuid import UUID

from compliance.base import clock
from compliance.base.actor import Actor
from compliance.models import IdentityVerification, Party, PartyWallet
from compliance.selectors.identity_needs import level_of, need_states, open_needs
from compliance.services import documents, identity, parties
from compliance.services.parties import PartyInput
from tests.factories import files

_numbers = itertools.count(1)
FIELDS = (
    "kind",
    "name",
    "country",
    "region",
    "headquarters_country",
    "address",
    "registration_number",
    "birth_date",
)


def bring(party_id: UUID, level: str, *, actor: Actor) -> None:
    """The party has everything that the level asks for; what it has already stays as it is."""
    party = Party.objects.get(pk=party_id)
    wanted = level_of(party, level)
    assert wanted is not None, f"{level} is no level for a {party.kind}"
    ways = [state.need.by[-1] for state in open_needs(need_states(party, wanted, clock.now()))]
    facts = {way.name for way in ways if way.kind == "fact"}
    if facts:
        fill_in(party, facts, actor=actor)
    for way in ways:
        if way.kind == "document":
            hand_in(party_id, way.name, actor=actor)
        elif way.kind == "owners":
            parties.declare_ownership(party_id, [], True, actor=actor)


def fill_in(party: Party, facts: set[str], *, actor: Actor) -> None:
    """The named facts of the party stand, invented."""
    invented = {
        "birth_date": "1980-01-01",
        "address": "1 Sample Road",
        "headquarters_country": party.country,
        "registration_number": f"SAMPLE-{next(_numbers)}",
    }
    known = {name: getattr(party, name) for name in FIELDS}
    told = known | {name: invented[name] for name in facts}
    parties.update_party(party.pk, PartyInput(**told, aliases=tuple(party.aliases)), actor=actor)


def hand_in(party_id: UUID, kind: str, *, actor: Actor):
    """The party's document of that kind; for a photo, with the code of the day."""
    if kind == "liveness":
        documents.open_code(party_id)
    return documents.keep_for_party(party_id, kind, *files.clean_document(), actor=actor)


def wallet(party_id: UUID, address: str) -> str:
    """The address is the party's by proof, whoever holds its key; returns it. Tests of the proof itself sign."""
    PartyWallet.objects.update_or_create(address=address, defaults={"party_id": party_id, "verified_at": clock.now()})
    return address


def submitted(party_id: UUID, level: str, *, actor: Actor, **declaration: str) -> IdentityVerification:
    """The party brought everything and submitted it."""
    bring(party_id, level, actor=actor)
    return identity.submit_verification(party_id, level, declaration, actor=actor)


def verified(party_id: UUID, level: str, *, by: Actor, actor: Actor) -> IdentityVerification:
    """The party is verified by the officer."""
    return identity.approve_verification(submitted(party_id, level, actor=actor).pk, actor=by)
