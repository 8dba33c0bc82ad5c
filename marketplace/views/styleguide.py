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
from marketplace.views.decision_card import CheckLine, DecisionCard, ReasonLine
from marketplace.views.ownership import Holder, Holding, ownership_graph
from marketplace.views.states import LOOKS

CHECKS = (
    CheckLine("Identity of the renter", "passed", "Business level, valid for another 11 months"),
    CheckLine("Screening of the renter", "passed", "OFAC SDN, UN, US Consolidated Screening List"),
    CheckLine("Owners of the renter", "passed", "4 parties, all shares known"),
    CheckLine("Classification of the GPU", "passed", "H100 80GB: 3A090.a"),
    CheckLine("Headquarters of the renter and its parents", "failed", "Declared ownership reaches another country"),
    CheckLine("End use and end user", "unknown", "The end user is not named"),
)
REASONS = (
    ReasonLine(
        "A licence is required for this GPU, because the company's ultimate parent is headquartered in a country "
        "of Country Group D:5.",
        "LAW",
        code="hq.ultimate_parent_d5",
        citation="15 CFR 742.6(a)(6)(iii)",
        url="https://www.ecfr.gov/current/title-15/section-742.6",
        effective="since 17 Nov 2023",
    ),
    ReasonLine(
        "Gridclear does not lease GPUs above its own threshold until an end user is named.",
        "POLICY",
        code="end_user.undisclosed",
        citation="Gridclear policy",
        effective="since 1 Jan 2026",
    ),
)


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
            "allowed": DecisionCard(
                "ALLOW", "Cleared", "Everything that had to be checked was in order.", now, checks=CHECKS[:4]
            ),
            "denied": DecisionCard(
                "DENY",
                "Not possible",
                "This lease cannot be opened. Nothing was reserved and nothing was charged.",
                now,
                id="7c8e3f4a-02f5-4d7a-9a55-1f2f6f1f0c11",
                pack="core@2026-11-10",
                checks=CHECKS,
                reasons=REASONS,
                next_steps=("Choose a GPU that is not controlled, such as an RTX 3090.",),
            ),
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
