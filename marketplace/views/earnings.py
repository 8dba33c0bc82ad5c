"""The provider's dashboard: what the machines do and what they bring in."""

from datetime import date, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from compliance.base import clock
from compliance.selectors.identity import kyc_status
from compliance.selectors.parties import wallets_of
from marketplace.models import GpuModel, Node
from marketplace.permissions import DEAL, PAY
from marketplace.selectors import earnings, nodes, offers
from marketplace.selectors.leases import leases_visible_to
from marketplace.templatetags.ui import money
from marketplace.views.base import Seat, member_view, page_of
from marketplace.views.charts import BarChart, bar_chart
from marketplace.views.leases import row_of
from marketplace.views.places import place_of
from marketplace.views.provider import require_provider
from settlement.selectors.balances import DayEarnings, balances_of, earnings_per_day
from settlement.selectors.payouts import payout_setup, payouts_of

DAYS = 30
NEWEST_PAYOUTS = 20
UNITS_PER_CENT = {"USD": 1, "USDC": 10_000}


def in_cents(line: DayEarnings) -> int:
    """A day's earnings in cents; a USDC counts as a dollar, for the picture only."""
    return line.amount_minor // UNITS_PER_CENT.get(line.currency, 1)


def earnings_chart(lines: list[DayEarnings], today: date) -> tuple[BarChart, int]:
    """The last thirty days as bars, and their sum, in cents."""
    sums: dict[date, int] = {}
    for line in lines:
        sums[line.day] = sums.get(line.day, 0) + in_cents(line)
    days = [today - timedelta(days=back) for back in reversed(range(DAYS))]
    points = [(f"{day.day} {day:%b}", sums.get(day, 0)) for day in days]
    return bar_chart(points, words=money, every=5), sum(sums.values())


@member_view
def dashboard(request: HttpRequest, seat: Seat) -> HttpResponse:
    """Nodes, offers, leases, earnings and payouts."""
    organization = seat.organization
    require_provider(seat)
    chart, earned = earnings_chart(earnings_per_day(organization.party_id, days=DAYS), clock.now().date())
    figures = earnings.figures(organization)
    pots = balances_of(organization.party_id)
    page = page_of(request, leases_visible_to(seat.user).filter(provider=organization))
    context = {
        "verified": kyc_status(organization.party_id).in_force,
        "may_deal": seat.may(DEAL),
        "may_pay": seat.may(PAY),
        "earned_30_days": earned,
        "has_earnings": bool(earned),
        "chart": chart,
        "owed": [{"amount_minor": pot.payable_minor, "currency": pot.currency} for pot in pots if pot.payable_minor],
        "figures": figures,
        "nodes": [
            {"node": node, "place": place_of(node), "gpus": gpus_in_words(node)}
            for node in nodes.nodes_of(organization).prefetch_related("gpus__gpu_model")
        ],
        "offers": offers.offers_of(organization).exclude(state="withdrawn"),
        "page": page,
        "leases": [row_of(lease, for_renter=False) for lease in page.object_list],
        "payouts": payouts_of(organization.party_id, limit=NEWEST_PAYOUTS),
        "newest_payouts": NEWEST_PAYOUTS,
        "setup": payout_setup(organization.party_id),
        "wallets": wallets_of(organization.party_id),
    }
    return render(request, "marketplace/provider.html", context)


def gpus_in_words(node: Node) -> str:
    """`2 × NVIDIA H100 80GB`, one part per model."""
    counts: dict[str, int] = {}
    for gpu in node.gpus.all():
        if not gpu.present:
            continue
        name = gpu.gpu_model.name if isinstance(gpu.gpu_model, GpuModel) else gpu.device_name
        counts[name] = counts.get(name, 0) + 1
    return ", ".join(f"{count} × {name}" for name, count in counts.items()) or "not reported yet"
