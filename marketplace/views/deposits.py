"""What a renter's wallet has to send for a lease that is paid by escrow."""

import json
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from compliance.base.errors import Refusal
from marketplace.models import Lease
from marketplace.selectors.leases import rented_lease_for
from marketplace.views.base import person
from settlement.services.chain_deposits import DepositRequest, prepare_deposit


def deposit_of(lease: Lease) -> dict[str, Any] | None:
    """The deposit of an escrow lease: what is to be sent, what came, or why it cannot be shown."""
    hold = lease.hold
    if lease.rail != "escrow" or hold is None:
        return None
    made = getattr(hold, "escrow_deposit", None)
    if hold.state != "opening":
        return {"done": True, "row": made} if made is not None else None
    if made is None:
        return {"done": False, "request": None, "problem": ""}
    try:
        request = prepare_deposit(hold.pk)
    except Refusal as refusal:
        return {"done": False, "request": None, "problem": refusal.message}
    return {"done": False, "request": request, "problem": "", "typed_data": typed_data_of(request)}


def typed_data_of(request: DepositRequest) -> str:
    """The EIP-712 request as a wallet takes it."""
    return json.dumps(request.typed_data, indent=2)


@require_POST
@login_required
def deposit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The deposit of one's own lease is cleared, signed and shown on its page."""
    lease = rented_lease_for(person(request), pk)
    if lease.hold is not None:
        prepare_deposit(lease.hold.pk)
    return redirect("web:lease", pk)
