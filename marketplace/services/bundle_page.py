"""The readable page of a bundle, made from its JSON alone: one file, no script, fit to be printed."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.template.loader import render_to_string

Lines = list[tuple[str, str]]
TITLES = {"decision": "Evidence of a decision", "lease": "Evidence of a lease", "party": "Evidence of a party"}
KINDS = {"LAW": "Law", "RED_FLAG": "Red flag", "POLICY": "Policy"}
OUTCOMES = {"ALLOW": ("Cleared", "allowed"), "REVIEW": ("To a person", "waiting"), "DENY": ("Refused", "refused")}
# Shown in a form of their own, or beside the sentence to which they belong.
_OWN_FORM = {"checks", "reasons", "facts", "clearance", "lists", "matched_entries", "list_versions", "notes", "matches"}


def page_of(evidence: Mapping[str, Any]) -> str:
    """The page, as HTML."""
    subject = evidence["subject"]
    context = {
        "title": TITLES.get(subject["kind"], "Evidence"),
        "subject": subject,
        "issuer": evidence["issuer"],
        "as_of": max((event["body"]["at"] for event in evidence["events"]), default=""),
        "sections": list(_sections(evidence)),
        "decisions": [_decision(row) for row in evidence.get("decisions", ())],
        "cases": [_case(row) for row in evidence.get("cases", ())],
        "transfers": list(_transfers(evidence.get("money", {}))),
        "rules": evidence["rules"],
        "events": evidence["events"],
        "checkpoint": evidence["checkpoint"],
    }
    return render_to_string("files/evidence.html", context)


def lines_of(value: Any, name: str = "") -> Lines:
    """The value's leaves, each with the way to it in words; what is empty is left out."""
    return list(_leaves(value, name))


def _leaves(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _leaves(each, f"{name} › {_words(key)}" if name else _words(key))
    elif isinstance(value, list) and any(isinstance(each, Mapping | list) for each in value):
        for number, each in enumerate(value, 1):
            yield from _leaves(each, f"{name} {number}".strip())
    elif isinstance(value, list):
        if value:
            yield name, ", ".join(map(_text, value))
    elif value not in (None, ""):
        yield name, _text(value)


def _sections(evidence: Mapping[str, Any]) -> Iterator[tuple[str, Lines]]:
    """What is neither decision nor case nor event, each part under its heading."""
    for key, heading in (("organization", "Organization"), ("lease", "Lease")):
        if evidence.get(key):
            yield heading, lines_of(evidence[key])
    for number, party in enumerate(evidence.get("parties", ()), 1):
        yield f"Party {number}: {party['name']}", lines_of(party)
    if evidence.get("ownership"):
        yield "Ownership", lines_of(evidence["ownership"])
    if evidence.get("freezes"):
        yield "What froze a party meanwhile", lines_of(evidence["freezes"])
    for entry in evidence.get("listed_entries", ()):
        yield f"List entry as it stood: {entry['primary_name']}", lines_of(entry)
    if evidence.get("leases"):
        yield "Leases", lines_of(evidence["leases"])
    for key, rows in evidence.get("money", {}).items():
        if rows and key != "transfers":
            yield f"Money: {_words(key).lower()}", lines_of(rows)


def _decision(row: Mapping[str, Any]) -> dict[str, Any]:
    words, tone = OUTCOMES[row["outcome"]]
    return {
        "id": row["id"],
        "outcome": words,
        "tone": tone,
        "purpose": row["purpose"],
        "renter": (row["facts"].get("renter") or {}).get("name", ""),
        "provider": (row["facts"].get("provider") or {}).get("name", ""),
        "at": row["created_at"],
        "pack": row["pack"],
        "pack_hash": row["pack_hash"],
        "digest": row["digest"],
        "facts_digest": row["facts_digest"],
        "reasons": [
            {
                "kind": KINDS.get(each["kind"], each["kind"]),
                "code": each["code"],
                "sentence": each.get("sentence", ""),
                "citation": each["citation"],
                "since": each.get("effective_from") or "",
                "until": each.get("effective_to") or "",
                "evidence": lines_of(each.get("evidence", [])),
            }
            for each in row["reasons"]
        ],
        "checks": [(each["label"], each["state"], each.get("detail", "")) for each in row["checks"]],
        "facts": lines_of(row["facts"]),
        "entries": [(entry["primary_name"], lines_of(entry)) for entry in row["matched_entries"]],
        "lists": [(each["watchlist_id"], each["fetched_at"], each["sha256"]) for each in row["lists"]],
        "clearance": lines_of(row["clearance"]) if row["clearance"] else [],
        "erased": bool(row["erased"]),
        "withheld": bool(row.get("withheld")),
    }


def _case(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "number": row["number"],
        "summary": row["summary"],
        "lines": lines_of({key: value for key, value in row.items() if key not in _OWN_FORM}),
        "notes": [(note["created_at"], note["kind"], note["author"], note["body"]) for note in row["notes"]],
        "matches": [(match["listed_name"], lines_of(match)) for match in row["matches"]],
    }


def _transfers(money: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str, int, str]]:
    """(when, what, account, whose, amount in minor units, currency) of each entry."""
    for transfer in money.get("transfers", ()):
        for entry in transfer["entries"]:
            account = f"{_words(entry['account'])} ({entry['pot']})"
            whose = entry["party_id"] or "the platform"
            yield entry["at"], transfer["kind"], account, whose, entry["amount_minor"], entry["currency"]


def _words(key: str) -> str:
    return str(key).replace("_", " ").capitalize()


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
