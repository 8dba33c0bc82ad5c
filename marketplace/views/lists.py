"""An operator loads a watchlist from a file."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.text import get_valid_filename
from django.views.decorators.http import require_POST

from compliance.base.errors import Refusal
from compliance.services.watchlists import load_watchlist
from marketplace.forms.platform import ListFileForm
from marketplace.views.base import operator_view, person


@require_POST
@operator_view
def list_file(request: HttpRequest) -> HttpResponse:
    """The file's content is current, or the one before stays in force and the page says why."""
    form = ListFileForm(request.POST, request.FILES)
    if not form.is_valid():
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
        return redirect("web:platform")
    try:
        words = loaded(request, form.cleaned_data["code"], form.cleaned_data["file"])
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, words)
    return redirect("web:platform")


def loaded(request: HttpRequest, code: str, file: "UploadedFile[Any]") -> str:
    """The list was loaded from what was sent; returns how many entries it has. Raises what the loading refuses."""
    with TemporaryDirectory(prefix="gridclear-list-") as folder:
        path = Path(folder) / get_valid_filename(file.name or "list")
        with path.open("wb") as out:
            for chunk in file.chunks():
                out.write(chunk)
        version = load_watchlist(code, str(path), actor=person(request).as_actor())
    return f"{version.watchlist.title} is current with {version.row_count:,} entries."
