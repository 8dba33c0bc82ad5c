"""Giving money of a settled lease back, and what its page says of that."""

import uuid
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from compliance.base.errors import Forbidden, NotFound
from marketplace.forms.base import dollars
from marketplace.forms.refunds import RefundForm
from marketplace.models import Lease, User
from marketplace.selectors.leases import lease_for
from marketplace.services import refunds as services
from marketplace.views.base import carry_out, crumb, person
from marketplace.views.lease_words import RAIL_WORDS
from settlement.selectors.refunds import RefundView, refund_rail_of, refundable_minor, refunds_of_lease
from settlement.services.refunds import Giver

_TO = {"balance": "The renter's prepaid balance, at once", "card": "The card that paid, within some days"}


def refund_rows(lease: Lease) -> list[dict[str, Any]]:
    """The refunds of the lease as its page shows them."""
    return [refund_row(each, f"by the {each.given_by}") for each in refunds_of_lease(lease.pk)]


def refund_row(refund: RefundView, note: str) -> dict[str, Any]:
    """A line of the table of refunds."""
    return {"refund": refund, "looks": looks_of(refund), "note": note}


def looks_of(refund: RefundView) -> str:
    """The name of how its state looks."""
    return f"refund_{refund.state}"


def may_refund(lease: Lease, user: User) -> bool:
    """Whether the person may give something back now."""
    settled = lease.state == Lease.State.SETTLED and lease.rail in _TO
    return settled and services.giver_of(lease, user, user) is not None and refundable_minor(lease.pk) > 0


@login_required
def lease_refund(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The page asks how much and why; then the money is on its way back."""
    user = person(request)
    lease = lease_for(user, pk)
    giver = services.giver_of(lease, user, user)
    if giver is None:
        raise Forbidden("Only owners and finance of the provider, and the platform, give money back. Nothing moved.")
    left = refundable_minor(pk)
    form: Any = RefundForm(initial={"amount_minor": dollars(left), "refund_id": uuid.uuid4()})
    if request.method == "POST":
        form = _given_back(request, lease, user)
        if form is None:
            return redirect("web:lease", pk)
    elif not left:
        raise NotFound("Nothing of this lease can be given back: it is not settled, or all of it went back.")
    context = {
        "lease": lease,
        "form": form,
        "left_minor": left,
        "to_words": _TO.get(refund_rail_of(pk), RAIL_WORDS[lease.rail]),
        "for_platform": giver == Giver.PLATFORM,
        "refunds": refund_rows(lease),
        "crumbs": [crumb("Lease", reverse("web:lease", args=[pk])), crumb("Refund")],
    }
    return render(request, "marketplace/refund.html", context)


def _given_back(request: HttpRequest, lease: Lease, user: User) -> Any:
    form = RefundForm(request.POST)
    deed = lambda wanted: services.give_back(lease.pk, **wanted, viewer=user, user=user, actor=user.as_actor())  # noqa: E731
    return carry_out(request, form, deed, "The money is on its way back, and the renter's documents follow.")
