"""The deeds about domains on the verification page."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest

from compliance.base.errors import NotFound, Refusal
from compliance.selectors.domain_proofs import domains_of
from compliance.services import domain_proofs
from marketplace.forms.verification import CodeForm, DomainForm, LetterForm
from marketplace.services import domain_letters
from marketplace.views.base import Seat, carry_out


def begin_record(request: HttpRequest, seat: Seat) -> Form | None:
    """A TXT record is asked for."""
    return carry_out(
        request,
        DomainForm(request.POST),
        lambda data: domain_proofs.begin_by_dns(seat.organization.party_id, data["domain"], actor=seat.actor),
        "Add the record that is shown now, then let us look at it.",
        beside="domain",
    )


def look_at_record(request: HttpRequest, seat: Seat) -> Form | None:
    """The record is looked at; what is wrong is told as a message, since the form has nothing to correct."""
    try:
        domain_proofs.prove_by_dns(_proof(request), seat.organization.party_id, actor=seat.actor)
    except NotFound:
        raise
    except Refusal as refusal:
        messages.warning(request, refusal.message)
    else:
        messages.success(request, "The domain is proven to be yours.")
    return None


def send_letter(request: HttpRequest, seat: Seat) -> Form | None:
    """A code is on its way to the address."""
    return carry_out(
        request,
        LetterForm(request.POST),
        lambda data: domain_letters.send_code(seat.organization.party_id, data["address"], actor=seat.actor),
        "The letter is on its way. Enter its code within half an hour.",
        beside="address",
    )


def check_code(request: HttpRequest, seat: Seat) -> Form | None:
    """The code proves the domain."""
    form = CodeForm(request.POST)
    if not form.is_valid():
        return form
    code = form.cleaned_data["code"]
    try:
        domain_proofs.prove_by_code(_proof(request), seat.organization.party_id, code, actor=seat.actor)
    except NotFound:
        raise
    except Refusal as refusal:
        form.add_error("code", refusal.message)
        return form
    messages.success(request, "The domain is proven to be yours.")
    return None


def domains_for_party(party_id: UUID) -> list[dict[str, Any]]:
    """The domains that are proven or under way, with the record that is asked for."""
    return [
        {
            "id": row.pk,
            "domain": row.domain,
            "method": row.method,
            "state": row.state,
            "name": domain_proofs.record_name(row),
            "value": domain_proofs.record_value(row),
        }
        for row in domains_of(party_id)
    ]


def _proof(request: HttpRequest) -> UUID:
    try:
        return UUID(request.POST.get("proof", ""))
    except ValueError as error:
        raise NotFound from error
