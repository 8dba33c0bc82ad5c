"""The deeds of the verification page: each gives the form that was not right, or None when it is done."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest

from compliance.base.errors import NotFound, Refusal
from compliance.selectors.identity_needs import levels_open_to
from compliance.services import documents, identity, parties
from compliance.services.parties import PartyInput
from marketplace.forms.verification import DocumentForm, PartyForm, SubmitForm, WalletForm
from marketplace.views import domain_parts
from marketplace.views.base import Seat, carry_out, show_refusal

Deed = Callable[[HttpRequest, Seat], Form | None]
FIELDS = (
    "kind",
    "name",
    "country",
    "region",
    "headquarters_country",
    "address",
    "registration_number",
    "birth_date",
    "lei",
)
PART_OF_WAY = {"fact": 1, "owners": 2, "document": 3, "vendor": 3, "domain": 5}


def details_of(party: Any) -> dict[str, Any]:
    """The party's own facts, by field."""
    return {name: getattr(party, name) for name in FIELDS}


def level_choices(party: Any) -> list[tuple[str, str]]:
    """The levels open to the party, as a form offers them."""
    words = {"enhanced": "two officers look at it"}
    return [
        (level.code, f"{level.title}: {words.get(level.code, 'what most leases need')}")
        for level in levels_open_to(party)
    ]


def _save_party(request: HttpRequest, seat: Seat) -> Form | None:
    return carry_out(
        request,
        PartyForm(request.POST),
        lambda data: parties.update_party(seat.organization.party_id, PartyInput(**data), actor=seat.actor),
        "Saved. Submit again when all parts are right.",
    )


def _add_wallet(request: HttpRequest, seat: Seat) -> Form | None:
    return carry_out(
        request,
        WalletForm(request.POST),
        lambda data: parties.link_wallet(seat.organization.party_id, data["address"].strip(), actor=seat.actor),
        "The wallet is linked. Prove it before you use it for escrow.",
        beside="address",
    )


def _add_document(request: HttpRequest, seat: Seat) -> Form | None:
    return carry_out(
        request,
        DocumentForm(request.POST, request.FILES),
        lambda data: documents.hand_in(seat.organization.party_id, data["kind"], data["file"], actor=seat.actor),
        "The document is kept, encrypted. Submit when all parts are right.",
        beside="file",
    )


def _discard_document(request: HttpRequest, seat: Seat) -> Form | None:
    try:
        document_id = UUID(request.POST.get("document", ""))
    except ValueError as error:
        raise NotFound from error
    documents.discard(document_id, seat.organization.party_id, actor=seat.actor)
    messages.success(request, "The document is gone.")
    return None


def _open_code(request: HttpRequest, seat: Seat) -> Form | None:
    documents.open_code(seat.organization.party_id)
    return None


def _submit(request: HttpRequest, seat: Seat) -> Form | None:
    party = seat.organization.party
    form = SubmitForm(request.POST, levels=level_choices(party))
    if not form.is_valid():
        return form
    data = form.cleaned_data
    declaration = {"end_use": data["end_use"], "signatory": data["signatory"]}
    try:
        submitted = identity.submit_verification(party.pk, data["level"], declaration, actor=seat.actor)
    except identity.NeedsOpen as lacking:
        for need in lacking.needs:
            form.add_error(None, f"Still needed, in part {PART_OF_WAY[need.by[0].kind]}: {need.label}.")
        return form
    except Refusal as refusal:
        show_refusal(form, refusal)
        return form
    done = submitted.state == "verified"
    messages.success(
        request, "You are verified." if done else "Submitted. A person looks at it now; you see the answer here."
    )
    return None


DEEDS: dict[str, Deed] = {
    "domain": domain_parts.begin_record,
    "record": domain_parts.look_at_record,
    "letter": domain_parts.send_letter,
    "mailed": domain_parts.check_code,
    "party": _save_party,
    "wallet": _add_wallet,
    "document": _add_document,
    "discard": _discard_document,
    "code": _open_code,
    "submit": _submit,
}
# After a deed the page opens at the part that it changed.
ANCHORS = {
    "code": "documents",
    "discard": "documents",
    "document": "documents",
    "letter": "domain",
    "mailed": "domain",
    "record": "domain",
    "wallet": "wallets",
}
