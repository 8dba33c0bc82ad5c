"""Officers, the operator and the providers, verified as any organization is."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from compliance.base.actor import Actor, Role, system
from compliance.services import identity, parties
from compliance.services.parties import OwnerInput, PartyInput
from marketplace.development.papers import hand_in_papers
from marketplace.development.world import OFFICERS, OPERATOR, PASSWORD, PROVIDERS, RENTERS, Company, Owner
from marketplace.models import Organization, User
from marketplace.services import accounts, staff

SEED = system("seed")


def seed_people() -> None:
    """The platform's own people, the verified providers and their earlier renters exist."""
    for email, name in OFFICERS:
        ensure_staff(email, name, Role.OFFICER)
    ensure_staff(*OPERATOR, Role.OPERATOR)
    for company in (*PROVIDERS, *RENTERS):
        ensure_company(company)


def ensure_staff(email: str, name: str, role: Role) -> User:
    """The person has a login and the platform role."""
    found = User.objects.filter(email=email).first()
    if found is not None:
        return found
    User.objects.create_user(email, PASSWORD, name=name)
    return staff.appoint(email, role.value, actor=SEED)


def officer_actor(index: int = 0) -> Actor:
    """One of the two officers as audit events name them."""
    return User.objects.get(email=OFFICERS[index][0]).as_actor()


def ensure_company(company: Company) -> Organization:
    """The organization has signed up, declared its owners and been verified by an officer."""
    user = User.objects.filter(email=company.email).first()
    if user is not None:
        return organization_of(user)
    user = accounts.sign_up(
        company.email, PASSWORD, company.name, company.country, not company.provider, company.provider
    )
    organization = organization_of(user)
    declare(organization.party_id, company, actor=user.as_actor())
    hand_in_papers(organization, actor=user.as_actor())
    submitted = identity.submit_verification(
        organization.party_id, "business", {"purpose": "GPU compute"}, actor=user.as_actor()
    )
    identity.approve_verification(submitted.pk, actor=officer_actor())
    return organization


def organization_of(user: User) -> Organization:
    """The organization that the person owns."""
    return user.memberships.select_related("organization").get().organization


def declare(party_id: UUID, company: Company, *, actor: Actor) -> None:
    """The party's facts and its whole chain of owners stand as the company declares them."""
    details = PartyInput(
        kind="entity",
        name=company.name,
        country=company.country,
        region=company.region,
        headquarters_country=company.headquarters or company.country,
        address=company.city,
        registration_number=company.registration_number,
    )
    parties.update_party(party_id, details, actor=actor)
    _declare_owners(party_id, company.owners, actor)


def _declare_owners(owned_id: UUID, owners: Sequence[Owner], actor: Actor) -> None:
    if not owners:
        return
    edges = parties.declare_ownership(owned_id, [_owner_input(owner) for owner in owners], True, actor=actor)
    by_name = {edge.owner.name: edge.owner_id for edge in edges}
    for owner in owners:
        _declare_owners(by_name[owner.name], owner.owners, actor)


def _owner_input(owner: Owner) -> OwnerInput:
    party = PartyInput(
        kind=owner.kind,
        name=owner.name,
        country=owner.country,
        headquarters_country=owner.headquarters,
        birth_date=owner.birth_date,
    )
    return OwnerInput(party=party, share_min=Decimal(owner.percent), share_max=Decimal(owner.percent))
