"""What is written about keeping and erasing: by officers, and by who owns an organization."""

from typing import Any

from django import forms

BAD_ID = "This is no id: copy it from the page."


class FindForm(forms.Form):
    """Whose records are looked at."""

    party_id = forms.UUIDField(label="Party", error_messages={"invalid": BAD_ID})


class HoldForm(forms.Form):
    """Why records must stay whatever has ended."""

    reason = forms.CharField(label="Why", max_length=400, widget=forms.Textarea(attrs={"rows": 3}))
    reference = forms.CharField(
        label="Reference", max_length=80, required=False, help_text="Of the proceeding or the order"
    )


class LiftForm(forms.Form):
    """Why they need not stay any more."""

    reason = forms.CharField(label="Why it may fall", max_length=400, widget=forms.Textarea(attrs={"rows": 2}))


class EraseForm(forms.Form):
    """The name, typed once more by who wants it gone."""

    name = forms.CharField(label="Type the name", max_length=300, widget=forms.TextInput(attrs={"autocomplete": "off"}))

    def __init__(self, expected: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.expected = expected

    def clean_name(self) -> str:
        """The very name, spaces around it aside."""
        name = str(self.cleaned_data["name"])
        if name != self.expected:
            raise forms.ValidationError("That is another name. Nothing was changed.")
        return name
