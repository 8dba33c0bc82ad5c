"""What operators send."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from compliance.selectors.watchlists import watchlist_status

LARGEST_BYTES = 32 * 1024 * 1024


class StalenessForm(forms.Form):
    """How old a list may grow."""

    hours = forms.IntegerField(
        label="Hours without news", min_value=1, max_value=336, help_text="Between 1 and 336, which is two weeks."
    )


class ListFileForm(forms.Form):
    """A file for one of the known lists."""

    code = forms.ChoiceField(label="List", choices=())
    file = forms.FileField(label="File", help_text="In the list's own format. Over 32 MiB: use load_watchlists.")

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        choices = [(row.code, row.title) for row in watchlist_status()]
        self.fields["code"].choices = choices  # type: ignore[attr-defined]

    def clean_file(self) -> "UploadedFile[Any]":
        """A file that one request can carry."""
        file: UploadedFile[Any] = self.cleaned_data["file"]
        if (file.size or 0) > LARGEST_BYTES:
            raise forms.ValidationError("This file is over 32 MiB. Nothing was changed; use load_watchlists.")
        return file
