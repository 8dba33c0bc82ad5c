"""Fields that several forms share: money, hours, countries."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms

from marketplace.forms.countries import CHOICES
from settlement.money import MOST_MINOR, AmountInvalid

CENTS = Decimal(100)
NO_AMOUNT = "An amount is above zero, with at most two digits after the point, such as 12.50."


class DollarsField(forms.DecimalField):
    """Dollars as a person types them; cleans to whole cents. What is no amount has one code, `amount_invalid`."""

    def __init__(self, **kwargs: Any) -> None:
        most = Decimal(MOST_MINOR) / CENTS
        super().__init__(decimal_places=2, max_digits=13, min_value=Decimal("0.01"), max_value=most, **kwargs)

    def clean(self, value: Any) -> Any:
        try:
            amount = super().clean(value)
        except forms.ValidationError as error:
            if value in self.empty_values:
                raise
            raise forms.ValidationError(NO_AMOUNT, code=AmountInvalid.code) from error
        return None if amount is None else int(amount * CENTS)


class HoursField(forms.DecimalField):
    """Hours as a person types them; cleans to whole seconds."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("min_value", Decimal("0.01"))
        super().__init__(decimal_places=2, max_digits=8, **kwargs)

    def clean(self, value: Any) -> Any:
        hours = super().clean(value)
        return None if hours is None else int(hours * 3600)


class CountryField(forms.ChoiceField):
    """An ISO 3166-1 alpha-2 code, chosen by name."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=CHOICES, **kwargs)


def conditional(field: forms.Field) -> forms.Field:
    """The field, which another answer makes necessary: the page does not call it optional."""
    field.conditional = True  # type: ignore[attr-defined]
    return field


class LinesField(forms.CharField):
    """One entry per line; cleans to a tuple without empty lines."""

    widget = forms.Textarea(attrs={"rows": 3, "class": "mono", "spellcheck": "false"})

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value) or ""
        return tuple(line.strip() for line in text.splitlines() if line.strip())

    def validate(self, value: Any) -> None:
        if self.required and not value:
            raise forms.ValidationError(self.error_messages["required"], code="required")

    def run_validators(self, value: Any) -> None:
        super().run_validators("\n".join(value))


def dollars(cents: int) -> str:
    """Cents as a person types dollars."""
    return f"{Decimal(cents) / CENTS:.2f}"


def choices_with(first: str, rest: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The choices after one that stands for none."""
    return [("", first), *rest]
