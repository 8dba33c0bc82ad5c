"""Where a provider's money goes: its account at the card network, and its wallet on chain."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from compliance.base.errors import Forbidden, NotFound
from compliance.selectors.parties import wallets_of
from marketplace.permissions import PAY
from marketplace.services.provider_payouts import pay_out
from marketplace.views.base import Seat, crumb, member_view
from marketplace.views.provider import require_provider
from settlement.services import profiles


@require_POST
@member_view
def payouts(request: HttpRequest, seat: Seat) -> HttpResponse:
    """One of the deeds of the payouts card, by `action`: pay, wallet, onboard, refresh."""
    require_provider(seat)
    if not seat.may(PAY):
        raise Forbidden("Only owners and finance may do this. Nothing was changed.")
    deed = DEEDS.get(request.POST.get("action", ""))
    if deed is None:
        raise NotFound
    return deed(request, seat)


def _pay(request: HttpRequest, seat: Seat) -> HttpResponse:
    pay_out(seat.organization, request.POST.get("pot", ""), user=seat.user, actor=seat.actor)
    messages.success(request, "The payout is on its way.")
    return redirect("web:provider")


def _wallet(request: HttpRequest, seat: Seat) -> HttpResponse:
    wallet = wallets_of(seat.organization.party_id).filter(address=request.POST.get("wallet", "")).first()
    if wallet is None:
        raise NotFound("This wallet is not linked to your organization. Nothing was changed; link it first.")
    profiles.set_payout_wallet(seat.organization.party_id, wallet.address, actor=seat.actor)
    messages.success(request, "Escrow earnings go to this wallet from now on.")
    return redirect("web:provider")


def _onboard(request: HttpRequest, seat: Seat) -> HttpResponse:
    """The card network asks the rest on its own pages; the policy lets no form lead there, so a link does."""
    back = f"{settings.GRIDCLEAR_BASE_URL}{reverse('web:provider')}"
    party = seat.organization.party
    address = profiles.begin_card_payouts(party.pk, party.country, return_url=back, refresh_url=back, actor=seat.actor)
    context = {"address": address, "crumbs": [crumb("Provider", reverse("web:provider")), crumb("Card payouts")]}
    return render(request, "marketplace/onboard.html", context)


def _refresh(request: HttpRequest, seat: Seat) -> HttpResponse:
    if profiles.refresh_recipient(seat.organization.party_id):
        messages.success(request, "The card network pays out to your account.")
    else:
        messages.info(request, "The card network does not pay out to your account yet. Finish the set-up there.")
    return redirect("web:provider")


DEEDS = {"pay": _pay, "wallet": _wallet, "onboard": _onboard, "refresh": _refresh}
