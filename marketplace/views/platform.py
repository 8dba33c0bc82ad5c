"""The operators' page and the search of the audit log."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse

from compliance.selectors.audit import EventFilters, chain_status, events
from compliance.selectors.cases import CaseFilters, open_cases
from compliance.selectors.restrictions import open_restrictions
from compliance.selectors.watchlists import ListStatus, watchlist_status
from compliance.services.audit_verification import verify_log
from marketplace.forms.cases import AuditFilter, words_of
from marketplace.forms.platform import ListFileForm
from marketplace.models import Lease, Node, Organization
from marketplace.templatetags.ui import short_id
from marketplace.views.base import operator_view, page_of, person, staff_view
from marketplace.views.case_view import actor_names, name_of
from settlement.selectors.chain_alarms import open_chain_alarms
from settlement.selectors.disputes import due_soon
from settlement.selectors.money_alarms import money_alarms
from settlement.services.books import BooksReport, Total, glance_at_books, verify_books

# Walking the whole book or the whole chain is too much for every page view.
PROOF_SECONDS = 60
OPENED_BY_STAFF = {"lease": "web:lease", "decision": "web:decision"}
OPENED_BY_OFFICERS = {"case": "web:case", "party": "web:subject", "restriction": "web:restriction"}
ACCOUNT_WORDS = {
    "available": "Prepaid, free to use",
    "held": "Held for leases",
    "uncollected": "Used, to be collected from cards",
    "accrued": "Earned by leases that are not settled",
    "blocked": "Blocked property",
    "payable": "Owed to providers",
    "paying": "On its way to providers",
    "refunding": "On its way back to cards",
    "claim": "Owed to us by parties",
    "written_off": "Written off, less what came in since",
    "chargebacks": "What chargebacks cost",
    "fees": "Fees earned",
    "stripe_clearing": "Money at the card network",
    "chain_clearing": "Tokens in the escrow contract",
    "bank": "At the platform's bank",
    "processing": "What payments cost",
    "exchange": "Position in a currency",
    "rounding": "Residue of conversions",
    "suspense": "Not yet explained",
}


def books() -> BooksReport:
    """The last proof of the whole book, if it is fresh; else a glance at its accounts."""
    report: BooksReport | None = cache.get("gridclear-books")
    return report or glance_at_books()


@operator_view
def platform(request: HttpRequest) -> HttpResponse:
    """Lists, books, audit log and alarms; a POST walks the chain."""
    if request.method == "POST":
        cache.set("gridclear-chain-faults", verify_log().faults, PROOF_SECONDS)
        cache.set("gridclear-books", verify_books(), PROOF_SECONDS)
        messages.success(request, "The audit chain and the books were walked from their first line to the last.")
        return redirect("web:platform")
    report, lists = books(), watchlist_status()
    audit = audit_words()
    context = {
        "alarms": alarms(report, lists, audit),
        "audit": audit,
        "books": {
            "state": "ok" if report.verified else "broken",
            "word": "Balanced" if report.verified else "Do not balance",
            "detail": f"{report.transfers:,} transfers, {report.entries:,} entries, {report.accounts:,} accounts.",
        },
        "market": market_figures(),
        "lists": lists,
        "list_form": ListFileForm(),
        "balances": trial_balances(report.totals),
    }
    return render(request, "marketplace/platform.html", context)


def trial_balances(totals: Iterable[Total]) -> list[dict[str, Any]]:
    """Each pot and currency as bookkeepers read it: debits and credits beside each other, the same sum under both."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for total in totals:
        pot = "Card" if total.pot == "card" else "Escrow"
        part = found.setdefault(
            (pot, total.currency), {"pot": pot, "currency": total.currency, "rows": [], "debit": 0, "credit": 0}
        )
        debit, credit = max(0, -total.balance_minor), max(0, total.balance_minor)
        words = ACCOUNT_WORDS.get(total.kind, total.kind)
        part["rows"].append({"words": words, "debit": debit, "credit": credit})
        part["debit"] += debit
        part["credit"] += credit
    for part in found.values():
        part["rows"].sort(key=lambda row: (not row["debit"], not row["credit"], row["words"]))
    return [found[key] for key in sorted(found)]


def audit_words() -> dict[str, str]:
    """How the chain stands: verified within the last minute, broken, or only counted."""
    status, faults = chain_status(), cache.get("gridclear-chain-faults")
    detail = f"{status.sealed:,} events sealed, {status.unsealed:,} waiting."
    if faults:
        return {"state": "broken", "word": "Broken", "detail": "; ".join(faults[:3])}
    if faults is None:
        return {"state": "sealed", "word": "Sealed", "detail": detail}
    return {"state": "ok", "word": "Verifies", "detail": detail}


