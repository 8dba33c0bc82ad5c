"""Resuming a lease that compliance ended: the page asks once more, and the gate is asked as for any lease."""

import uuid
from contextlib import suppress
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from compliance.base.errors import Refusal
from marketplace.client_address import client_address
from marketplace.models import Lease, User
from marketplace.permissions import DEAL
from marketplace.selectors.leases import rented_lease_for
from marketplace.services import resumption
from marketplace.services.resumption import Remainder, remainder_of
from marketplace.templatetags.ui import duration, money
from marketplace.views.base import person, refusal_page
from marketplace.views.lease_words import RAIL_WORDS
from marketplace.views.leasing import parsed
from settlement.services.chain_deposits import prepare_deposit


def resumable(lease: Lease, user: User) -> Remainder | None:
    """What of the lease the person may resume now."""
    roles = user.memberships.filter(organization_id=lease.renter_id, role__in=DEAL)
    return remainder_of(lease) if lease.end_reason in resumption.RESUMABLE_ENDS and roles.exists() else None


@login_required
def lease_resume(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The page says what goes on and at which price; then a new lease waits for its funds."""
    user = person(request)
    found = rented_lease_for(user, pk)
    if request.method == "POST":
        return _resumed(request, found, user)
    left = resumable(found, user)
    if left is None:
        messages.warning(request, "This lease cannot be resumed, or not yet, or your role cannot resume it.")
        return redirect("web:lease", pk)
    cents = found.offer.price_minor_per_gpu_hour
    context = {
        "heading": "Resume this lease?",
        "consequence": "A new lease starts with the same workload, on the same offer, for what was left. What the old "
        "one had not saved elsewhere stays lost. It is checked as any lease, and the money is set aside anew.",
        "facts": [
            ("Lease", f"{found.gpu_count} × {found.gpu_model.name}"),
            ("Time left", duration(left.seconds)),
            ("Spend at most", money(left.most_cents)),
            ("Price now", f"{money(cents)} per GPU hour"),
            ("Paid by", RAIL_WORDS[found.rail]),
        ],
        "hidden": [("lease_id", str(uuid.uuid4())), ("seen_price", str(cents))],
        "verb": "Resume it",
        "tone": "primary",
        "back": reverse("web:lease", args=[pk]),
        "back_label": "Leave it",
    }
    return render(request, "marketplace/confirm.html", context)


def _resumed(request: HttpRequest, found: Lease, user: User) -> HttpResponse:
    """Where to go with the answer. The id was made with the page, so that sending it twice resumes once."""
    seen = request.POST.get("seen_price", "")
    try:
        lease = resumption.resume_lease(
            found.pk,
            user,
            user=user,
            actor=user.as_actor(),
            new_id=parsed(request.POST.get("lease_id", "")) or uuid.uuid4(),
            price_minor_per_gpu_hour=int(seen) if seen.isdecimal() and len(seen) < 12 else None,
            address=client_address(request),
        )
    except Refusal as refusal:
        decision = refusal.extra.get("decision_id")
        if decision:
            return redirect(f"{reverse('web:decision', args=[decision])}?wizard=1")
        return refusal_page(request, refusal, back=reverse("web:lease", args=[found.pk]))
    if lease.rail == "escrow" and lease.hold is not None:
        # The lease's page can ask for it again.
        with suppress(Refusal):
            prepare_deposit(lease.hold.pk)
    return redirect("web:lease", lease.pk)
