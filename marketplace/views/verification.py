"""The verification form: the party, its owners and signatories, its wallets, the declaration."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.forms import BaseFormSet, Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from compliance.base.errors import Forbidden, NotFound, Refusal
from compliance.selectors.cases import open_requests_to
from compliance.selectors.identity import kyc_status, submission
from compliance.selectors.ownership import Upstream, upstream
from compliance.selectors.parties import ownership_graph, wallets_of
from compliance.services import identity, parties
from compliance.services.parties import OwnerInput, PartyInput
from marketplace.forms.verification import CompleteForm, OwnerForm, OwnersForm, PartyForm, SubmitForm, WalletForm
from marketplace.permissions import OWN
from marketplace.views.base import Seat, crumb, member_view, show_refusal
from marketplace.views.ownership import picture_of

NOTICES = {
    "none": ("neutral", "Not verified yet", "Fill in the four parts; leases and payouts wait until a person agreed."),
    "submitted": ("waiting", "Submitted", "A person looks at it. You can still correct it; submit again then."),
    "verified": ("allowed", "Verified", "Leases rest on what stands here. A change means verifying again."),
    "changed": ("waiting", "Changed since it was verified", "What you changed must be looked at: submit again."),
    "expired": ("waiting", "Expired", "Look through what stands here and submit it again."),
    "rejected": ("refused", "Not accepted", "Correct what is wrong or incomplete and submit again."),
}
FIELDS = (
    "kind",
    "name",
    "country",
    "region",
    "headquarters_country",
    "address",
    "registration_number",
    "birth_date",
)


def details_of(party: Any) -> dict[str, str]:
    """The party's own facts, by field."""
    return {name: getattr(party, name) for name in FIELDS}


@member_view
def verification(request: HttpRequest, seat: Seat) -> HttpResponse:
    """All parts on one page; each form says by `part` which it is."""
    party = seat.organization.party
    forms: dict[str, Form] = {
        "party": PartyForm(initial=details_of(party)),
        "wallet": WalletForm(),
        "submit": SubmitForm(initial={"signatory": seat.user.name}),
    }
    if request.method == "POST":
        if not seat.may(OWN):
            raise Forbidden("Only an owner of the organization may change this. Nothing was changed.")
        part = request.POST.get("part", "")
        if part not in DEEDS:
            raise NotFound
        form = DEEDS[part](request, seat)
        if form is None:
            return redirect(f"/verification#{part}")
        forms[part] = form
    above = upstream([party.pk])
    status = kyc_status(party.pk)
    tone, title, text = NOTICES.get(status.state, NOTICES["none"])
    return render(
        request,
        "marketplace/verification.html",
        {
            "state": status.state,
            "notice": {"tone": tone, "title": title, "text": text},
            "verification": submission(status.verification_id) if status.verification_id else None,
            "party_form": forms["party"],
            "wallet_form": forms["wallet"],
            "submit_form": forms["submit"],
            "wallets": wallets_of(party.pk),
            "graph": picture_of(ownership_graph(party.pk), for_party=True),
            "entities": entities_of(party.pk, above),
            "open_request": next(iter(open_requests_to(party.pk)), None),
            "may_edit": seat.may(OWN),
        },
    )


def entities_of(party_id: UUID, above: Upstream) -> list[dict[str, Any]]:
    """The legal entities whose owners can be named, the organization first, and how many holders each has."""
    rows = []
    for party in sorted(above.parties.values(), key=lambda each: (each.pk != party_id, each.name)):
        if party.kind != "entity" and party.pk != party_id:
            continue
        count = sum(edge.owned_id == party.pk for edge in above.edges)
        complete = "all declared" if party.ownership_complete else "not declared complete"
        words = f"{count} holder{'' if count == 1 else 's'} or signator{'y' if count == 1 else 'ies'}, {complete}"
        rows.append({"id": party.pk, "name": party.name, "count": count, "words": words if count else "none named yet"})
    return rows


def _save_party(request: HttpRequest, seat: Seat) -> Form | None:
    form = PartyForm(request.POST)
    if not form.is_valid():
        return form
    try:
        parties.update_party(seat.organization.party_id, PartyInput(**form.cleaned_data), actor=seat.actor)
    except Refusal as refusal:
        show_refusal(form, refusal)
        return form
    messages.success(request, "Saved. Submit again when all parts are right.")
    return None


def _add_wallet(request: HttpRequest, seat: Seat) -> Form | None:
    form = WalletForm(request.POST)
    if not form.is_valid():
        return form
    try:
        parties.link_wallet(seat.organization.party_id, form.cleaned_data["address"].strip(), actor=seat.actor)
    except Refusal as refusal:
        form.add_error("address", refusal.message)
        return form
    messages.success(request, "The wallet is linked.")
    return None


