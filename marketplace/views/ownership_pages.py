"""Ownership in full: as of a day, with its history; taken back, and imported from a file."""

from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from compliance.base import clock
from compliance.base.errors import Forbidden, InvalidInput, NotFound, Refusal
from compliance.selectors.cases import case_in_full
from compliance.selectors.ownership import declarations_about, past_edges, upstream
from compliance.selectors.ownership_answers import ownership_answers
from compliance.selectors.parties import holding_words, ownership_graph
from compliance.services import parties
from compliance.services.ownership_import import import_ownership, preview_import, read_upload
from marketplace.forms.ownership import AsOfForm, OwnershipFileForm
from marketplace.permissions import OWN
from marketplace.views.base import Seat, crumb, member_view, officer_view
from marketplace.views.case_view import actor_names, name_of
from marketplace.views.ownership import picture_of

SALT = "gridclear.ownership_import"
GOOD_FOR_SECONDS = 3600
MOST_ROWS = 200  # of each part of the history
HOME = "/verification/ownership"
LEAVE = "Only an owner of the organization may change this. Nothing was changed."
TOO_OLD = "What was shown is more than an hour old, or was altered. Nothing was imported; choose the file again."


@member_view
def ownership(request: HttpRequest, seat: Seat) -> HttpResponse:
    """The organization's owners and theirs on a day, what was before, and what can be done."""
    party = seat.organization.party
    form, day = _day(request)
    context = {
        "party": party,
        "form": form,
        "graph": picture_of(ownership_graph(party.pk, day), for_party=True),
        "may_edit": seat.may(OWN),
        "crumbs": [crumb("Verification", "/verification"), crumb("Ownership")],
        **history_of(party.pk, day),
    }
    return render(request, "marketplace/ownership.html", context)


