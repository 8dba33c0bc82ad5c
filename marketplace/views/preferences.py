"""Appearance and the organization in use: small forms that work without JavaScript."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from marketplace.views.context import THEME_COOKIE
from marketplace.views.session import SESSION_KEY, memberships_of


def back(request: HttpRequest) -> str:
    """The page that the form came from, if it is one of ours."""
    wanted = request.POST.get("next", "/")
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if safe else "/"


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
    if not any(m.organization_id == pk for m in memberships_of(request.user)):
        raise Http404
    request.session[SESSION_KEY] = str(pk)
    return HttpResponseRedirect("/")
