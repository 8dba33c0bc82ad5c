"""Organizations and their people."""

from uuid import UUID

from django.db.models import QuerySet

from compliance.base.errors import NotFound
from marketplace.models import ApiKey, Membership, Organization
from marketplace.models.viewer import Viewer


def organizations_visible_to(viewer: Viewer) -> QuerySet[Organization]:
    """The viewer's organizations, newest first."""
    return Organization.objects.visible_to(viewer).order_by("-created_at", "id")


def organization_for(viewer: Viewer, organization_id: UUID) -> Organization:
    """The organization. Raises NotFound for a stranger."""
    organization = Organization.objects.visible_to(viewer).filter(pk=organization_id).first()
    if organization is None:
        raise NotFound
    return organization


def organization_of_party(party_id: UUID) -> Organization | None:
    """Whose party it is, if an organization's."""
    return Organization.objects.filter(party_id=party_id).first()


def members_of(organization: Organization) -> QuerySet[Membership]:
    """The organization's people, longest first."""
    members = Membership.objects.filter(organization=organization).select_related("user", "organization")
    return members.order_by("created_at", "id")


def api_keys_of(organization: Organization) -> QuerySet[ApiKey]:
    """The organization's keys, newest first; revoked ones stay to be seen."""
    return ApiKey.objects.filter(organization=organization).select_related("created_by").order_by("-created_at", "id")
