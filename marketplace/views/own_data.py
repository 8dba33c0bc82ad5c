"""A person's own data: taken out as a file, how long it stays, and erased where nothing keeps it."""

from typing import Any
from uuid import UUID

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from compliance.base.errors import Refusal
from compliance.selectors.retention import schedule, told_to_party
from compliance.services.retention_clocks import refresh_clocks
from marketplace.forms.retention import EraseForm
from marketplace.models import User
from marketplace.permissions import OWN, require_role
from marketplace.selectors.bundles import exports_of
from marketplace.selectors.organizations import organization_for
from marketplace.selectors.subject_data import organizations_owned_by
from marketplace.services import bundles, erasing
from marketplace.views.base import crumb, person, show_refusal
from marketplace.views.evidence import row_of, zip_response

SHOWN = 5


@login_required
def own_data(request: HttpRequest) -> HttpResponse:
    """What the person can take out, and how long what stays; a POST asks for the file."""
    user = person(request)
    if request.method == "POST":
        bundles.request_own_data(user.pk, actor=user.as_actor())
        messages.success(request, "Your file is being made. It can be downloaded here for a week.")
        return redirect("web:own_data")
    rows = [_row(row) for row in exports_of(user.pk)[:SHOWN]]
    owned = organizations_owned_by(user.pk)
    refresh_clocks([each.party_id for each in owned])
    context = {
        "rows": rows,
        "making": any(row["making"] for row in rows),
        "classes": list(schedule().classes.values()),
        "owned": [{"pk": each.pk, "name": each.name, "kept": told_to_party(each.party_id)} for each in owned],
    }
    return render(request, "marketplace/own_data.html", context)


@require_GET
@login_required
@reauthentication_required  # type: ignore[untyped-decorator]
def own_data_file(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The file, for whom it is about alone, who has just shown again who it is."""
    user = person(request)
    _, body = bundles.download_own(pk, user.pk, actor=user.as_actor())
    return zip_response(body, f"your-data-{pk}.zip")


@login_required
@reauthentication_required  # type: ignore[untyped-decorator]
def own_data_erase(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The page asks for the organization's name; then its data is gone, or it says that it must stay for now."""
    user = person(request)
    organization = organization_for(user, pk)
    require_role(user, organization, *OWN)
    form = EraseForm(organization.name, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            erasing.erase_organization(pk, user=user, actor=user.as_actor())
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            return _erased(request, user)
    context = {
        "form": form,
        "about": organization,
        "crumbs": [crumb("Your data", reverse("web:own_data")), crumb("Erase")],
    }
    return render(request, "marketplace/erase.html", context)


def _erased(request: HttpRequest, user: User) -> HttpResponse:
    messages.success(request, "It is erased. What we must tell apart stays as numbers that name nobody.")
    user.refresh_from_db()
    return redirect("web:own_data" if user.is_active else "web:home")


def _row(row: Any) -> dict[str, Any]:
    found = row_of(row, {})
    if found["url"]:
        found["url"] = reverse("web:own_data_file", args=[row.pk])
    return found
