"""A provider asks for what it is owed, now."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from compliance.base.errors import Refusal
from marketplace.services.provider_payouts import pay_out
from marketplace.views.base import Seat, member_view
from marketplace.views.provider import require_provider


@require_POST
@member_view
def payouts(request: HttpRequest, seat: Seat) -> HttpResponse:
    """What is owed from one pot is on its way, or the page says why not."""
    require_provider(seat)
    try:
        pay_out(seat.organization, request.POST.get("pot", ""), user=seat.user, actor=seat.actor)
    except Refusal as refusal:
        messages.warning(request, refusal.message)
    else:
        messages.success(request, "The payout is on its way.")
    return redirect("web:provider")
