"""What the marketplace holds about a person or a party, for themselves, in plain JSON values."""

from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db.models import Sum

from compliance.base.errors import NotFound
from compliance.selectors.evidence_rows import all_columns, columns
from compliance.selectors.retention import erased_parties
from marketplace.models import ApiKey, Lease, Membership, Node, Offer, Organization, User, WorkloadLog
from marketplace.selectors.evidence import VOLATILE, WORKLOAD

# The values are the person's own secrets: the lease's page shows them, a file that lies about must not.
SECRET = ("environment",)


def person_data(user_id: UUID) -> dict[str, Any]:
    """The login, its addresses and second factors, where the person belongs, and what it did in its name.

    Raises NotFound.
    """
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        raise NotFound("There is no such person.")
    factors = Authenticator.objects.filter(user=user).order_by("created_at", "id")
    memberships = Membership.objects.filter(user=user).select_related("organization").order_by("created_at", "id")
    leases = Lease.objects.filter(requested_by=user).order_by("created_at", "id").values_list("pk", flat=True)
    return {
        "login": columns(user, "password", "is_superuser"),
        "addresses": all_columns(EmailAddress.objects.filter(user=user).order_by("pk"), "user_id"),
        "second_factors": [{"type": row.type, "created_at": row.created_at.isoformat()} for row in factors],
        "memberships": [columns(row) | {"organization": row.organization.name} for row in memberships],
        "api_keys": all_columns(ApiKey.objects.filter(created_by=user).order_by("created_at", "id"), "secret_hash"),
        "leases_requested": [str(key) for key in leases],
    }


def organization_data(party_id: UUID) -> dict[str, Any]:
    """The party's organization with its keys, machines, offers and leases; of the other side's use nothing.

    Empty for a party that is no organization, such as an owner of one.
    """
    organization = Organization.objects.filter(party_id=party_id).first()
    if organization is None:
        return {}
    rented = Lease.objects.filter(renter=organization).order_by("created_at", "id")
    let = Lease.objects.filter(provider=organization).order_by("created_at", "id")
    offers = Offer.objects.filter(node__organization=organization).order_by("created_at", "id")
    logs = WorkloadLog.objects.filter(lease__renter=organization)
    return {
        "organization": columns(organization),
        "people": Membership.objects.filter(organization=organization).count(),
        "api_keys": all_columns(
            ApiKey.objects.filter(organization=organization).order_by("created_at", "id"), "secret_hash"
        ),
        "nodes": all_columns(Node.objects.filter(organization=organization).order_by("created_at", "id"), *VOLATILE),
        "offers": all_columns(offers),
        "leases_rented": all_columns(rented, *SECRET),
        "leases_let": all_columns(let, *WORKLOAD, "image", "end_use", "end_user"),
        "seconds_used": rented.aggregate(sum=Sum("billed_seconds"))["sum"] or 0,
        "log_lines_kept": logs.count(),
    }


def organizations_owned_by(user_id: UUID) -> list[Organization]:
    """The organizations that the person owns, and whose data is not erased, longest first."""
    owned = Membership.objects.filter(user_id=user_id, role=Membership.Role.OWNER).select_related("organization")
    standing = owned.exclude(organization__party_id__in=erased_parties().values("pk"))
    return [row.organization for row in standing.order_by("created_at", "id")]


def parties_owned_by(user_id: UUID) -> list[UUID]:
    """Their parties."""
    return [organization.party_id for organization in organizations_owned_by(user_id)]
