"""For which of a person's organizations a request acts."""

from django.http import HttpRequest

from marketplace.models import Membership, User

SESSION_KEY = "organization_id"


def memberships_of(user: User) -> list[Membership]:
    """The person's memberships with their organizations, oldest first."""
    return list(user.memberships.select_related("organization").order_by("created_at", "id"))


def current_membership(request: HttpRequest) -> Membership | None:
    """The membership that the session names, else the oldest; None for the platform's own people."""
    user = request.user
    if not isinstance(user, User):
        return None
    cached: list[Membership] | None = getattr(request, "_memberships", None)
    if cached is None:
        cached = memberships_of(user)
        request._memberships = cached  # type: ignore[attr-defined]
    wanted = request.session.get(SESSION_KEY)
    return next((m for m in cached if str(m.organization_id) == wanted), cached[0] if cached else None)
