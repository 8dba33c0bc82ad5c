"""Files in forms: read into memory, judged by the service that keeps them."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from compliance.services.documents import Upload
from marketplace.uploads import MOST_OF_A_FILE

ACCEPTED = "application/pdf,image/jpeg,image/png"
MOST_FILES = 5
TOO_LARGE = "This file is larger than 10 MB. Save it smaller and choose it again."


def upload_of(file: "UploadedFile[Any]") -> Upload:
    """The file as the service takes it. Raises ValidationError for one that is too large."""
    if (file.size or 0) > MOST_OF_A_FILE:
        raise forms.ValidationError(TOO_LARGE, code="too_large")
    return Upload(file.read(), file.name or "", file.content_type or "")


class UploadField(forms.FileField):
    """One document; cleans to an `Upload`."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.FileInput(attrs={"accept": ACCEPTED}))
        super().__init__(allow_empty_file=True, **kwargs)

    def clean(self, data: Any, initial: Any = None) -> Any:
        file = super().clean(data, initial)
        return upload_of(file) if file else None


class _Several(forms.FileInput):
    allow_multiple_selected = True


class UploadsField(forms.FileField):
    """Up to five documents; cleans to a list of `Upload`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=_Several(attrs={"accept": ACCEPTED, "multiple": True}), allow_empty_file=True, **kwargs)

    def clean(self, data: Any, initial: Any = None) -> Any:
        files: Sequence[Any] = data if isinstance(data, list | tuple) else [data] if data else []
        if len(files) > MOST_FILES:
            raise forms.ValidationError(f"At most {MOST_FILES} files at once.", code="too_many")
        if self.required and not files:
            raise forms.ValidationError(self.error_messages["required"], code="required")
        return [upload_of(super(UploadsField, self).clean(file, initial)) for file in files]