def _submit(request: HttpRequest, seat: Seat) -> Form | None:
    form = SubmitForm(request.POST)
    if not form.is_valid():
        return form
    party = seat.organization.party
    missing = _missing(party)
    for why in missing:
        form.add_error(None, why)
    if missing:
        return form
    level = "business" if party.kind == "entity" else "individual"
    declaration = {"end_use": form.cleaned_data["end_use"], "signatory": form.cleaned_data["signatory"]}
    try:
        identity.submit_verification(party.pk, level, declaration, actor=seat.actor)
    except Refusal as refusal:
        show_refusal(form, refusal)
        return form
    messages.success(request, "Submitted. A person looks at it now; you see the answer here.")
    return None


def _missing(party: Any) -> list[str]:
    """What an officer would have to ask back for at once, in words that say where it goes."""
    if party.kind != "entity":
        return []
    missing = []
    if not party.headquarters_country:
        missing.append("Part 1 is not saved yet: say where the organization is directed from.")
    named_owners = any(edge.owned_id == party.pk for edge in upstream([party.pk]).edges)
    if not named_owners and not party.ownership_complete:
        missing.append("Part 2 is open: name the owners, or say there that there are none.")
    return missing


DEEDS = {"party": _save_party, "wallet": _add_wallet, "submit": _submit}


@member_view
def owners(request: HttpRequest, seat: Seat, pk: UUID) -> HttpResponse:
    """The direct holders of the organization or of an entity above it; 404 for any other party."""
    above = upstream([seat.organization.party_id])
    party = above.parties.get(pk)
    if party is None:
        raise NotFound
    if not seat.may(OWN):
        raise Forbidden("Only an owner of the organization may change this. Nothing was changed.")
    # What was sent stands for itself: compared with the present rows, an unchanged one would count as empty.
    formset = OwnersForm(request.POST) if request.method == "POST" else OwnersForm(initial=_rows(pk, above))
    complete = CompleteForm(request.POST or None, initial={"complete": party.ownership_complete})
    if request.method == "POST" and formset.is_valid() and complete.is_valid():
        try:
            with transaction.atomic():
                wanted = [_owner(row, pk, above, seat) for row in named(formset)]
                parties.declare_ownership(pk, wanted, complete.cleaned_data["complete"], actor=seat.actor)
        except Refusal as refusal:
            _refuse(formset, refusal)
        else:
            messages.success(request, f"The holders of {party.name} are saved.")
            return redirect("web:owners", pk) if "more" in request.POST else redirect("/verification#owners")
    context = {
        "party_name": party.name,
        "formset": formset,
        "complete_form": complete,
        "crumbs": [crumb("Verification", "/verification"), crumb("Owners")],
    }
    return render(request, "marketplace/owners.html", context)


def named(formset: "BaseFormSet[OwnerForm]") -> list[dict[str, Any]]:
    """The rows that name someone."""
    return [form.cleaned_data for form in formset.forms if form.cleaned_data.get("name")]


def _refuse(formset: "BaseFormSet[OwnerForm]", refusal: Refusal) -> None:
    formset.non_form_errors().append(refusal.message)


def _rows(party_id: UUID, above: Upstream) -> list[dict[str, Any]]:
    rows = []
    for edge in above.edges:
        if edge.owned_id != party_id:
            continue
        owner = above.parties[edge.owner_id]
        exact = edge.share_min == edge.share_max
        rows.append(
            {
                "party_id": owner.pk,
                "name": owner.name,
                "kind": owner.kind,
                "country": owner.country,
                "headquarters_country": owner.headquarters_country,
                "birth_date": owner.birth_date,
                "interest": edge.interest,
                "share": _plain(edge.share_min),
                "share_max": "" if exact else _plain(edge.share_max),
            }
        )
    return rows


def _plain(share: Decimal) -> str:
    return f"{share:.4f}".rstrip("0").rstrip(".")


def _owner(row: dict[str, Any], owned_id: UUID, above: Upstream, seat: Seat) -> OwnerInput:
    """The holder: one that stood there before keeps its identity (and its own owners) when its details change."""
    low = row["share"] or Decimal(0)
    high = row["share_max"] if row["share_max"] is not None else low
    shares = {"share_min": low, "share_max": high, "interest": row["interest"]}
    told = {name: row[name] for name in ("kind", "name", "country", "headquarters_country", "birth_date")}
    present = {edge.owner_id for edge in above.edges if edge.owned_id == owned_id}
    known = row["party_id"] if row["party_id"] in present else None
    if known is None:
        return OwnerInput(party=PartyInput(**told), **shares)
    if known != seat.organization.party_id:
        details = PartyInput(**{**details_of(above.parties[known]), **told})
        parties.update_party(known, details, actor=seat.actor)
    return OwnerInput(party=known, **shares)
