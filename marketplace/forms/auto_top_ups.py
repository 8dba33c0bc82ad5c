"""When the saved card fills the prepaid balance by itself."""

from collections.abc import Iterable
from typing import Any

from django import forms

from marketplace.forms.base import DollarsField
from settlement.services.auto_top_up_rules import AutoTerms


class AutoTopUpForm(forms.Form):
    """A threshold, an amount, a limit for the month, a card, and the word of who owns it."""

    threshold_minor = DollarsField(label="When the free balance falls below, in USD")
    amount_minor = DollarsField(label="Charge, in USD", help_text="At least $5.00.")
    monthly_limit_minor = DollarsField(
        label="At most in a calendar month, in USD", help_text="Of automatic top-ups together, by UTC."
    )
    payment_method = forms.ChoiceField(label="Card", choices=())
    agreed = forms.BooleanField(
        label="Gridclear may charge this card without us being there",
        help_text="Up to the limit, until we turn this off. A card that the bank refuses is not asked again.",
    )

    def __init__(self, *args: Any, cards: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["payment_method"].choices = list(cards)  # type: ignore[attr-defined]

    def terms(self) -> AutoTerms:
        """What was told."""
        data = self.cleaned_data
        return AutoTerms(
            threshold_minor=data["threshold_minor"],
            amount_minor=data["amount_minor"],
            monthly_limit_minor=data["monthly_limit_minor"],
            payment_method=data["payment_method"],
        )
