"""Filters and sorting of the catalogue, in the URL."""

from collections.abc import Iterable

from django import forms

from marketplace.forms.base import DollarsField, choices_with
from marketplace.forms.countries import country_name
from marketplace.models import GpuModel

SORTS = (
    ("price", "Cheapest first"),
    ("-price", "Dearest first"),
    ("-memory", "Most memory first"),
    ("-free", "Most free first"),
    ("newest", "Newest first"),
)


class CatalogueFilter(forms.Form):
    """What the renter looks for."""

    gpu = forms.ChoiceField(label="GPU model", required=False)
    country = forms.ChoiceField(label="Country", required=False)
    gpus = forms.IntegerField(label="Free GPUs at least", required=False, min_value=1, max_value=1024)
    memory = forms.IntegerField(label="Memory per GPU at least, GiB", required=False, min_value=1, max_value=4096)
    max_price = DollarsField(label="USD per GPU hour at most", required=False)
    sort = forms.ChoiceField(label="Sort by", required=False, choices=SORTS)

    def __init__(self, data: object, *, models: Iterable[GpuModel], countries: Iterable[str]) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        self.fields["gpu"].choices = choices_with("Any", [(m.slug, m.name) for m in models])  # type: ignore[attr-defined]
        places = sorted(((code, country_name(code)) for code in countries), key=lambda pair: pair[1])
        self.fields["country"].choices = choices_with("Anywhere", places)  # type: ignore[attr-defined]
