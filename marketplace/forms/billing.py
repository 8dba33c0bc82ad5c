"""How an organization is named and taxed on invoices."""

from typing import Any

from django import forms

from marketplace.forms.base import CountryField
from settlement.tax import TaxParty

SCHEMES = (
    ("", "Not told"),
    ("none", "We charge no tax"),
    ("eu_vat", "We charge VAT in a member state of the EU"),
)


class BillingForm(forms.Form):
    """Name, address and numbers; a provider says besides how it is taxed."""

    name = forms.CharField(label="Name on invoices", max_length=200)
    address = forms.CharField(label="Address", max_length=400, widget=forms.Textarea(attrs={"rows": 3}), required=False)
    country = CountryField(label="Country")
    vat_number = forms.CharField(
        label="VAT number", max_length=20, required=False, help_text="With its country's letters, such as DE123456789."
    )
    registration = forms.CharField(label="Registration number", max_length=64, required=False)
    scheme = forms.ChoiceField(label="Tax on what you provide", choices=SCHEMES, required=False)
    note = forms.CharField(
        label="Words where no tax is charged",
        max_length=300,
        required=False,
        help_text="Printed as they are, such as why you are exempt.",
    )
    self_billing = forms.BooleanField(
        label="Issue our invoices to renters in our name",
        required=False,
        help_text="Each month, from receipts, in a series of your own. Without it you invoice by yourself.",
    )

    def __init__(self, *args: Any, provider: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not provider:
            for name in ("scheme", "note", "self_billing"):
                del self.fields[name]

    def details(self) -> TaxParty:
        """What was told."""
        data = self.cleaned_data
        return TaxParty(
            name=data["name"],
            address=data["address"],
            country=data["country"],
            vat_number=data["vat_number"],
            registration=data["registration"],
            scheme=data.get("scheme", ""),
            note=data.get("note", ""),
        )
