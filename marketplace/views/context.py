"""What every page's frame needs: navigation by role, the organization, the appearance."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from compliance.selectors.cases import asks_party
from marketplace.models import Membership, Organization, User
from marketplace.permissions import active_membership

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
    if membership:
        links.append(("Balance", "web:money", "wallet"))
    if user and user.is_officer:
        links.append(("Cases", "web:cases", "shield"))
        links.append(("Records", "web:records", "policy"))
    if user and user.is_operator:
        links.append(("Platform", "web:platform", "server"))
    if user and user.is_platform_staff:
        links.append(("Lists", "web:watchlists", "flag"))
        links.append(("Audit", "web:audit", "policy"))
    return links


def account_tabs(request: HttpRequest) -> list[dict[str, Any]]:
    """The pages about a person's own login."""
    pages = (
        ("Overview", "web:account"),
        ("Your data", "web:own_data"),
        ("Password", "account_change_password"),
        ("E-mail", "account_email"),
        ("Two steps", "mfa_index"),
    )
    return [{"label": label, "url": reverse(name), "current": request.path == reverse(name)} for label, name in pages]


def shell(request: HttpRequest) -> dict[str, Any]:
    """The variables of base.html."""
    asking = getattr(request, "user", None)
    user = asking if isinstance(asking, User) else None
    membership = active_membership(request) if user else None
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
        "question_case": asks_party(membership.organization.party_id) if membership else None,
        "organizations": list(Organization.objects.visible_to(user).order_by("name")) if membership and user else [],
        "account_tabs": account_tabs(request) if user else [],
        "development": getattr(settings, "GRIDCLEAR_DEVELOPMENT", False),
    }
