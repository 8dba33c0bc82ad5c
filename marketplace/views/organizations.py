"""The organization in use: its people, its API keys, its sides of the market."""

from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from compliance.base import clock
from compliance.base.errors import NotFound, Refusal
from marketplace.forms.organizations import ApiKeyForm, MemberForm, RoleForm
from marketplace.models import ApiKey, Membership
from marketplace.permissions import OWN
from marketplace.services import api_keys, organizations
from marketplace.views.base import Seat, member_view, show_refusal
from marketplace.views.billing import billing_form, take_billing

REMOVING = "They lose access to this organization, and the API keys that they made stop working at once."
LEAVING = (
    "You lose access to it, and the API keys that you made there stop working at once. Only an owner can add you again."
)


@member_view
def organization(request: HttpRequest, seat: Seat) -> HttpResponse:
    """Members and keys; each form on the page says by `part` which it is."""
    deeds = {"member": _add_member, "key": _make_key, "sides": _change_sides, "billing": take_billing}
    forms: dict[str, Form | None] = {"member": MemberForm(), "key": ApiKeyForm(), "billing": billing_form(seat)}
    secret = ""
    if request.method == "POST":
        part = request.POST.get("part", "")
        if part not in deeds:
            raise NotFound
        form, secret, done = deeds[part](request, seat)
        if done and not secret:
            return redirect("web:organization")
        if not done:
            forms[part] = form
    return render(
        request,
        "marketplace/organization.html",
        {
            "members": seat.organization.memberships.select_related("user").order_by("created_at"),
            "keys": ApiKey.objects.visible_to(seat.user)
            .filter(organization=seat.organization)
            .order_by("revoked_at", "-created_at"),
            "is_owner": seat.may(OWN),
            "roles": Membership.Role.choices,
            "member_form": forms["member"],
            "key_form": forms["key"],
            "billing_form": forms["billing"],
            "secret": secret,
            "now": clock.now(),
        },
    )


Deed = tuple[Form, str, bool]


def _add_member(request: HttpRequest, seat: Seat) -> Deed:
    form = MemberForm(request.POST)
    if not form.is_valid():
        return form, "", False
    try:
        organizations.add_member(
            seat.organization, form.cleaned_data["email"], form.cleaned_data["role"], user=seat.user, actor=seat.actor
        )
    except Refusal as refusal:
        show_refusal(form, refusal)
        return form, "", False
    messages.success(request, f"{form.cleaned_data['email']} is a member now.")
    return form, "", True


def _make_key(request: HttpRequest, seat: Seat) -> Deed:
    form = ApiKeyForm(request.POST)
    if not form.is_valid():
        return form, "", False
    data = form.cleaned_data
    expires_at = clock.now() + timedelta(days=data["days"])
    try:
        _, secret = api_keys.create_api_key(
            seat.organization, data["name"], data["scopes"], user=seat.user, expires_at=expires_at
        )
    except Refusal as refusal:
        show_refusal(form, refusal)
        return form, "", False
    return form, secret, True


def _change_sides(request: HttpRequest, seat: Seat) -> Deed:
    organizations.change_sides(
        seat.organization,
        is_renter="is_renter" in request.POST,
        is_provider="is_provider" in request.POST,
        user=seat.user,
        actor=seat.actor,
    )
    messages.success(request, "Saved.")
    return Form(), "", True


@require_POST
@member_view
def member_role(request: HttpRequest, seat: Seat, pk: UUID) -> HttpResponse:
    """The member has the role that was chosen."""
    form = RoleForm(request.POST)
    if form.is_valid():
        membership = organizations.change_role(pk, form.cleaned_data["role"], user=seat.user, actor=seat.actor)
        role = Membership.Role(membership.role).label.lower()
        messages.success(request, f"{membership.user.email} is {role} now.")
    return redirect("web:organization")


@member_view
def member_remove(request: HttpRequest, seat: Seat, pk: UUID) -> HttpResponse:
    """The page asks once more; then the person is no member."""
    found = Membership.objects.select_related("user", "organization")
    membership = found.filter(pk=pk, organization_id__in=seat.user.organization_ids()).first()
    if membership is None:
        raise NotFound
    leaves = membership.user_id == seat.user.pk
    if request.method == "POST":
        return _remove(request, seat, membership, leaves=leaves)
    context = {
        "heading": f"Leave {membership.organization.name}?" if leaves else f"Remove {membership.user.email}?",
        "consequence": LEAVING if leaves else REMOVING,
        "verb": "Leave" if leaves else "Remove",
        "back": reverse("web:account") if leaves else reverse("web:organization"),
        "back_label": "Stay" if leaves else "Keep the member",
    }
    return render(request, "marketplace/confirm.html", context)


def _remove(request: HttpRequest, seat: Seat, membership: Membership, *, leaves: bool) -> HttpResponse:
    organizations.remove_member(membership.pk, user=seat.user, actor=seat.actor)
    words = f"You left {membership.organization.name}." if leaves else f"{membership.user.email} was removed."
    messages.success(request, words)
    return redirect("web:account" if leaves else "web:organization")


@member_view
def key_revoke(request: HttpRequest, seat: Seat, pk: UUID) -> HttpResponse:
    """The page asks once more; then the key works no more."""
    key = ApiKey.objects.visible_to(seat.user).filter(pk=pk).first()
    if key is None:
        raise NotFound
    if request.method == "POST":
        api_keys.revoke_api_key(pk, user=seat.user, actor=seat.actor)
        messages.success(request, f"The key “{key.name}” works no more.")
        return redirect("web:organization")
    context = {
        "heading": f"Revoke “{key.name}”?",
        "consequence": "Programs that use it are refused at once. This cannot be undone; you can make a new key.",
        "verb": "Revoke",
        "back": "/organization",
    }
    return render(request, "marketplace/confirm.html", context)
