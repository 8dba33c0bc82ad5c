"""Comparisons of the rails with the books, for operators and officers: what each found, whole, as a file."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from compliance.base.errors import NotFound
from marketplace.exports import Table, table_file
from marketplace.models import User
from marketplace.views.base import crumb, person, staff_view
from settlement.selectors import comparisons as selector

FORMS = ("csv", "json")


@staff_view
def comparisons(request: HttpRequest) -> HttpResponse:
    """The newest comparison of each rail, and the newest that found a difference."""
    context = {
        "newest": selector.newest_comparisons(),
        "differing": selector.differing_comparisons(),
        "crumbs": [*_above(person(request)), crumb("Comparisons")],
    }
    return render(request, "marketplace/comparisons.html", context)


def _above(user: User) -> list[dict[str, str]]:
    """Where a person came from: officers, from the case of a difference."""
    if user.is_operator:
        return [crumb("Platform", reverse("web:platform"))]
    return [crumb("Cases", reverse("web:cases"))]


@require_GET
@staff_view
def comparison_file(request: HttpRequest, pk: UUID, form: str) -> HttpResponse:
    """All that one comparison found, also what has no case of its own. Minor units, times in UTC."""
    if form not in FORMS:
        raise NotFound
    run = selector.comparison(pk)
    table = Table(selector.COLUMNS, selector.difference_rows(run))
    name = f"gridclear-differences-{run.rail}-{run.through_at:%Y%m%d-%H%M%S}"
    return table_file(request, table, name, form)  # type: ignore[return-value]
