"""A provider's forms: enrol a node, put an offer up."""

from collections.abc import Iterable
from typing import Any

from django import forms

from marketplace.forms.base import CountryField, DollarsField, HoursField, dollars
from marketplace.models import Offer


class EnrolForm(forms.Form):
    """Where the node stands; its agent tells the rest."""

    node_name = forms.CharField(label="Name of the node", max_length=80, help_text="For you to recognise it by.")
    country = CountryField(label="Country")
    region = forms.CharField(label="Region", required=False, max_length=80, help_text="State or province.")
    city = forms.CharField(label="City", required=False, max_length=80)


class TermsForm(forms.Form):
    """The terms of an offer."""

    gpu_count = forms.IntegerField(label="GPUs in one lease at most", min_value=1)
    price_minor_per_gpu_hour = DollarsField(label="Price in USD per GPU hour")
    min_seconds = HoursField(label="Hours at least", initial="0.02")
    max_seconds = HoursField(label="Hours at most", initial="720")

    def clean(self) -> dict[str, Any]:
        """The shortest lease is not longer than the longest."""
        cleaned = super().clean() or {}
        shortest, longest = cleaned.get("min_seconds"), cleaned.get("max_seconds")
        if shortest and longest and shortest > longest:
            self.add_error("max_seconds", "The longest lease is shorter than the shortest.")
        return cleaned


class OfferForm(TermsForm):
    """A new offer: `source` is a node and a GPU model that it has."""

    source = forms.ChoiceField(label="GPUs", choices=())
    field_order = ["source", "gpu_count", "price_minor_per_gpu_hour", "min_seconds", "max_seconds"]

    def __init__(self, *args: Any, sources: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["source"].choices = list(sources)  # type: ignore[attr-defined]


def terms_of(offer: Offer) -> dict[str, Any]:
    """The offer's terms as the form shows them."""
    return {
        "gpu_count": offer.gpu_count,
        "price_minor_per_gpu_hour": dollars(offer.price_minor_per_gpu_hour),
        "min_seconds": f"{offer.min_seconds / 3600:.2f}",
        "max_seconds": f"{offer.max_seconds / 3600:g}",
    }
