"""The part of the organization's page that says how it is named on invoices."""

from dataclasses import asdict

from django.contrib import messages
from django.http import HttpRequest

from compliance.base.errors import Refusal
from marketplace.forms.billing import BillingForm
from marketplace.permissions import PAY
from marketplace.services.billing import tell_billing
from marketplace.views.base import Seat, show_refusal
from settlement.selectors.billing import billing_of, self_billing_since


def billing_form(seat: Seat) -> BillingForm | None:
    """The form as it stands; None for who may not tell it."""
    if not seat.may(PAY):
        return None
    party_id = seat.organization.party_id
    initial = {**asdict(billing_of(party_id)), "self_billing": self_billing_since(party_id) is not None}
    return BillingForm(initial=initial, provider=seat.organization.is_provider)


def take_billing(request: HttpRequest, seat: Seat) -> tuple[BillingForm, str, bool]:
    """What was told stands, or the form says why not."""
    form = BillingForm(request.POST, provider=seat.organization.is_provider)
    if not form.is_valid():
        return form, "", False
    try:
        tell_billing(
            seat.organization,
            form.details(),
            self_billing=form.cleaned_data.get("self_billing", False),
            user=seat.user,
            actor=seat.actor,
        )
    except Refusal as refusal:
        show_refusal(form, refusal)
        return form, "", False
    messages.success(request, "Saved. Invoices name you so from now on.")
    return form, "", True
