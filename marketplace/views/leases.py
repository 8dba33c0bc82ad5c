"""Leases: the list, one lease as it goes, its end."""

import csv
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from compliance.base.errors import NotFound
from marketplace.forms.leases import END_USE_KINDS
from marketplace.models import Lease, User
from marketplace.permissions import DEAL
from marketplace.selectors.leases import (
    cost_so_far,
    last_lines,
    lease_for,
    leases_rented_by,
    rented_lease_for,
    sla_credit,
)
from marketplace.services import leases as services
from marketplace.templatetags.ui import duration, money
from marketplace.views.base import Seat, asked_for, crumb, member_view, page_of, person, tabs
from marketplace.views.case_view import evidence_links
from marketplace.views.decisions import card_of_lease
from marketplace.views.deposits import deposit_of
from marketplace.views.lease_words import NOTICES, RAIL_WORDS, end_words, timeline
from marketplace.views.money import receipt_of
from marketplace.views.places import place_of
from marketplace.views.receipts import credit_words
from marketplace.views.refunds import may_refund, refund_rows
from marketplace.views.resuming import resumable

STOPPABLE = (Lease.State.PENDING_FUNDS, Lease.State.FUNDED, Lease.State.STARTING, Lease.State.RUNNING)
TABS = (("", "All"), ("live", "Live"), ("over", "Over"))
LOG_LINES = 300


def found_leases(request: HttpRequest, seat: Seat) -> QuerySet[Lease]:
    """The organization's leases that fit the URL's search and state."""
    rows = leases_rented_by(seat.user).filter(renter=seat.organization)
    query, state = asked_for(request, "q"), asked_for(request, "state")
    if query:
        wanted = Q(gpu_model__name__icontains=query) | Q(image__icontains=query)
        wanted |= Q(node__name__icontains=query) | Q(id__startswith=query.lower())
        rows = rows.filter(wanted)
    live = (*Lease.LIVE, Lease.State.SUSPENDED)
    if state == "live":
        return rows.filter(state__in=live)
    return rows.exclude(state__in=live) if state == "over" else rows


def row_of(lease: Lease, *, for_renter: bool = True) -> dict[str, Any]:
    """A lease as the table shows it."""
    return {
        "lease": lease,
        "place": place_of(lease.node),
        "cost_minor": cost_so_far(lease).minor,
        "end_words": end_words(lease, for_renter=for_renter),
    }


@member_view
def leases(request: HttpRequest, seat: Seat) -> HttpResponse:
    """The organization's leases."""
    page = page_of(request, found_leases(request, seat))
    page.object_list = [row_of(lease) for lease in page.object_list]
    state = asked_for(request, "state")
    context = {
        "page": page,
        "q": asked_for(request, "q"),
        "state": state,
        "tabs": tabs(TABS, reverse("web:leases"), state),
    }
    return render(request, "marketplace/leases.html", context)


@member_view
def leases_csv(request: HttpRequest, seat: Seat) -> HttpResponse:
    """The same leases as a table for a spreadsheet; amounts in minor units, times in UTC."""
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="gridclear-leases.csv"'
    table = csv.writer(response)
    table.writerow(
        [
            "lease",
            "gpu",
            "gpus",
            "state",
            "end",
            "opened_at",
            "ended_at",
            "billed_seconds",
            "cost_minor",
            "sla_credit_minor",
            "currency",
        ]
    )
    for lease in found_leases(request, seat).iterator(chunk_size=500):
        ended = lease.ended_at.isoformat() if lease.ended_at else ""
        cost = cost_so_far(lease)
        table.writerow(
            [
                lease.pk,
                lease.gpu_model_id,
                lease.gpu_count,
                lease.state,
                lease.end_reason,
                lease.created_at.isoformat(),
                ended,
                lease.billed_seconds,
                cost.minor,
                sla_credit(lease).minor,
                cost.currency,
            ]
        )
    return response


def live_context(request: HttpRequest, lease: Lease) -> dict[str, Any]:
    """What changes while a lease goes."""
    user = person(request)
    is_renter = lease.renter_id in user.organization_ids()
    return {
        "lease": lease,
        "is_renter": is_renter,
        "end_use_kind": dict(END_USE_KINDS).get(lease.end_use_kind, ""),
        "live": not lease.is_terminal,
        "cost_minor": cost_so_far(lease).minor,
        "credit_minor": sla_credit(lease).minor,
        "end_words": end_words(lease, for_renter=is_renter),
        "notice": NOTICES.get(lease.state, "") if is_renter else "",
        "left": resumable(lease, user) if is_renter else None,
        "events": timeline(lease),
        "logs": last_lines(lease, LOG_LINES) if is_renter else [],
    }


