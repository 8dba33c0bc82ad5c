"""The page on which an organization asks for its unused prepaid money, and reads how that stands."""

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from compliance.base.errors import Forbidden
from marketplace.forms.base import dollars
from marketplace.forms.refunds import UnusedMoneyForm
from marketplace.permissions import OWN
from marketplace.services import unused_money as services
from marketplace.views.base import PER_PAGE, Seat, carry_out, crumb, member_view
from marketplace.views.refunds import refund_row
from settlement.selectors.balances import available_minor
from settlement.selectors.refunds import view_of
from settlement.selectors.unused_money import refunds_of_unused, returnable_minor


@member_view
def unused_money(request: HttpRequest, seat: Seat) -> HttpResponse:
    """What can go back, and what went; asked for by owners."""
    party_id = seat.organization.party_id
    left = returnable_minor(party_id)
    form: Any = UnusedMoneyForm(initial={"amount_minor": dollars(left), "request_id": uuid.uuid4()})
    if request.method == "POST":
        if not seat.may(OWN):
            raise Forbidden("Only owners ask for unused money. Nothing was moved.")
        form = _asked(request, seat)
        if form is None:
            return redirect("web:unused_money")
    context = {
        "form": form,
        "left_minor": left,
        "available_minor": available_minor(party_id),
        "may_ask": seat.may(OWN),
        "refunds": _rows(party_id),
        "crumbs": [crumb("Balance", reverse("web:money")), crumb("Unused money")],
    }
    return render(request, "marketplace/unused_money.html", context)


def _asked(request: HttpRequest, seat: Seat) -> Any:
    form = UnusedMoneyForm(request.POST)
    deed = lambda wanted: services.give_back(seat.organization, **wanted, user=seat.user, actor=seat.actor)  # noqa: E731
    return carry_out(request, form, deed, "The money is on its way to the cards that brought it.")


def _rows(party_id: uuid.UUID) -> list[dict[str, Any]]:
    """The newest ones, as the page shows them; a top-up is known by the end of the card network's name for it."""
    rows = refunds_of_unused(party_id)[:PER_PAGE]
    return [refund_row(view_of(row), f"to the card of top-up …{row.charge_id[-8:]}") for row in rows]
