"""The same false positive in many cases: what repeats, the preview, and a batch from its proposal to its seal."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from compliance.base.actor import Actor
from compliance.base.errors import NotFound, Refusal
from compliance.selectors import case_batches as selectors
from compliance.selectors.case_batches import Candidate, Entry
from compliance.selectors.matches import MatchView
from compliance.services import case_batches as services
from marketplace.forms.cases import BatchApprovalForm, BatchForm
from marketplace.forms.countries import country_name
from marketplace.views.base import carry_out, crumb, officer_view, page_of, person, show_refusal
from marketplace.views.case_matches import entry_address
from marketplace.views.case_view import actor_names, name_of

WHY_SKIPPED = {
    "changed_since": "It became another question before it was proposed.",
    "party_changed": "The party changed, so it is open again.",
    "decided_otherwise": "It was decided on its own.",
    "subject_erased": "The party's data was erased.",
}


@officer_view
def batches(request: HttpRequest) -> HttpResponse:
    """The entries that several open cases are about, and every batch."""
    page = page_of(request, selectors.batches())
    names = actor_names({row.proposed_by for row in page.object_list})
    page.object_list = [
        {
            "pk": row.pk,
            "number": row.number,
            "listed_name": row.listed_party.primary_name,
            "state": f"batch_{row.state}",
            "size": row.size,
            "by": name_of(row.proposed_by, names),
            "at": row.created_at,
        }
        for row in page.object_list
    ]
    repeated = [
        {
            "name": row.listed_name,
            "list": row.entry.list_code,
            "id": row.entry.external_id,
            "cases": row.cases,
            "url": entry_address(row.entry),
        }
        for row in selectors.repeated_entries()
    ]
    context = {"page": page, "repeated": repeated, "crumbs": [_queue(), crumb("Same false positive")]}
    return render(request, "marketplace/case_batches.html", context)


@officer_view
def batch_new(request: HttpRequest) -> HttpResponse:
    """The cases about one entry, side by side with it; the officer ticks those in which it is another party."""
    entry = Entry(*(request.GET.get(name, "").replace("\0", "")[:80] for name in ("list", "entry", "hash")))
    found = selectors.preview(entry)
    form = BatchForm(request.POST or None)
    ticked = {each.case.pk for each in found.candidates if each.chosen}
    if request.GET.get("tick") == "all":
        ticked = {each.case.pk for each in found.candidates if not each.why_not}
    if request.method == "POST":
        ticked = ids_of(request.POST.getlist("case"))
        if form.is_valid():
            try:
                actor = person(request).as_actor()
                batch = services.propose_batch(entry, sorted(ticked), form.cleaned_data["why"], actor=actor)
            except Refusal as refusal:
                show_refusal(form, refusal)
            else:
                messages.success(request, f"Batch {batch.number} is being proposed. Another officer approves it.")
                return redirect("web:case_batch", batch.pk)
    context = {
        "form": form,
        "listed": listed_facts(found.view),
        "rows": [candidate_row(each, each.case.pk in ticked) for each in found.candidates],
        "fitting": sum(not each.why_not for each in found.candidates),
        "tick_all": f"{entry_address(entry)}&tick=all",
        "crumbs": [_queue(), crumb("Same false positive", reverse("web:case_batches")), crumb("Preview")],
    }
    return render(request, "marketplace/case_batch_new.html", context)


@officer_view
def batch(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One batch: how far it is, what is in it, and what may be done about it."""
    row = selectors.batch_named(pk)
    actor = person(request).as_actor()
    form = BatchApprovalForm(request.POST if request.POST.get("action") == "approve" else None)
    if request.method == "POST" and _done(request, row, form, actor):
        return redirect("web:case_batch", pk)
    context = live_context(selectors.batch_named(pk), actor)
    context |= {
        "form": form,
        "rows": item_rows(row),
        "crumbs": [_queue(), crumb("Same false positive", reverse("web:case_batches")), crumb(f"Batch {row.number}")],
    }
    return render(request, "marketplace/case_batch.html", context)


@officer_view
def batch_live(request: HttpRequest, pk: UUID) -> HttpResponse:
    """How far the batch is, for the page to take in while work goes on."""
    context = live_context(selectors.batch_named(pk), person(request).as_actor())
    response = render(request, "marketplace/parts/case_batch_live.html", context)
    if not context["working"]:
        response["HX-Refresh"] = "true"
    return response


