"""Watchlists for the platform's people: as they stand, their versions, what each changed; and how old they may grow."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from compliance.selectors.list_changes import change_views, changes_of, list_versions, version_of
from compliance.selectors.list_fetches import last_fetches, next_fetch_at
from compliance.selectors.watchlists import list_named, watchlist_status
from compliance.services.list_registry import set_staleness_limit
from marketplace.forms.platform import StalenessForm
from marketplace.templatetags.ui import duration
from marketplace.views.base import crumb, operator_view, page_of, person, staff_view, tabs

LATEST_FETCHES = 10
CHANGES_PER_PAGE = 40
KINDS = (("", "All"), ("added", "Added"), ("changed", "Changed"), ("removed", "Removed"))


@staff_view
def watchlists(request: HttpRequest) -> HttpResponse:
    """Every list, as it stands."""
    return render(request, "marketplace/watchlists.html", {"lists": watchlist_status()})


@staff_view
def watchlist(request: HttpRequest, code: str) -> HttpResponse:
    """One list: its standing, its versions with what each changed, and its last fetches."""
    row = list_named(code)
    context = {
        "status": next(each for each in watchlist_status() if each.code == code),
        "list": row,
        "page": page_of(request, list_versions(code)),
        "fetches": [{"fetch": each, "state": f"fetch_{each.outcome}"} for each in last_fetches(row, LATEST_FETCHES)],
        "limit_words": duration(row.staleness_limit_seconds),
        "pace_words": duration(row.fetch_every_seconds),
        "next_fetch_at": next_fetch_at(row),
        "limit_form": StalenessForm(initial={"hours": round(row.staleness_limit_seconds / 3600)}),
        "may_set": person(request).is_operator,
        "crumbs": [crumb("Lists", reverse("web:watchlists")), crumb(row.title)],
    }
    return render(request, "marketplace/watchlist.html", context)


@staff_view
def list_version(request: HttpRequest, code: str, pk: UUID) -> HttpResponse:
    """What one version of a list changed against the one before, entry by entry and fact by fact."""
    version = version_of(code, pk)
    kind = request.GET.get("state", "")
    page = page_of(request, changes_of(version, kind), per_page=CHANGES_PER_PAGE)
    page.object_list = [{"change": each, "state": f"entry_{each.kind}"} for each in change_views(page.object_list)]
    url = reverse("web:list_version", args=[code, pk])
    context = {
        "version": version,
        "list": version.watchlist,
        "page": page,
        "kind": kind if kind in dict(KINDS) else "",
        "tabs": _counted(version, tabs(KINDS, url, kind)),
        "counts": sorted(version.counts.items()),
        "crumbs": [
            crumb("Lists", reverse("web:watchlists")),
            crumb(version.watchlist.title, reverse("web:watchlist", args=[code])),
            crumb("Version"),
        ],
    }
    return render(request, "marketplace/list_version.html", context)


@require_POST
@operator_view
def list_limit(request: HttpRequest, code: str) -> HttpResponse:
    """The list may grow so old from now on; on record. Raises what the setting refuses."""
    form = StalenessForm(request.POST)
    if form.is_valid():
        row = set_staleness_limit(code, form.cleaned_data["hours"] * 3600, actor=person(request).as_actor())
        limit = duration(row.staleness_limit_seconds)
        messages.success(request, f"Without news of {row.title} for {limit}, the gate lets nothing through.")
    else:
        messages.error(request, "A number of hours between 1 and 336 is needed. Nothing was changed.")
    return redirect("web:watchlist", code)


def _counted(version: Any, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The tabs with how many entries each shows."""
    counts = [version.added + version.changed + version.removed, version.added, version.changed, version.removed]
    return [item | {"count": f"{count:,}"} for item, count in zip(items, counts, strict=True)]
