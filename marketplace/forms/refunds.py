"""How much of a lease, or of unused money, goes back, and why."""

from django import forms

from marketplace.forms.base import DollarsField
from settlement.services.refunds import REASONS


class RefundForm(forms.Form):
    """An amount, a reason, and the id that makes sending it twice one refund."""

    amount_minor = DollarsField(label="Give back, in USD")
    reason = forms.ChoiceField(label="Why", choices=REASONS, help_text="The renter reads it with the lease.")
    refund_id = forms.UUIDField(widget=forms.HiddenInput)


class UnusedMoneyForm(forms.Form):
    """An amount, and the id that makes sending it twice one request."""

    amount_minor = DollarsField(
        label="Amount in USD", help_text="To the cards that brought it, the newest top-up first."
    )
    request_id = forms.UUIDField(widget=forms.HiddenInput)
