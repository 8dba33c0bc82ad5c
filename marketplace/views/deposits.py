"""What a renter's wallet has to send for a lease that is paid by escrow."""

import json
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from compliance.base.errors import Refusal
from marketplace.models import Lease
from marketplace.selectors.leases import rented_lease_for
from marketplace.views.base import person
from settlement.services.chain_deposits import DepositRequest, prepare_deposit
from settlement.services.deposit_relays import authorization_of, relay_deposit


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
        authorization = authorization_of(request)
    except Refusal as refusal:
        return {"done": False, "request": None, "problem": refusal.message}
    signs = json.dumps(authorization, indent=2)
    return {"done": False, "request": request, "problem": "", "typed_data": typed_data_of(request), "signs": signs}


def typed_data_of(request: DepositRequest) -> str:
    """The EIP-712 request as a wallet takes it."""
    return json.dumps(request.typed_data, indent=2)


@require_POST
@login_required
def deposit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The deposit of one's own lease is cleared and shown on its page; with the wallet's signature it is on its way."""
    lease = rented_lease_for(person(request), pk)
    signature = request.POST.get("signature", "").strip()
    if lease.hold is not None and signature:
        relay_deposit(lease.hold.pk, signature)
        messages.success(request, "The deposit is on its way to the contract. The lease begins once it is final.")
    elif lease.hold is not None:
        prepare_deposit(lease.hold.pk)
    return redirect("web:lease", pk)
