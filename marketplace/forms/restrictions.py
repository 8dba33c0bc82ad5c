"""What an officer orders about a party without a case, and why it may fall."""

from datetime import UTC, datetime, time
from typing import Any

from django import forms

from compliance.selectors.restrictions import BASES, KINDS, TARGETS
from compliance.services.restriction_orders import Order, OrderReason
from marketplace.forms.cases import words_of

EVERY_KIND = (("", "Every kind"), *KINDS)
ORIGINS = (("", "Every origin"), ("case", "A case"), ("officer", "No case"))
REASONS = [(each.value, words_of(each.lower())) for each in OrderReason]


class OrderForm(forms.Form):
    """Whom to restrict, and on what it rests."""

    target_kind = forms.ChoiceField(label="Whom", choices=TARGETS)
    target_ref = forms.CharField(
        label="Id or address",
        max_length=64,
        help_text="As its page shows it; Parties finds it by name. The whole party is restricted, whatever you name.",
        widget=forms.TextInput(attrs={"class": "mono", "autocomplete": "off", "spellcheck": "false"}),
    )
    kind = forms.ChoiceField(
        label="What it does",
        choices=KINDS,
        help_text="Both stop leases, payouts and withdrawals. Blocked property is reported to OFAC too.",
    )
    basis = forms.ChoiceField(label="It rests on", choices=BASES)
    reason_code = forms.ChoiceField(label="Reason", choices=REASONS)
    citation = forms.CharField(
        label="Citation", max_length=200, help_text="The law, order or rule, with its date or number."
    )
    reason = forms.CharField(
        label="Why", max_length=400, help_text="Name nobody here.", widget=forms.Textarea(attrs={"rows": 3})
    )
    ends_on = forms.DateField(
        label="Until",
        required=False,
        help_text="The last day (UTC), where the order names one. It ends by itself only once it is confirmed.",
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    def as_order(self) -> Order:
        """The order that the valid form holds."""
        data: dict[str, Any] = dict(self.cleaned_data)
        day = data.pop("ends_on")
        ends_at = datetime.combine(day, time(23, 59, 59), tzinfo=UTC) if day else None
        return Order(ends_at=ends_at, **data)


class LiftRestrictionForm(forms.Form):
    """Why the restriction may fall."""

    reason = forms.CharField(
        label="Why it may fall",
        max_length=400,
        help_text="Name nobody here.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
