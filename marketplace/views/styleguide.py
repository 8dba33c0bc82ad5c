"""Every component on one page; development only."""

import math
from datetime import timedelta

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from compliance.base import clock
from marketplace.templatetags.ui import money
from marketplace.views.charts import bar_chart, sparkline
from marketplace.views.ownership_layout import Holder, Holding, ownership_graph
from marketplace.views.samples import ALLOWED, REFUSED
from marketplace.views.states import LOOKS


def styleguide(request: HttpRequest) -> HttpResponse:
    """The components with sample content; 404 outside development."""
    if not getattr(settings, "GRIDCLEAR_DEVELOPMENT", False):
        raise Http404
    now = clock.now()
    earned = [(f"{day + 1}", int(4200 + 3100 * math.sin(day / 3) + 90 * day)) for day in range(30)]
    holders = [
        Holder("s", "Merlion Compute Pte Ltd", "Singapore"),
        Holder("a", "Straits Holdings Ltd", "British Virgin Islands", deciding=True),
        Holder("b", "Harbour Growth Fund LP", "Cayman Islands"),
        Holder("p", "Northern Grid Group", "Beijing, China", deciding=True),
    ]
    holdings = [
        Holding("a", "s", "80 %", deciding=True),
        Holding("b", "s", "20 %"),
        Holding("p", "a", "100 %", deciding=True),
    ]
    return render(
        request,
        "marketplace/styleguide.html",
        {
            "now": now,
            "earlier": now - timedelta(minutes=7),
            "states": [state for state in LOOKS if state not in {"ALLOW", "REVIEW", "DENY"}],
            "chart": bar_chart(earned, words=lambda value: money(value), every=5),
            "spark": sparkline([value for _, value in earned]),
            "graph": ownership_graph("s", holders, holdings),
            "page": Paginator(range(93), 25).get_page(2),
            "allowed": ALLOWED,
            "denied": REFUSED,
            "events": [
                {"title": "Requested", "at": now - timedelta(minutes=9), "icon": "plus", "tone": "neutral"},
                {"title": "Cleared", "at": now - timedelta(minutes=9), "icon": "shield", "tone": "allowed"},
                {"title": "Funded", "at": now - timedelta(minutes=8), "icon": "card", "tone": "allowed"},
                {"title": "Running", "at": now - timedelta(minutes=7), "icon": "play", "tone": "allowed"},
            ],
            "tabs": [
                {"label": "Open", "url": "?tab=open", "current": True, "count": 4},
                {"label": "Waiting", "url": "?tab=waiting", "current": False, "count": 2},
                {"label": "Closed", "url": "?tab=closed", "current": False, "count": 31},
            ],
        },
    )
