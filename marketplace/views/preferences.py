"""Appearance and the organization in use: small forms that work without JavaScript."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from compliance.base.errors import NotFound
from marketplace.models import Organization
from marketplace.permissions import select_organization
from marketplace.views.base import person
from marketplace.views.context import THEME_COOKIE


def back(request: HttpRequest, otherwise: str = "/") -> str:
    """The page that the form came from, if it is one of ours."""
    wanted = request.POST.get("next", otherwise)
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if safe else otherwise


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """The cookie holds the appearance that was chosen; `system` removes it."""
    response = HttpResponseRedirect(back(request))
    chosen = request.POST.get("theme")
    if chosen in {"light", "dark"}:
        response.set_cookie(
            THEME_COOKIE, chosen, max_age=31536000, samesite="Lax", secure=request.is_secure(), httponly=True
        )
    else:
        response.delete_cookie(THEME_COOKIE, samesite="Lax")
    return response


@require_POST
@login_required
def switch_organization(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The session acts for the organization; 404 unless the person is a member."""
    organization = Organization.objects.visible_to(person(request)).filter(pk=pk).first()
    if organization is None:
        raise NotFound
    select_organization(request, organization)
    return HttpResponseRedirect("/")


@login_required
def account(request: HttpRequest) -> HttpResponse:
    """The person's own login and the organizations that they belong to."""
    memberships = person(request).memberships.select_related("organization").order_by("created_at")
    return render(request, "marketplace/account.html", {"memberships": memberships})
