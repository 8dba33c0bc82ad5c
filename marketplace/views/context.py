"""What every page's frame needs: navigation by role, the organization, the appearance."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from marketplace.models import Membership, User
from marketplace.views.session import current_membership, memberships_of

THEMES = (("system", "dot"), ("light", "sun"), ("dark", "moon"))
THEME_COOKIE = "theme"


def theme_of(request: HttpRequest) -> str:
    """`light` or `dark` as the cookie says, else `system`."""
    chosen = request.COOKIES.get(THEME_COOKIE, "")
    return chosen if chosen in {"light", "dark"} else "system"


def links_for(user: User | None, membership: Membership | None) -> list[tuple[str, str, str]]:
    """(label, url name, icon) of the main navigation."""
    links = [("Catalogue", "web:catalogue", "chip")]
    if membership and membership.organization.is_renter:
        links.append(("Leases", "web:leases", "server"))
    if membership and membership.organization.is_provider:
        links.append(("Provider", "web:provider", "building"))
    if user and user.is_officer:
        links.append(("Cases", "web:cases", "shield"))
    if user and user.is_operator:
        links.append(("Platform", "web:platform", "server"))
    if user and user.is_platform_staff:
        links.append(("Audit", "web:audit", "policy"))
    return links


def shell(request: HttpRequest) -> dict[str, Any]:
    """The variables of base.html."""
    user = request.user if isinstance(getattr(request, "user", None), User) else None
    membership = current_membership(request) if user else None
    navigation = []
    for label, name, icon in links_for(user, membership):
        url = reverse(name)
        current = request.path == url or request.path.startswith(f"{url}/")
        navigation.append({"label": label, "url": url, "icon": icon, "current": current})
    return {
        "theme": theme_of(request),
        "themes": THEMES,
        "navigation": navigation,
        "membership": membership,
        "organization": membership.organization if membership else None,
        "organizations": [m.organization for m in memberships_of(user)] if user else [],
        "development": getattr(settings, "GRIDCLEAR_DEVELOPMENT", False),
    }
