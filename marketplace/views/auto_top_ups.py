"""The page on which an organization has its balance filled by itself, and reads how that stands."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from compliance.base.errors import Forbidden
from marketplace.forms.auto_top_ups import AutoTopUpForm
from marketplace.forms.base import dollars
from marketplace.permissions import PAY
from marketplace.services import auto_top_ups
from marketplace.services.auto_top_ups import why_stopped
from marketplace.views.base import Seat, carry_out, crumb, member_view
from marketplace.views.money import saved_cards_of
from settlement.selectors.auto_top_ups import AutoTopUpView, auto_top_up_of
from settlement.selectors.balances import available_minor

AMOUNTS = ("threshold_minor", "amount_minor", "monthly_limit_minor")
_HINDRANCES = {
    "on_its_way": "A charge is on its way.",
    "waiting": "The last one could not go ahead and nothing was charged; it is tried again later.",
    "limit": "The limit of this month is reached; the next charge is possible from the first of the next.",
    "contested": "Waits while a payment of yours is contested at the bank, or something is owed: top up by hand once.",
}


def words_of(rule: AutoTopUpView) -> str:
    """What the organization has to know besides the state; empty when all is in order."""
    if rule.state == "stopped":
        return f"Nothing is charged any more: {why_stopped(rule.stopped_code)}"
    return _HINDRANCES.get(rule.hindrance, "")


@member_view
def auto_top_up(request: HttpRequest, seat: Seat) -> HttpResponse:
    """How automatic top-up stands; set, changed or turned off by owners and finance."""
    cards = saved_cards_of(seat.organization) if seat.may(PAY) else []
    rule = auto_top_up_of(seat.organization.party_id)
    form: Any = AutoTopUpForm(cards=cards, initial=_initial(rule))
    if request.method == "POST":
        if not seat.may(PAY):
            raise Forbidden("Only owners and finance set up payments. Nothing was changed.")
        if request.POST.get("action") == "off":
            auto_top_ups.turn_off(seat.organization, user=seat.user, actor=seat.actor)
            messages.success(request, "Automatic top-up is off. A charge that is on its way is still credited.")
            return redirect("web:auto_top_up")
        form = _set_up(request, seat, cards)
        if form is None:
            return redirect("web:auto_top_up")
    context = {
        "form": form,
        "rule": rule,
        "words": words_of(rule) if rule else "",
        "available_minor": available_minor(seat.organization.party_id),
        "cards": cards,
        "may_pay": seat.may(PAY),
        "crumbs": [crumb("Balance", reverse("web:money")), crumb("Automatic top-up")],
    }
    return render(request, "marketplace/auto_top_up.html", context)


def _set_up(request: HttpRequest, seat: Seat, cards: list[tuple[str, str]]) -> Any:
    form = AutoTopUpForm(request.POST, cards=cards)
    return carry_out(
        request,
        form,
        lambda _: auto_top_ups.set_up(seat.organization, form.terms(), user=seat.user, actor=seat.actor),
        "Automatic top-up is on.",
    )


def _initial(rule: AutoTopUpView | None) -> dict[str, str]:
    if rule is None:
        return {"threshold_minor": "50.00", "amount_minor": "100.00", "monthly_limit_minor": "500.00"}
    return {"payment_method": rule.payment_method} | {name: dollars(getattr(rule, name)) for name in AMOUNTS}
