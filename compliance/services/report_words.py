"""The first words of a report's answers, from what is known; an officer reads and changes them."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from compliance.engine.end_uses import CALLED
from compliance.models import Case, Decision, Match, Party, PartyWallet, Report, Restriction
from compliance.selectors.case_notes import opened_notes
from compliance.selectors.decisions import opened
from compliance.selectors.hits import confirmed_matches

Answers = dict[str, str]


def blocking(restriction: Restriction, since: date) -> Answers:
    """For a report of blocked property."""
    matches = _matches(restriction.case)
    return {
        **_target(matches),
        "owner": _described(restriction.party),
        "location": "On account with the platform",
        "blocked_on": since.isoformat(),
        "remarks": f"Restriction {restriction.pk} for {restriction.reason_code}.",
    }


def unblocking(restriction: Restriction, first: Report, today: date) -> Answers:
    """For a report that property is blocked no more."""
    return {
        **_target(_matches(restriction.case)),
        "unblocked_on": today.isoformat(),
        "first_report": first.filing_reference,
        "remarks": f"Restriction {restriction.pk} was lifted.",
    }


def rejection(decision: Decision, party: Party) -> Answers:
    """For a report of a rejected transaction."""
    (row,) = opened([decision])
    reasons = [each for each in row.reasons if each["outcome"] == Decision.Outcome.DENY and each["kind"] == "LAW"]
    amount = row.facts.get("amount_minor")
    return {
        "target": "\n".join(each.get("sentence", "") for each in reasons),
        "legal_authority": "; ".join(dict.fromkeys(each["citation"] for each in reasons)),
        "transaction": _request(row.facts),
        "parties": "\n".join(_fact_party(each) for each in _parties(row.facts)),
        "rejected_on": row.created_at.date().isoformat(),
        "value_usd": _dollars(amount, row.facts.get("currency", "")),
        "ground": "\n".join(f"{each['code']}: {each['citation']}" for each in reasons),
        "remarks": f"Decision {row.pk} about {_described(party)}.",
    }


def annual(people: Iterable[Party], as_of: date) -> Answers:
    """For the annual report of blocked property."""
    return {"as_of": as_of.isoformat(), "property": "\n".join(_described(party) for party in people)}


def suspicion(case: Case, today: date) -> Answers:
    """For a report of suspicious activity: who, what, when, where, why and how, as far as the case tells."""
    party = case.party
    if party is None:
        return {}
    row = opened([case.decision])[0] if case.decision else None
    facts: dict[str, Any] = row.facts if row else {}
    wallets = list(PartyWallet.objects.filter(party=party).order_by("created_at").values_list("address", flat=True))
    notes = opened_notes(case.notes.order_by("created_at"))
    began = (row.created_at if row else case.created_at).date()
    return {
        "subject_name": party.name,
        "subject_kind": party.get_kind_display(),
        "subject_address": ", ".join(part for part in (party.address, party.region, party.country) if part),
        "subject_birth": party.birth_date,
        "subject_numbers": ", ".join(part for part in (party.registration_number, party.lei) if part),
        "subject_accounts": "\n".join(wallets),
        "subject_role": "Customer of the platform",
        "activity_from": began.isoformat(),
        "activity_to": today.isoformat(),
        "amount_usd": _dollars(facts.get("amount_minor"), facts.get("currency", "")) or "0",
        "category": "; ".join(case.reason_codes),
        "who": "\n".join([_described(party), *(_fact_party(each) for each in _parties(facts))]),
        "what": _request(facts),
        "when": f"Asked for on {began.isoformat()}. Case {case.number} was opened on {case.created_at.date()} and "
        f"confirmed by two officers on {today.isoformat()}.",
        "where": _places(facts, party),
        "why": "\n".join(
            [case.summary, *(each.get("sentence", "") for each in (row.reasons if row else ()))]
            + [_match(each) for each in _matches(case)]
        ),
        "how": "\n".join(note.body for note in notes if note.kind in ("proposal", "approval")),
    }


def _target(matches: list[Match]) -> Answers:
    programmes = {name: None for each in matches for name in each.listed_party.programmes}
    return {"target": "\n".join(_match(each) for each in matches), "legal_authority": ", ".join(programmes)}


def _matches(case: Case | None) -> list[Match]:
    if case is None:
        return []
    return list(confirmed_matches(case).select_related("listed_party").order_by("-score", "list_code", "external_id"))


def _match(match: Match) -> str:
    return f"{match.listed_name} ({match.list_code} {match.external_id})"


def _described(party: Party) -> str:
    place = ", ".join(part for part in (party.address, party.region, party.country) if part)
    numbers = ", ".join(part for part in (party.registration_number, party.lei) if part)
    return f"{party.name}, {place}" + (f" ({numbers})" if numbers else "")


def _parties(facts: dict[str, Any]) -> list[dict[str, Any]]:
    return [facts[name] for name in ("renter", "provider") if facts.get(name)]


def _fact_party(party: dict[str, Any]) -> str:
    headquarters = party.get("headquarters_country") or party.get("country", "")
    return f"{party.get('name', '')}, {party.get('country', '')}, headquarters {headquarters}"


def _request(facts: dict[str, Any]) -> str:
    if not facts:
        return ""
    chips = ", ".join(f"{chip.get('count')} x {chip.get('slug')}" for chip in facts.get("chips") or ())
    user = facts.get("end_user") or {}
    for_whom = " ".join(part for part in (user.get("kind"), user.get("name"), user.get("country")) if part)
    lines = [
        f"Request of kind {facts.get('purpose', '')}" + (f" for {chips}" if chips else "") + ".",
        f"Payment by {facts.get('rail') or 'no rail'}" + (f" from {facts['wallet']}." if facts.get("wallet") else "."),
        f"Declared end use: {facts.get('end_use') or 'none'}.",
        f"Declared kind of use: {CALLED.get(facts.get('end_use_kind', ''), 'not told')}.",
        f"Declared end user: {for_whom or 'none'}.",
    ]
    return "\n".join(lines)


def _places(facts: dict[str, Any], party: Party) -> str:
    seen, paid = facts.get("locations") or {}, facts.get("provider_locations") or {}
    machine = " ".join(part for part in (facts.get("node_country"), facts.get("node_region")) if part)
    lines = [
        f"The subject says that it is in {party.country}.",
        f"Its connection came from {seen['ip']}." if seen.get("ip") else "",
        f"Its card is of {seen['card']}." if seen.get("card") else "",
        f"Earlier cards are of {', '.join(seen['older_cards'])}." if seen.get("older_cards") else "",
        f"The machine stands in {machine}." if machine else "",
        f"The last login of who is paid came from {paid['login']}." if paid.get("login") else "",
    ]
    return "\n".join(line for line in lines if line)


def _dollars(amount_minor: Any, currency: str) -> str:
    """Whole minor units as dollars: cents of USD, millionths of USDC at par; nothing for another currency."""
    per_dollar = {"USD": 100, "USDC": 1_000_000}.get(currency)
    if not isinstance(amount_minor, int) or per_dollar is None:
        return ""
    return f"{amount_minor // per_dollar}.{amount_minor % per_dollar * 100 // per_dollar:02d}"