def _done(request: HttpRequest, row: Any, form: BatchApprovalForm, actor: Actor) -> bool:
    """Whether the deed was done; else the form says why not."""
    action = request.POST.get("action", "")
    if action == "undo":
        services.undo_batch(row.pk, actor=actor)
        messages.success(request, "The batch is being undone. Every case is open again; nothing was released.")
        return True
    if action != "approve":
        raise NotFound
    refused = carry_out(
        request,
        form,
        lambda data: services.approve_batch(row.pk, data["why"], actor=actor),
        "Approved. It is sealed in fifteen minutes; until then it can be undone whole.",
    )
    return refused is None


def live_context(row: Any, actor: Actor) -> dict[str, Any]:
    """The batch's standing."""
    counts = selectors.progress_of(row)
    size = sum(counts.values())
    names = actor_names(ref for ref in (row.proposed_by, row.approved_by, row.undone_by) if ref)
    waiting = {"preparing": ("waiting",), "sealing": ("proposed",), "undoing": ("waiting", "proposed")}
    left = sum(counts[outcome] for outcome in waiting.get(row.state, ()))
    return {
        "batch": row,
        "state": f"batch_{row.state}",
        "state_words": row.State(row.state).label,
        "working": row.state in row.WORKING,
        "size": size,
        "done": size - left,
        "counts": [(word, counts[value]) for value, word in OUTCOMES if counts[value]],
        "proposed_by": name_of(row.proposed_by, names),
        "approved_by": name_of(row.approved_by, names) if row.approved_by else "",
        "undone_by": name_of(row.undone_by, names) if row.undone_by else "",
        "may_approve": row.state == "proposed" and row.proposed_by != actor.ref,
        "mine": row.proposed_by == actor.ref,
        "may_undo": row.state in row.MAY_BE_UNDONE,
        "list_title": row.listed_party.version.watchlist.title,
    }


OUTCOMES = (
    ("waiting", "waiting"),
    ("proposed", "proposed"),
    ("released", "released"),
    ("returned", "open again"),
    ("skipped", "left out"),
)


def item_rows(row: Any) -> list[dict[str, Any]]:
    """The batch's cases, and what became of each in it."""
    return [
        {
            "case_pk": item.case_id,
            "number": item.case.number,
            "party": item.case.party.name if item.case.party else "",
            "country": country_name(item.case.party.country) if item.case.party else "",
            "outcome": f"item_{item.outcome}",
            "why": WHY_SKIPPED.get(item.why_skipped, item.why_skipped.replace("_", " ").capitalize()),
        }
        for item in selectors.items_of(row)
    ]


def listed_facts(view: MatchView) -> dict[str, Any]:
    """What the list says of its entry."""
    facts = [(row.label, row.listed) for row in view.comparisons if row.listed]
    more = [
        ("Also known as", "; ".join(view.other_names[:12])),
        ("Programmes", ", ".join(view.programmes)),
        ("Remarks", view.remarks),
    ]
    return {
        "name": view.match.listed_name,
        "list": view.list_title,
        "lines": [*facts, *(row for row in more if row[1])],
    }


def candidate_row(each: Candidate, ticked: bool) -> dict[str, Any]:
    """A case of the preview."""
    ours = {row.label: row for row in each.view.comparisons}
    match = each.view.match
    return {
        "pk": each.case.pk,
        "number": each.case.number,
        "party": ours["Name"].party,
        "facts": [
            {"label": label, "ours": ours[label].party, "agrees": ours[label].agrees}
            for label in ("Country", "Date of birth", "Registration")
            if ours[label].party
        ],
        "score": match.score,
        "strong": match.strength == "strong",
        "why_not": each.why_not,
        "ticked": ticked and not each.why_not,
    }


def ids_of(values: Iterable[str]) -> set[UUID]:
    """The ids that the form ticked. Raises NotFound for what is none."""
    try:
        return {UUID(value) for value in values}
    except ValueError:
        raise NotFound from None


def _queue() -> dict[str, str]:
    return crumb("Cases", reverse("web:cases"))
