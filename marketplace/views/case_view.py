"""A case in words and pictures, as the officers' pages show it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from compliance.base.actor import Actor
from compliance.engine.end_uses import CALLED
from compliance.selectors.case_batches import live_batches_of
from compliance.selectors.cases import CaseInFull
from compliance.selectors.identity import kyc_status
from compliance.services import past_answers
from marketplace.forms.cases import words_of
from marketplace.forms.countries import country_name
from marketplace.models import User
from marketplace.templatetags.ui import duration, money, short_id
from marketplace.views.case_matches import matches_of
from marketplace.views.decision_card import card_for_officer, reasons_for_officer
from marketplace.views.ownership import picture_of
from marketplace.views.ownership_layout import Graph
from marketplace.views.payment_words import payment_lines

PRIORITIES = {
    10: ("Low", "neutral", "down"),
    20: ("Normal", "neutral", "dot"),
    30: ("High", "waiting", "up"),
    40: ("Urgent", "refused", "warn"),
}
NOTE_LOOKS = {
    "note": ("Note", "policy", "neutral"),
    "request": ("Question to the party", "mail", "waiting"),
    "answer": ("Answer of the party", "user", "accent"),
    "proposal": ("Proposal", "flag", "waiting"),
    "approval": ("Second officer", "check", "accent"),
}
EVENT_LOOKS = {
    "case.opened": ("Opened", "plus", "neutral"),
    "case.assigned": ("Assigned", "user", "neutral"),
    "case.given_back": ("Given back to the queue", "user", "neutral"),
    "case.made_urgent": ("Urgent: a lease stops over it", "warn", "waiting"),
    "case.escalated": ("Past its deadline, now urgent", "warn", "refused"),
    "case.entry_changed": ("What it rests on has changed", "refresh", "waiting"),
    "case.returned": ("Open again", "ring", "waiting"),
    "case.answer_overdue": ("The answer did not come in time", "clock", "waiting"),
    "case.batch_left": ("Taken out of its batch, open again", "refresh", "neutral"),
    "case.answers_withdrawn": ("Its answers were withdrawn", "refresh", "waiting"),
    "case.party_told": ("The party has a letter about the question", "mail", "neutral"),
    "case.closed": ("Closed", "check", "neutral"),
}


def priority_look(priority: int) -> dict[str, str]:
    """Word, tone and icon of a priority."""
    words, tone, icon = PRIORITIES.get(priority, PRIORITIES[20])
    return {"words": words, "tone": tone, "icon": icon}


def actor_names(refs: Iterable[str]) -> dict[str, str]:
    """Names for `user:<id>` references; other actors name themselves."""
    ids = []
    for ref in refs:
        kind, _, key = ref.partition(":")
        if kind == "user":
            ids.append(UUID(key))
    return {f"user:{user.pk}": user.name or user.email for user in User.objects.filter(pk__in=ids)}


def event_line(
    event: Any, looks: Mapping[str, tuple[str, str, str]], names: dict[str, str], *more: str
) -> dict[str, Any]:
    """An event of the log as a timeline shows it: its look (title, icon, tone) or its own words; and who did it."""
    title, icon, tone = looks.get(event.event, (words_of(event.event.partition(".")[2]), "dot", "neutral"))
    detail = " · ".join(filter(None, (name_of(event.actor, names), *more)))
    return {"title": title, "icon": icon, "tone": tone, "at": event.at, "detail": detail}


def name_of(ref: str, names: dict[str, str]) -> str:
    """The name of an actor, or what stands after `system:`."""
    kind, _, key = ref.partition(":")
    if kind == "system":
        return f"Gridclear {key}"
    return names.get(ref) or f"{words_of(kind)} {short_id(key)}"


def row_of(case: Any, names: dict[str, str], now: datetime) -> dict[str, Any]:
    """A case as the queue shows it."""
    look = priority_look(case.priority)
    deadline = case.state_deadline_at
    return {
        "pk": case.pk,
        "number": case.number,
        "summary": case.summary,
        "kind_words": case.get_kind_display(),
        "state": case.state,
        "party_name": case.party.name if case.party else "",
        "assignee": name_of(case.assignee, names) if case.assignee else "",
        "deadline_at": deadline,
        "overdue": bool(deadline and deadline < now and case.state != "closed"),
        "priority_words": look["words"],
        "priority_tone": look["tone"],
        "priority_icon": look["icon"],
    }


def case_context(full: CaseInFull, actor: Actor) -> dict[str, Any]:
    """Everything on the page of a case but its forms."""
    case = full.case
    refs = {case.assignee, case.proposed_by, *(note.author for note in full.notes), *(e.actor for e in full.history)}
    refs |= {row.uploaded_by for row in full.documents}
    refs |= {event.data.get("to", "") for event in full.history if event.event == "case.assigned"}
    names = actor_names(ref for ref in refs if ref)
    is_open = case.state != "closed"
    decidable = is_open and case.kind != "identity_review"
    return {
        "case": case,
        "kind_words": case.get_kind_display(),
        "disposition_words": case.get_disposition_display() if case.disposition else "",
        "assignee": name_of(case.assignee, names) if case.assignee else "",
        "assigned_to_me": case.assignee == actor.ref,
        "open": is_open,
        "may_ask": is_open and case.state == "open" and case.party is not None,
        "may_withdraw": case.disposition == "release",
        "may_propose": decidable and case.state in {"open", "awaiting_party"},
        "proposal": proposal_of(full, names, actor) if case.state == "awaiting_approval" else None,
        "party": party_facts(full),
        "identity": identity_facts(full) if is_open and case.kind == "identity_review" else None,
        "needs": needs_of(full),
        "identity_checks": checks_of(full),
        "documents": documents_of(full, names),
        "reasons": reasons_for_officer(full.reasons),
        "matches": matches_of(full),
        "batches": live_batches_of(case.pk),
        "answers": [
            {
                "about": each.about if each.entry else words_of(each.about),
                "entry": each.entry,
                "pk": each.case_id,
                "number": each.case_number,
                "at": each.at,
                "expires_at": each.expires_at,
                "ended_by": each.ended_by,
            }
            for each in past_answers.as_of_now(full.answers)
        ],
        "payments": payment_lines(full.payment_signs),
        "graph": graph_of(full),
        "card": replace(card_for_officer(full.decision), reasons=()) if full.decision else None,
        "request_lines": request_lines(full.decision.facts) if full.decision else [],
        "history": history_of(full, names),
        "evidence_of": evidence_links(decision=case.decision_id, party=case.party_id),
    }


def evidence_links(**ids: UUID | None) -> list[dict[str, Any]]:
    """The bundles that can be asked for from a page: `kind=id` each, without those that it does not have."""
    return [{"kind": kind, "id": key, "label": f"Of the {kind}"} for kind, key in ids.items() if key]


def graph_of(full: CaseInFull) -> Graph | None:
    """The ownership picture, where there are owners to draw."""
    if full.graph is None or len(full.graph.nodes) < 2:
        return None
    return picture_of(full.graph, for_party=False, decided=bool(full.decision or full.matches))


def proposal_of(full: CaseInFull, names: dict[str, str], actor: Actor) -> dict[str, Any]:
    """What was proposed, by whom, and why."""
    case = full.case
    why = [note.body for note in full.notes if note.kind == "proposal"]
    return {
        "by": name_of(case.proposed_by, names),
        "words": f"{case.get_proposed_disposition_display()} ({words_of(case.proposal_reason).lower()})",
        "why": why[-1] if why else "",
        "mine": case.proposed_by == actor.ref,
    }


def party_facts(full: CaseInFull) -> dict[str, str] | None:
    """Who the party is, in short."""
    party = full.party
    if party is None:
        return None
    headquarters = party.headquarters_country
    return {
        "name": party.name,
        "country_name": country_name(party.country),
        "headquarters_name": country_name(headquarters) if headquarters else "",
        "identity_state": kyc_status(party.pk).state,
    }


def identity_facts(full: CaseInFull) -> dict[str, Any]:
    """What the party submitted, line by line."""
    party, verification = full.party, full.verification
    if party is None or verification is None:
        return {"lines": []}
    lines = [
        ("Kind", party.get_kind_display()),
        ("Level", verification.get_level_display()),
        ("Registration", party.registration_number),
        ("Address", party.address),
        ("Date of birth", party.birth_date),
        ("Wallets", ", ".join(full.wallets)),
        ("Owners complete", "yes" if party.ownership_complete else "no"),
        *((words_of(name), str(value)) for name, value in verification.declaration.items()),
    ]
    return {"lines": [(name, value) for name, value in lines if value]}


def needs_of(full: CaseInFull) -> list[dict[str, Any]]:
    """What the level asks for, how far it is there, and the documents that bring it."""
    return [
        {
            "label": each.need.label,
            "source": each.need.source,
            "state": "need_met" if each.met else "need_pending" if each.pending else "need_open",
            "documents": [row.pk for row in each.documents],
        }
        for each in full.needs
    ]


def documents_of(full: CaseInFull, names: dict[str, str]) -> list[dict[str, Any]]:
    """What was handed in, newest first."""
    return [
        {
            "pk": row.pk,
            "kind": row.get_kind_display(),
            "state": row.state,
            "pages": row.pages,
            "gone": row.pages_gone_at is not None,
            "at": row.created_at,
            "by": name_of(row.uploaded_by, names),
        }
        for row in full.documents
    ]


def checks_of(full: CaseInFull) -> list[dict[str, Any]]:
    """Vendors' checks of the party's person, newest first."""
    return [
        {
            "pk": row.pk,
            "vendor": words_of(row.vendor),
            "state": row.state,
            "failure": words_of(row.failure) if row.failure else "",
            "at": row.verified_at or row.created_at,
            "person": row.person_sealed is not None,
        }
        for row in full.identity_checks
    ]


def request_lines(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """The request that the gate was asked about, line by line."""
    user = facts.get("end_user") or {}
    whom = f"{words_of(user.get('kind', ''))} {user.get('name', '')} {country_name(user.get('country', ''))}".strip()
    amount = facts.get("amount_minor")
    lines = [
        ("Purpose", words_of(facts.get("purpose", ""))),
        ("Renter", (facts.get("renter") or {}).get("name", "")),
        ("Provider", (facts.get("provider") or {}).get("name", "")),
        ("GPUs", ", ".join(f"{chip.get('count')} × {chip.get('slug')}" for chip in facts.get("chips") or [])),
        ("Machine stands in", country_name(facts.get("node_country") or "")),
        ("End use", facts.get("end_use", "")),
        ("Declared as", CALLED.get(facts.get("end_use_kind", ""), "")),
        ("End user", whom),
        ("At most", money(amount, facts.get("currency") or "USD") if amount else ""),
        ("For at most", duration(facts.get("seconds") or 0) if facts.get("seconds") else ""),
        ("Wallet", facts.get("wallet", "")),
    ]
    return [(name, str(value)) for name, value in lines if value]


def history_of(full: CaseInFull, names: dict[str, str]) -> list[dict[str, Any]]:
    """Notes and steps together, oldest first."""
    lines = []
    for note in full.notes:
        title, icon, tone = NOTE_LOOKS[note.kind]
        by = note.author_label or name_of(note.author, names)
        lines.append(
            {"title": f"{title} · {by}", "icon": icon, "tone": tone, "at": note.created_at, "detail": note.body}
        )
    for event in full.history:
        if event.event in EVENT_LOOKS:
            title, icon, tone = EVENT_LOOKS[event.event]
            by = name_of(event.actor, names)
            to = event.data.get("to", "") if event.event == "case.assigned" else ""
            title = f"{title} to {name_of(to, names)}" if to and to != event.actor else title
            lines.append({"title": f"{title} · {by}", "icon": icon, "tone": tone, "at": event.at, "detail": ""})
    return sorted(lines, key=lambda line: line["at"])
