"""What the officers' record pages share."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from marketplace.views.base import officer_view

TABS = (
    ("Reports", "web:reports"),
    ("Parties", "web:parties"),
    ("Restrictions", "web:restrictions"),
    ("Debts", "web:debts"),
    ("Travel data", "web:travel"),
    ("Evidence", "web:evidence"),
    ("Retention", "web:retention"),
    ("Policy", "web:policies"),
)


@officer_view
def records(request: HttpRequest) -> HttpResponse:
    """The first of the record pages: what is due."""
    return redirect("web:reports")


def record_tabs(current: str) -> list[dict[str, Any]]:
    """The tabs over the record pages."""
    return [{"label": label, "url": reverse(name), "current": name == current} for label, name in TABS]
