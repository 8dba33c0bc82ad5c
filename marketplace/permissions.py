"""Who may do what: shared by the pages and the API."""

from django.http import HttpRequest

from compliance.base.errors import Forbidden, NotFound
from marketplace.models import ApiKey, Membership, Organization, User

Role = Membership.Role
# Owners do everything, members deal, finance pays and reads.
OWN = (Role.OWNER,)
DEAL = (Role.OWNER, Role.MEMBER)
PAY = (Role.OWNER, Role.FINANCE)
ANY = (Role.OWNER, Role.MEMBER, Role.FINANCE)

# A key never does more than the person who made it may do now.
SCOPES_OF_ROLE: dict[str, frozenset[str]] = {
    Role.OWNER: frozenset(ApiKey.Scope.values),
    Role.MEMBER: frozenset({ApiKey.Scope.READ, ApiKey.Scope.LEASES, ApiKey.Scope.OFFERS}),
    Role.FINANCE: frozenset({ApiKey.Scope.READ, ApiKey.Scope.PAYMENTS}),
}

SESSION_KEY = "organization_id"


def role_of(user: User, organization: Organization) -> str | None:
    """The person's role in the organization, or None for a stranger."""
    return Membership.objects.filter(user=user, organization=organization).values_list("role", flat=True).first()


def require_role(user: User, organization: Organization, *roles: str) -> str:
    """The person's role, which is one of `roles`. Raises NotFound for a stranger, Forbidden for another role."""
    role = role_of(user, organization)
    if role is None:
        raise NotFound
    if role not in roles:
        raise Forbidden
    return role


def require_officer(user: User) -> None:
    """The person is a compliance officer. Raises NotFound otherwise: what officers see is nobody else's."""
    if not user.is_officer:
        raise NotFound


def require_operator(user: User) -> None:
    """The person runs the platform. Raises NotFound otherwise."""
    if not user.is_operator:
        raise NotFound


def require_staff(user: User) -> None:
    """The person is an officer or an operator. Raises NotFound otherwise."""
    if not user.is_platform_staff:
        raise NotFound


def active_membership(request: HttpRequest) -> Membership | None:
    """The membership that the session names, else the oldest; None for strangers and the platform's own people."""
    user = request.user
    if not isinstance(user, User):
        return None
    memberships = list(user.memberships.select_related("organization").order_by("created_at", "id"))
    wanted = request.session.get(SESSION_KEY) if hasattr(request, "session") else None
    chosen = next((m for m in memberships if str(m.organization_id) == wanted), None)
    return chosen or (memberships[0] if memberships else None)


def active_organization(request: HttpRequest) -> Organization:
    """The organization for which the request acts. Raises NotFound for a person who belongs to none."""
    membership = active_membership(request)
    if membership is None:
        raise NotFound("You belong to no organization yet. Create one first.")
    return membership.organization


def select_organization(request: HttpRequest, organization: Organization) -> None:
    """The session acts for the organization from now on. Raises NotFound for a stranger."""
    if not isinstance(request.user, User) or role_of(request.user, organization) is None:
        raise NotFound
    request.session[SESSION_KEY] = str(organization.pk)
