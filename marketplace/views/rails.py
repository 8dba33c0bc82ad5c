"""Where a person sets up how money comes and goes: a card, the card network's account, the wallet."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from compliance.base.errors import Forbidden, Refusal
from marketplace.permissions import PAY
from marketplace.services import cards
from marketplace.views import preferences
from marketplace.views.base import Seat, member_view
from marketplace.views.provider import require_provider
from settlement.services import profiles


def _require_payer(seat: Seat) -> None:
    if not seat.may(PAY):
        raise Forbidden("Only owners and finance may set up payments. Nothing was changed.")


def _leave(request: HttpRequest, url: str, heading: str, why: str, back: str) -> HttpResponse:
    """A page with a link away: the content policy lets no form lead to another site."""
    context = {"url": url, "heading": heading, "why": why, "back": back}
    return render(request, "marketplace/leave.html", context)


@require_POST
@member_view
def card_form(request: HttpRequest, seat: Seat) -> HttpResponse:
    """The way to the card network's own page, on which a card is saved."""
    _require_payer(seat)
    came_from = preferences.back(request, reverse("web:money"))
    back = request.build_absolute_uri(came_from)
    try:
        url = cards.card_form_url(seat.organization, back=back, user=seat.user)
    except Refusal as refusal:
        messages.warning(request, refusal.message)
        return redirect(came_from)
    why = "The card's number is given to the card network on its own page; Gridclear never sees it."
    return _leave(request, url, "Save a card", why, back)


@require_POST
@member_view
def payout_account(request: HttpRequest, seat: Seat) -> HttpResponse:
    """The way to the card network's own page, on which a provider opens an account for its earnings."""
    require_provider(seat)
    _require_payer(seat)
    party = seat.organization.party
    back = request.build_absolute_uri(reverse("web:provider"))
    try:
        if profiles.refresh_recipient(party.pk):
            messages.success(request, "The account can receive payouts.")
            return redirect("web:provider")
        url = profiles.begin_card_payouts(party.pk, party.country, return_url=back, refresh_url=back, actor=seat.actor)
    except Refusal as refusal:
        messages.warning(request, refusal.message)
        return redirect("web:provider")
    why = "Earnings from cards go to an account at the card network, which asks for what the law wants of it."
    return _leave(request, url, "Open an account for payouts", why, back)


@require_POST
@member_view
def payout_wallet(request: HttpRequest, seat: Seat) -> HttpResponse:
    """Earnings of the escrow go to the wallet that was given, from the next lease on."""
    require_provider(seat)
    _require_payer(seat)
    try:
        profiles.set_payout_wallet(seat.organization.party_id, request.POST.get("wallet", "").strip(), actor=seat.actor)
    except Refusal as refusal:
        messages.warning(request, refusal.message)
    else:
        messages.success(request, "Earnings of new escrow leases go to this wallet.")
    return redirect("web:provider")