@login_required
def lease(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One lease, for its renter, its provider and the platform's people."""
    user = person(request)
    found = lease_for(user, pk)
    context = live_context(request, found)
    is_renter = context["is_renter"]
    other = f"from {found.provider.name}" if is_renter else f"rented by {found.renter.name}"
    context |= {
        "place": place_of(found.node),
        "counterpart": other,
        "resumed_by": Lease.objects.filter(resumes=found).first(),
        "rail_label": RAIL_WORDS[found.rail],
        "may_stop": may_stop(request, found),
        "receipt": receipt_of(found, user),
        "may_refund": may_refund(found, user),
        "refunds": refund_rows(found),
        "deposit": deposit_of(found) if is_renter else None,
        "card": card_of_lease(found, user) if is_renter or user.is_platform_staff else None,
        "evidence_of": evidence_links(lease=found.pk) if user.is_officer else [],
        "crumbs": [trail_of(found, user), crumb("Lease")],
    }
    return render(request, "marketplace/lease.html", context)


def trail_of(lease: Lease, user: User) -> dict[str, str]:
    """Where the reader came from: the renter's list, the provider's page, or the officers' queue."""
    mine = user.organization_ids()
    if lease.renter_id in mine:
        return crumb("Leases", reverse("web:leases"))
    return (
        crumb("Provider", reverse("web:provider"))
        if lease.provider_id in mine
        else crumb("Audit", reverse("web:audit"))
    )


def may_stop(request: HttpRequest, lease: Lease) -> bool:
    """Whether the reader may stop the lease now."""
    roles = person(request).memberships.filter(organization_id=lease.renter_id, role__in=DEAL)
    return lease.state in STOPPABLE and roles.exists()


def lease_live(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The part of the page that htmx asks for again and again; a page whose session has ended is loaded anew."""
    if not request.user.is_authenticated:
        if "HX-Request" in request.headers:
            return HttpResponse(headers={"HX-Refresh": "true"})
        return redirect_to_login(request.get_full_path())
    found = lease_for(person(request), pk)
    return render(request, "marketplace/parts/lease_live.html", live_context(request, found))


@login_required
def lease_stop(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The page asks once more; then the lease is being stopped."""
    user = person(request)
    found = rented_lease_for(user, pk)
    if not may_stop(request, found):
        messages.warning(request, "This lease is over or is being stopped, or your role cannot stop it.")
        return redirect("web:lease", pk)
    if request.method == "POST":
        services.stop_lease(pk, user, actor=user.as_actor())
        messages.success(request, "The lease is being stopped. No further time is billed.")
        return redirect("web:lease", pk)
    cost = cost_so_far(found)
    context = {
        "heading": "Stop this lease?",
        "consequence": "The workload ends within seconds, and what it has not saved elsewhere is lost. "
        "You pay for the time until now; the rest of the money is released.",
        "facts": [
            ("Lease", f"{found.gpu_count} × {found.gpu_model.name}"),
            ("Billed time", duration(found.billed_seconds)),
            ("Cost so far", money(cost.minor, cost.currency)),
        ],
        "verb": "Stop it",
        "back": reverse("web:lease", args=[pk]),
        "back_label": "Let it run",
    }
    return render(request, "marketplace/confirm.html", context)


@login_required
def receipt(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The receipt of a settled lease."""
    user = person(request)
    found = lease_for(user, pk)
    issued = receipt_of(found, user)
    if issued is None:
        raise NotFound("There is no receipt yet: the lease is not settled.")
    is_renter = found.renter_id in user.organization_ids()
    context = {
        "lease": found,
        "receipt": issued,
        "is_provider": found.provider_id in user.organization_ids(),
        "end_words": f"{end_words(found, for_renter=is_renter)}." if found.end_reason else "",
        "credit_words": credit_words(issued),
        "crumbs": [crumb("Lease", reverse("web:lease", args=[pk])), crumb("Receipt")],
    }
    return render(request, "marketplace/receipt.html", context)
