"""Amounts as the API takes them: whole minor units above zero, and nothing else."""

from typing import Any

from rest_framework import serializers

from settlement.money import DECIMALS, MOST_MINOR, AmountInvalid, require_currency


class MinorField(serializers.IntegerField):
    """An amount in whole minor units, from 1 to MOST_MINOR. Anything else is AmountInvalid, which names the field."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=MOST_MINOR, **options)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """The amount; for a field that may be left out also None. Raises AmountInvalid, ValidationError if it lacks."""
        try:
            return super().run_validation(data)
        except serializers.ValidationError as error:
            if data is serializers.empty or data is None:
                raise
            raise AmountInvalid(errors={self.field_name or "amount": AmountInvalid.words}) from error


class CurrencyField(serializers.CharField):
    """A currency that books are kept in. Anything else is UnknownCurrency."""

    def __init__(self, **options: Any) -> None:
        super().__init__(help_text=f"One of {', '.join(sorted(DECIMALS))}", **options)

    def to_internal_value(self, data: Any) -> str:
        """The currency. Raises UnknownCurrency."""
        text = str(data)
        require_currency(text)
        return text
