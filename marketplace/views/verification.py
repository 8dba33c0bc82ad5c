"""The verification page: the party, its owners, documents and checks, wallets, the declaration."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from compliance.base import clock
from compliance.base.errors import Forbidden, NotFound, Refusal
from compliance.selectors.documents import documents_of, open_code_of
from compliance.selectors.identity import KycStatus, kyc_status, submission
from compliance.selectors.identity_checks import newest_checks
from compliance.selectors.identity_needs import level_of, levels_open_to, need_states
from compliance.selectors.ownership import Upstream, upstream
from compliance.selectors.parties import ownership_graph, wallets_of
from compliance.services import identity_checks
from compliance.services.identity_vendors import vendors
from marketplace.forms.verification import (
    CodeForm,
    DocumentForm,
    DomainForm,
    LetterForm,
    PartyForm,
    SubmitForm,
    WalletForm,
)
from marketplace.permissions import OWN
from marketplace.views.base import Seat, member_view
from marketplace.views.domain_parts import domains_for_party
from marketplace.views.ownership import picture_of
from marketplace.views.verification_parts import ANCHORS, DEEDS, details_of, level_choices

NOTICES = {
    "none": ("neutral", "Not verified yet", "Fill in the parts; leases and payouts wait until you are verified."),
    "submitted": ("waiting", "Submitted", "A person looks at it. You can still correct it; submit again then."),
    "verified": ("allowed", "Verified", "Leases rest on what stands here. A change means verifying again."),
    "changed": ("waiting", "Changed since it was verified", "What you changed must be looked at: submit again."),
    "expired": ("waiting", "Expired", "Look through what stands here and submit it again."),
    "rejected": ("refused", "Not accepted", "Correct what is wrong or incomplete and submit again."),
}
RENEW_WITHIN_DAYS = 30
# The part of the page in which a need is met, by its first way.
PART_OF_NEED = {"fact": "party", "owners": "owners", "document": "documents", "vendor": "documents", "domain": "domain"}


@member_view
def verification(request: HttpRequest, seat: Seat) -> HttpResponse:
    """All parts on one page; each form says by `part` which it is."""
    party = seat.organization.party
    status = kyc_status(party.pk)
    levels = level_choices(party)
    forms: dict[str, Form] = {
        "party": PartyForm(initial=details_of(party)),
        "document": DocumentForm(),
        "wallet": WalletForm(),
        "domain": DomainForm(),
        "letter": LetterForm(),
        "mailed": CodeForm(),
        "submit": SubmitForm(initial={"signatory": seat.user.name, "level": _level_now(status, levels)}, levels=levels),
    }
    if request.method == "POST":
        if not seat.may(OWN):
            raise Forbidden("Only an owner of the organization may change this. Nothing was changed.")
        part = request.POST.get("part", "")
        if part not in DEEDS:
            raise NotFound
        form = DEEDS[part](request, seat)
        if form is None:
            return redirect(f"{reverse('web:verification')}#{ANCHORS.get(part, part)}")
        forms[part] = form
    above = upstream([party.pk])
    context = {
        "state": status.state,
        "notice": notice_of(status),
        "verification": submission(status.verification_id) if status.verification_id else None,
        "expires_at": status.expires_at,
        "forms": forms,
        "needs": needs_of(party),
        "documents": documents_for_party(party.pk),
        "code": open_code_of(party.pk),
        "checks": checks_for_party(party.pk),
        "wallets": wallets_of(party.pk),
        "domains": domains_for_party(party.pk),
        "graph": picture_of(ownership_graph(party.pk), for_party=True),
        "entities": entities_of(party.pk, above),
        "may_edit": seat.may(OWN),
    }
    return render(request, "marketplace/verification.html", context)


@require_POST
@member_view
def check(request: HttpRequest, seat: Seat) -> HttpResponse:
    """The way to a vendor's own page, on which the person who signs shows document and face."""
    if not seat.may(OWN):
        raise Forbidden("Only an owner of the organization may do this. Nothing was changed.")
    back = request.build_absolute_uri(reverse("web:verification"))
    try:
        url = identity_checks.begin_check(
            seat.organization.party_id, request.POST.get("vendor", ""), return_url=back, actor=seat.actor
        )
    except Refusal as refusal:
        if isinstance(refusal, NotFound):
            raise
        messages.warning(request, refusal.message)
        return redirect(f"{reverse('web:verification')}#documents")
    if url.startswith(back):
        return redirect(url)
    context = {
        "url": url,
        "heading": "Show your document and your face",
        "why": "Gridclear learns your name, your date of birth and whether they were proven; never your pictures.",
        "site": "the site of the identity check",
        "back": back,
    }
    return render(request, "marketplace/leave.html", context)


def notice_of(status: KycStatus) -> dict[str, str]:
    """What the page says first: where the party stands, and what to do."""
    tone, title, text = NOTICES.get(status.state, NOTICES["none"])
    days = status.days_left
    if status.in_force and status.renewal_id:
        title, text = "Verified, and your renewal is with us", "What is in force stays so until we have decided."
    elif days is not None and days <= RENEW_WITHIN_DAYS:
        tone, title = "waiting", f"Verified for {days} more day{'' if days == 1 else 's'}"
        text = "Renew it now: bring what is missing below and submit. What is in force stays so until we have decided."
    return {"tone": tone, "title": title, "text": text}


def needs_of(party: Any) -> list[dict[str, Any]]:
    """Each level open to the party with what it asks for and how far that is met."""
    found, told = [], set[str]()
    for level in levels_open_to(party):
        wanted = level_of(party, level.code)
        states = need_states(party, wanted, clock.now()) if wanted else []
        rows = [
            {
                "label": each.need.label,
                "source": each.need.source,
                "state": _need_word(each.met, pending=each.pending),
                "part": PART_OF_NEED[each.need.by[0].kind],
            }
            for each in states
            if each.need.code not in told
        ]
        told |= {each.need.code for each in states}
        met = sum(each.met for each in states)
        found.append({"title": level.title, "rows": rows, "met": met, "count": len(states)})
    return found


def documents_for_party(party_id: UUID) -> list[dict[str, Any]]:
    """What was handed in: what it is and when, never its picture, which is for officers alone."""
    rows = documents_of(party_id).prefetch_related("verifications")
    return [
        {
            "id": row.pk,
            "kind": row.get_kind_display(),
            "pages": row.pages,
            "at": row.created_at,
            "used": bool(row.verifications.all()),
        }
        for row in rows
    ]


def checks_for_party(party_id: UUID) -> list[dict[str, Any]]:
    """Each vendor that proves something, and how the newest check of the party stands there."""
    newest = newest_checks(party_id)
    return [
        {
            "vendor": vendor.code,
            "title": vendor.title,
            "state": newest[vendor.code].state if vendor.code in newest else "",
            "open": vendor.code not in newest or newest[vendor.code].state not in ("processing", "verified"),
        }
        for vendor in vendors()
        if vendor.proves
    ]


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


def _level_now(status: KycStatus, levels: list[tuple[str, str]]) -> str:
    """The level that the party has, else the plainest."""
    codes = [code for code, _ in levels]
    return status.verified_level if status.verified_level in codes else codes[0]


def _need_word(met: bool, *, pending: bool) -> str:
    return "need_met" if met else "need_pending" if pending else "need_open"
