"""How much of a lease goes back, and why."""

from django import forms

from marketplace.forms.base import DollarsField
from settlement.services.refunds import Reason


class RefundForm(forms.Form):
    """An amount, a reason, and the id that makes sending it twice one refund."""

    amount_minor = DollarsField(label="Give back, in USD")
    reason = forms.ChoiceField(label="Why", choices=Reason.choices, help_text="The renter reads it with the lease.")
    refund_id = forms.UUIDField(widget=forms.HiddenInput)