@officer_view
def case_ownership(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What stands behind the party of a case on a day: each authority's answer, and the history."""
    case = case_in_full(pk).case
    if case.party is None:
        raise NotFound
    form, day = _day(request)
    context = {
        "party": case.party,
        "form": form,
        "graph": picture_of(ownership_graph(case.party.pk, day), for_party=False),
        "answers": ownership_answers(case.party.pk, day),
        "crumbs": [crumb("Cases", "/cases"), crumb(f"Case {case.number}", f"/cases/{pk}"), crumb("Ownership")],
        **history_of(case.party.pk, day),
    }
    return render(request, "marketplace/ownership.html", context)


@member_view
def undo(request: HttpRequest, seat: Seat) -> HttpResponse:
    """The page asks once more; then the newest change of owners is taken back."""
    if not seat.may(OWN):
        raise Forbidden(LEAVE)
    if request.method == "POST":
        try:
            parties.undo_ownership(seat.organization.party_id, actor=seat.actor)
        except Refusal as refusal:
            messages.warning(request, refusal.message)
        else:
            messages.success(request, "The newest change of owners is taken back.")
        return redirect("web:ownership")
    newest = declarations_about(seat.organization.party_id).filter(undone_at=None).first()
    if newest is None:
        messages.warning(request, "There is no change of owners that could be taken back.")
        return redirect("web:ownership")
    context = {
        "heading": "Take back the newest change of owners?",
        "consequence": f"On {newest.created_at:%d %B %Y} it added {newest.added.count()} and ended "
        f"{newest.ended.count()} holdings. What it added counts as never held, what it ended goes on.",
        "verb": "Take it back",
        "back": HOME,
    }
    return render(request, "marketplace/confirm.html", context)


@member_view
def import_file(request: HttpRequest, seat: Seat) -> HttpResponse:
    """A file is read and shown; what was shown, and nothing else, is stored when it is confirmed."""
    if not seat.may(OWN):
        raise Forbidden(LEAVE)
    form, shown = OwnershipFileForm(), None
    if "shown" in request.POST:
        try:
            return _confirm(request, seat)
        except Refusal as refusal:
            messages.warning(request, refusal.message)
            return redirect("web:ownership_import")
    if request.method == "POST":
        form = OwnershipFileForm(request.POST, request.FILES)
        if form.is_valid():
            try:
                name, content = form.cleaned_data["file"]
                shown = _preview(name, content, seat)
            except Refusal as refusal:
                form.add_error("file", refusal.message)
    crumbs = [crumb("Verification", "/verification"), crumb("Ownership", HOME), crumb("Import")]
    return render(request, "marketplace/ownership_import.html", {"form": form, "shown": shown, "crumbs": crumbs})


def history_of(party_id: UUID, day: date | None) -> dict[str, Any]:
    """What held on the day, what is over or was taken back, and what was declared; in words."""
    above = upstream([party_id], day)
    past = list(past_edges(above.parties)[:MOST_ROWS])
    declared = list(declarations_about(party_id)[:MOST_ROWS])
    refs = {each.declared_by for each in declared} | {each.undone_by for each in declared if each.undone_by}
    refs |= {each.declared_in.declared_by for each in past if each.declared_in}
    names = actor_names(refs)
    named = {key: party.name for key, party in above.parties.items()}
    return {
        "day": day,
        "today": clock.now().date(),
        "holdings": [_holding(each, named[each.owner_id], named[each.owned_id]) for each in above.edges],
        "past": [
            {
                **_holding(each, each.owner.name, each.owned.name),
                "by": name_of(each.declared_in.declared_by, names) if each.declared_in else "",
            }
            for each in past
        ],
        "declarations": [
            {
                "kind": each.get_kind_display(),
                "source": each.source,
                "at": each.created_at,
                "by": name_of(each.declared_by, names),
                "undone_at": each.undone_at,
                "undone_by": name_of(each.undone_by, names) if each.undone_by else "",
            }
            for each in declared
        ],
        "can_undo": any(each.undone_at is None for each in declared),
    }


def _holding(edge: Any, owner: str, owned: str) -> dict[str, Any]:
    return {
        "owner": owner,
        "owned": owned,
        "words": holding_words(edge),
        "since": edge.started_on,
        "until": edge.ended_on,
        "withdrawn": edge.withdrawn_at is not None,
        "source": edge.source,
    }


def _day(request: HttpRequest) -> tuple[AsOfForm, date | None]:
    """The form, and the day that it asks for; None is today."""
    form = AsOfForm(request.GET if "on" in request.GET else None)
    return form, form.cleaned_data["on"] if form.is_bound and form.is_valid() else None


def _preview(name: str, content: bytes, seat: Seat) -> dict[str, Any]:
    """What the file would change; the content goes along, signed for this organization."""
    party_id = seat.organization.party_id
    preview = preview_import(party_id, read_upload(party_id, name, content))
    text = content.decode("utf-8", errors="surrogateescape")
    return {
        "name": name,
        "preview": preview,
        "added": [_holding(edge, owner, owned) for owner, owned, edge in preview.added],
        "ended": [_holding(edge, owner, owned) for owner, owned, edge in preview.ended],
        "signed": signing.dumps({"party": str(party_id), "name": name, "text": text}, salt=SALT, compress=True),
    }


def _confirm(request: HttpRequest, seat: Seat) -> HttpResponse:
    """What was shown is stored. Raises InvalidInput for what was never shown to this organization."""
    try:
        shown = signing.loads(request.POST["shown"], salt=SALT, max_age=GOOD_FOR_SECONDS)
    except signing.BadSignature as error:
        raise InvalidInput(TOO_OLD) from error
    party_id = seat.organization.party_id
    if shown["party"] != str(party_id):
        raise InvalidInput(TOO_OLD)
    content = shown["text"].encode("utf-8", errors="surrogateescape")
    settled = import_ownership(party_id, read_upload(party_id, shown["name"], content), actor=seat.actor)
    messages.success(
        request, f"{settled.added} holdings were added and {settled.ended} ended. Submit again when all is right."
    )
    return redirect("web:ownership")
