"""An organization declares who it is and who owns it, and asks to be verified."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from compliance.base.actor import Actor
from compliance.services import identity, parties
from compliance.services.parties import OwnerInput, PartyInput
from marketplace.errors import FieldsInvalid
from marketplace.models import Organization, User
from marketplace.permissions import OWN, require_role

DEEPEST = 12


@dataclass(frozen=True, slots=True)
class OwnerDeclared:
    """A direct holder and its own holders; percent."""

    party: PartyInput
    share_min: Decimal
    share_max: Decimal
    interest: str
    owners: tuple["OwnerDeclared", ...] = ()
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Declaration:
    """What is submitted; None leaves a part as it was declared before."""

    level: str
    declaration: dict[str, Any] = field(default_factory=dict)
    party: PartyInput | None = None
    owners: tuple[OwnerDeclared, ...] | None = None
    complete: bool = True


def submit(organization: Organization, declared: Declaration, *, user: User, actor: Actor) -> None:
    """The party and its whole chain of holders stand as declared, and an officer is asked to verify them.

    All or nothing. Raises Forbidden unless an owner asks, and what compliance raises for facts that cannot be.
    """
    require_role(user, organization, *OWN)
    with transaction.atomic():
        if declared.party is not None:
            parties.update_party(organization.party_id, declared.party, actor=actor)
        if declared.owners is not None:
            _declare(organization.party_id, declared.owners, declared.complete, actor, 1)
        identity.submit_verification(organization.party_id, declared.level, declared.declaration, actor=actor)


def _declare(owned_id: UUID, owners: Sequence[OwnerDeclared], complete: bool, actor: Actor, depth: int) -> None:
    if depth > DEEPEST:
        raise FieldsInvalid({"owners": f"At most {DEEPEST} levels of holders can be declared."})
    inputs = [OwnerInput(each.party, each.share_min, each.share_max, each.interest) for each in owners]
    edges = parties.declare_ownership(owned_id, inputs, complete, actor=actor)
    by_name = {(edge.owner.name, edge.owner.country): edge.owner_id for edge in edges}
    for each in owners:
        if each.owners:
            key = (" ".join(each.party.name.split()), each.party.country.upper())
            _declare(by_name[key], each.owners, each.complete, actor, depth + 1)
