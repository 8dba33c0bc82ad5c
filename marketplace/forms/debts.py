"""How much of a debt is given up as lost, and why."""

from django import forms

from marketplace.forms.base import DollarsField


class WriteOffForm(forms.Form):
    """An amount and its reason."""

    amount_minor = DollarsField(label="Amount in USD")
    why = forms.CharField(
        label="Why it will not be paid",
        max_length=400,
        help_text="Name nobody here.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
