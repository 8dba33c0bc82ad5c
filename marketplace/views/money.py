"""Balance, cards, top-ups and receipts of the organization in use."""

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from compliance.base.errors import Forbidden, Refusal
from marketplace.forms.organizations import TopUpForm
from marketplace.models import Lease, Organization, User
from marketplace.permissions import PAY
from marketplace.services.top_ups import start_top_up
from marketplace.views.base import Seat, member_view, page_of, show_refusal
from settlement.money import LEAST_CARD_MINOR
from settlement.selectors import balances
from settlement.selectors.auto_top_ups import auto_top_up_of
from settlement.selectors.receipts import ReceiptView, receipt_for, receipt_views, receipts_of
from settlement.selectors.unused_money import returnable_minor
from settlement.services import claims, profiles

POTS = {"card": "Card", "escrow": "Escrow"}
AVAILABLE = {"card": "Prepaid balance", "escrow": "Escrow, free to withdraw"}
# What the stand-in card network, and Stripe's own test mode, take without a card form.
TEST_CARDS = (("pm_card_visa", "Test card, Visa ending in 4242"), ("pm_card_chargeDeclined", "Test card, declined"))


def saved_cards_of(organization: Organization) -> list[tuple[str, str]]:
    """The organization's saved cards as choices; none while the card network does not answer."""
    try:
        saved = profiles.saved_cards(organization.party_id)
    except Refusal:
        return []
    return [(row["id"], profiles.card_words(row)) for row in saved]


def cards_of(organization: Organization) -> list[tuple[str, str]]:
    """The organization's cards as choices; in development the card network's test cards besides."""
    return [*saved_cards_of(organization), *(TEST_CARDS if settings.GRIDCLEAR_DEVELOPMENT else ())]


def available_minor(organization: Organization) -> int:
    """Free prepaid money in USD cents."""
    return balances.available_minor(organization.party_id)


def owed_of(organization: Organization) -> dict[str, Any] | None:
    """What the organization owes, in USD cents, and whether that stops its leases; None when it owes nothing."""
    owed = claims.owed_minor(organization.party_id)
    return {"minor": owed, "stops": owed >= LEAST_CARD_MINOR} if owed else None


def receipt_of(lease: Lease, user: User) -> ReceiptView | None:
    """The receipt of the lease for the side on which the person stands."""
    mine = set(user.organization_ids())
    for organization_id, party_id in (
        (lease.renter_id, lease.renter_party_id),
        (lease.provider_id, lease.provider_party_id),
    ):
        if organization_id in mine:
            return receipt_for(lease.pk, party_id)
    return None


@member_view
def money(request: HttpRequest, seat: Seat) -> HttpResponse:
    """Balances, receipts and the top-up."""
    cards = cards_of(seat.organization)
    form = TopUpForm(request.POST or None, cards=cards, initial={"key": uuid.uuid4()})
    if request.method == "POST":
        if not seat.may(PAY):
            raise Forbidden("Only owners and finance may top up. Nothing was charged.")
        if form.is_valid() and _charge(form, seat):
            messages.success(request, "The card is being charged. The balance follows within seconds.")
            return redirect("web:money")
    lines = [
        {"words": words, "amount_minor": amount, "currency": pot.currency}
        for pot in balances.balances_of(seat.organization.party_id)
        for words, amount in (
            (AVAILABLE[pot.pot], pot.available_minor),
            (f"{POTS[pot.pot]}, held for leases", pot.held_minor),
            (f"{POTS[pot.pot]}, used and to be collected", -pot.uncollected_minor),
            (f"{POTS[pot.pot]}, blocked", pot.blocked_minor),
            (f"{POTS[pot.pot]}, earned by leases that are not settled", pot.accrued_minor),
            (f"{POTS[pot.pot]}, owed to you", pot.payable_minor + pot.paying_minor),
            (f"{POTS[pot.pot]}, on its way back to your card", pot.refunding_minor),
            (f"{POTS[pot.pot]}, owed by you", -pot.claim_minor),
            (f"{POTS[pot.pot]}, written off and still owed by you", -pot.written_off_minor),
        )
        if amount or words == AVAILABLE["card"]
    ]
    page = page_of(request, receipts_of(seat.organization.party_id))
    context = {
        "form": form,
        "balances": lines,
        "page": page,
        "receipts": receipt_views(page.object_list, seat.organization.party_id),
        "may_pay": seat.may(PAY),
        "auto_top_up": auto_top_up_of(seat.organization.party_id),
        "owed": owed_of(seat.organization),
        "returnable_minor": returnable_minor(seat.organization.party_id),
    }
    return render(request, "marketplace/money.html", context)


def _charge(form: TopUpForm, seat: Seat) -> bool:
    data = form.cleaned_data
    try:
        start_top_up(
            seat.organization,
            data["amount_minor"],
            data["payment_method"],
            top_up_id=data["key"],
            user=seat.user,
            actor=seat.actor,
        )
    except Refusal as refusal:
        show_refusal(form, refusal)
        return False
    return True
