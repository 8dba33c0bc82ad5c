"""Organizations, their people and roles."""

from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.errors import Conflict, InvalidInput, NotFound
from compliance.services import parties
from marketplace.models import ApiKey, Membership, Organization, User
from marketplace.permissions import ANY, OWN, require_role


class LastOwner(Conflict):
    """The organization would be left without an owner."""

    code = "last_owner"
    default_message = (
        "An organization keeps at least one owner. Nothing was changed; make somebody else an owner first."
    )


class StaffStayOut(Conflict):
    """Who judges or runs the platform has no side in it."""

    code = "staff_stay_out"
    default_message = (
        "The platform's own people belong to no organization: nobody judges their own case. Nothing was changed."
    )


class AlreadyMember(Conflict):
    """The person belongs to the organization already."""

    code = "already_member"
    default_message = "This person is a member already. Nothing was changed."


def create_organization(
    user: User, name: str, country: str, *, is_renter: bool = True, is_provider: bool = False, actor: Actor
) -> Organization:
    """The organization stands, with a party of its own in compliance's books and the user as its owner.

    Raises InvalidInput for a missing name or an unknown country, StaffStayOut.
    """
    if user.is_platform_staff:
        raise StaffStayOut
    if not (is_renter or is_provider):
        raise InvalidInput("An organization rents, provides, or both. Nothing was changed.")
    name = " ".join(name.split())
    with transaction.atomic():
        party = parties.register_party(parties.PartyInput(kind="entity", name=name, country=country), actor=actor)
        organization = Organization.objects.create(
            name=name[:200],
            slug=_free_slug(name, party.pk),
            party_id=party.pk,
            is_renter=is_renter,
            is_provider=is_provider,
        )
        Membership.objects.create(user=user, organization=organization, role=Membership.Role.OWNER)
        audit.record(
            "organization.created",
            actor=actor,
            subject=organization,
            data={"party": str(party.pk), "renter": is_renter, "provider": is_provider},
        )
    return organization


def change_sides(
    organization: Organization, *, is_renter: bool, is_provider: bool, user: User, actor: Actor
) -> Organization:
    """The organization rents, provides or both, as given. Raises Forbidden unless an owner asks."""
    require_role(user, organization, *OWN)
    if not (is_renter or is_provider):
        raise InvalidInput("An organization rents, provides, or both. Nothing was changed.")
    with transaction.atomic():
        organization.is_renter, organization.is_provider = is_renter, is_provider
        organization.save(update_fields=["is_renter", "is_provider"])
        audit.record(
            "organization.changed",
            actor=actor,
            subject=organization,
            data={"renter": is_renter, "provider": is_provider},
        )
    return organization


def add_member(organization: Organization, email: str, role: str, *, user: User, actor: Actor) -> Membership:
    """The person with that login is a member with the role.

    Raises Forbidden unless an owner asks, NotFound when nobody has that login, AlreadyMember, StaffStayOut,
    InvalidInput.
    """
    require_role(user, organization, *OWN)
    _require_known(role)
    invited = User.objects.filter(email=email.strip().lower(), is_active=True).first()
    if invited is None:
        raise NotFound("Nobody here uses this e-mail address. Nothing was changed; ask the person to sign up first.")
    if invited.is_platform_staff:
        raise StaffStayOut
    try:
        with transaction.atomic():
            membership = Membership.objects.create(user=invited, organization=organization, role=role)
            _record("member_added", membership, actor)
    except IntegrityError as error:
        raise AlreadyMember from error
    return membership


def change_role(membership_id: UUID, role: str, *, user: User, actor: Actor) -> Membership:
    """The member has the role. Raises LastOwner, Forbidden, NotFound."""
    _require_known(role)
    with transaction.atomic():
        membership = _locked(membership_id, user)
        if membership.role == Membership.Role.OWNER and role != Membership.Role.OWNER:
            _require_another_owner(membership)
        membership.role = role
        membership.save(update_fields=["role"])
        _record("role_changed", membership, actor)
    return membership


def remove_member(membership_id: UUID, *, user: User, actor: Actor) -> None:
    """The person is no member, and the keys that they made are revoked. Who leaves does so in any role.

    Raises LastOwner, Forbidden, NotFound.
    """
    with transaction.atomic():
        membership = _locked(membership_id, user, or_oneself=True)
        if membership.role == Membership.Role.OWNER:
            _require_another_owner(membership)
        ApiKey.objects.filter(organization=membership.organization, created_by=membership.user, revoked_at=None).update(
            revoked_at=clock.now()
        )
        _record("member_removed", membership, actor)
        membership.delete()


def _locked(membership_id: UUID, user: User, *, or_oneself: bool = False) -> Membership:
    """The membership, with its organization locked: two owners cannot remove each other at the same time."""
    found = Membership.objects.filter(pk=membership_id, organization_id__in=user.organization_ids()).first()
    if found is None:
        raise NotFound
    organization = Organization.objects.select_for_update().get(pk=found.organization_id)
    require_role(user, organization, *(ANY if or_oneself and found.user_id == user.pk else OWN))
    membership = Membership.objects.select_related("organization", "user").filter(pk=membership_id).first()
    if membership is None:
        raise NotFound
    return membership


def _require_another_owner(membership: Membership) -> None:
    others = Membership.objects.filter(organization=membership.organization, role=Membership.Role.OWNER)
    if not others.exclude(pk=membership.pk).exists():
        raise LastOwner


def _require_known(role: str) -> None:
    if role not in Membership.Role.values:
        raise InvalidInput(f"A role is one of {', '.join(Membership.Role.values)}. Nothing was changed.")


def _record(event: str, membership: Membership, actor: Actor) -> None:
    audit.record(
        f"organization.{event}",
        actor=actor,
        subject=membership.organization,
        data={"member": str(membership.user_id), "role": membership.role},
    )


def _free_slug(name: str, party_id: UUID) -> str:
    slug = slugify(name)[:60] or "organization"
    taken = Organization.objects.filter(slug=slug).exists()
    return f"{slug}-{party_id.hex[:8]}" if taken else slug