def alarms(report: BooksReport, lists: list[ListStatus], audit: dict[str, str]) -> list[dict[str, str]]:
    """What an operator has to look at now, each with what to do."""
    found = []
    for row in lists:
        # A list that was never loaded is in use only where the policy requires it; one that was is in use while it is.
        if row.state == "stale" or (row.required and row.state == "missing"):
            text = "The gate lets nothing through until it is loaded: run load_watchlists."
            found.append({"title": f"{row.title} is {row.state}", "text": text, "url": list_url(row)})
        if row.refusal:
            text = f"{row.refusal} The old one is kept."
            found.append({"title": f"A load of {row.title} was refused", "text": text, "url": list_url(row)})
    found += [{"title": "The books do not balance", "text": fault} for fault in report.faults[:5]]
    found += [{"title": each.title, "text": f"{each.advice} {each.detail}"} for each in open_chain_alarms()]
    found += [
        {
            "title": "A dispute has to be answered",
            "text": f"The bank's day is {each.due_at:%d %b %Y}.",
            "url": reverse("web:dispute", args=[each.id]),
        }
        for each in due_soon()
    ]
    found += [{"title": each.title, "text": each.text} for each in money_alarms()]
    if late := open_cases(CaseFilters(overdue=True)).count():
        text = "Officers see them under Cases, Overdue: tell them, or appoint one more."
        found.append({"title": f"Cases past their deadline: {late}", "text": text})
    if audit["state"] == "broken":
        found.append({"title": "The audit chain does not verify", "text": audit["detail"]})
    return found


def list_url(row: ListStatus) -> str:
    """The page of the list."""
    return reverse("web:watchlist", args=[row.code])


def market_figures() -> list[tuple[str, str]]:
    """The market in five numbers."""
    return [
        ("Organizations", f"{Organization.objects.count():,}"),
        ("Nodes online", f"{Node.objects.filter(state=Node.State.ONLINE).count():,}"),
        ("Leases live", f"{Lease.objects.live().count():,}"),
        ("Leases suspended", f"{Lease.objects.filter(state=Lease.State.SUSPENDED).count():,}"),
        ("Restrictions open", f"{open_restrictions().count():,}"),
    ]


@staff_view
def audit(request: HttpRequest) -> HttpResponse:
    """The audit log, newest first, narrowed by the URL."""
    form = AuditFilter(request.GET)
    form.is_valid()
    data = form.cleaned_data
    wanted = EventFilters(
        event=data.get("event", ""), actor=data.get("actor", ""), subject_id=data.get("subject", "").strip()
    )
    page = page_of(request, events(wanted), per_page=50)
    names = actor_names({event.actor for event in page.object_list})
    opens = OPENED_BY_STAFF | (OPENED_BY_OFFICERS if person(request).is_officer else {})
    page.object_list = [event_row(event, names, opens) for event in page.object_list]
    return render(request, "marketplace/audit.html", {"form": AuditFilter(initial=data), "page": page})


def value_words(value: Any) -> str:
    """A value in short: ids and digests by their first eight characters."""
    if isinstance(value, str):
        return short_id(value) if len(value) in {36, 64} else value
    if isinstance(value, list):
        return ", ".join(value_words(each) for each in value) or "none"
    return json.dumps(value, ensure_ascii=False)


def page_of_subject(kind: str, subject_id: str, opens: Mapping[str, str]) -> str:
    """The address of the page about the subject, where the reader has one."""
    try:
        return reverse(opens[kind], args=[subject_id])
    except (KeyError, NoReverseMatch):
        return ""


def event_row(event: Any, names: dict[str, str], opens: Mapping[str, str]) -> dict[str, Any]:
    """An event as the table shows it; `opens` names the page of each kind of subject that the reader may open."""
    kind = event.subject_kind.rpartition(".")[2]
    return {
        "event": event.event,
        "at": event.at,
        "actor_words": name_of(event.actor, names),
        "subject_kind": kind,
        "subject_url": page_of_subject(kind, event.subject_id, opens),
        "subject_id": event.subject_id,
        "actor": event.actor,
        "data_words": " · ".join(f"{words_of(key)}: {value_words(value)}" for key, value in event.data.items()),
    }
