"""What compliance holds about a party, for the party itself: all that it said and handed in, nothing that tips off.

Left out are screenings, matches, findings, cases but for the correspondence, restrictions, holds, and reports to
authorities: who is watched, and why, must not be told (31 U.S.C. 5318(g)(2); Regulation (EU) 2024/1624, Article 73).
"""

from typing import Any
from uuid import UUID

from compliance.base.errors import NotFound
from compliance.base.sealing import Subject, SubjectErased
from compliance.models import (
    Decision,
    Document,
    DomainProof,
    IdentityVerification,
    OwnershipEdge,
    Party,
    PartyWallet,
    PaymentSign,
    PlaceSign,
)
from compliance.selectors.cases import correspondence_with
from compliance.selectors.decisions import opened
from compliance.selectors.evidence_rows import all_columns, columns
from compliance.selectors.ownership import upstream
from compliance.selectors.place_signs import address_context
from compliance.selectors.sealed import ciphers_that_stand

INTERNAL = ("facts_digest", "decided_by", "reminded_days", "reminder_claimed_at", "levels")
# How others judge a payment is not the party's to read: it tells what to avoid.
_HOW_PAYMENTS_WERE_JUDGED = ("level", "score", "outcome_type", "network_status", "message", "standing")
_UNSEEN = (Document.State.STORING, Document.State.DISCARDED)


def subject_data(party_id: UUID) -> dict[str, Any]:
    """The party, whom it named above it, and all that it told, in plain JSON values. Raises NotFound, SubjectErased."""
    above = upstream([party_id])
    if party_id not in above.parties:
        raise NotFound("There is no such party.")
    party = above.parties[party_id]
    if party.erased_at is not None:
        raise SubjectErased
    people = sorted((row for row in above.parties.values() if row.pk != party_id), key=lambda row: str(row.pk))
    edges = OwnershipEdge.objects.order_by("created_at", "id")
    verifications = IdentityVerification.objects.filter(party=party).order_by("created_at", "id")
    return {
        "party": columns(party, "erased_at"),
        "named_above_it": [columns(row, "erased_at") for row in people],
        "holdings_in_it": all_columns(edges.filter(owned_id__in=above.parties)),
        "holdings_of_it": all_columns(edges.filter(owner=party)),
        "wallets": all_columns(PartyWallet.objects.filter(party=party).order_by("created_at", "id")),
        "domains": all_columns(
            DomainProof.objects.filter(party=party).order_by("created_at", "id"), "token", "code_digest"
        ),
        "verifications": all_columns(verifications, *INTERNAL),
        "documents": all_columns(documents_of_subject(party_id)),
        "places": _places(party),
        "payments_seen": all_columns(
            PaymentSign.objects.filter(party=party).order_by("happened_at", "id"), *_HOW_PAYMENTS_WERE_JUDGED
        ),
        "correspondence": [
            {"at": note.created_at.isoformat(), "from": "us" if note.kind == "request" else "you", "text": note.body}
            for note in correspondence_with(party_id)
        ],
        "answers_of_the_gate": [_answer(row) for row in _asked_by(party_id)],
    }


def documents_of_subject(party_id: UUID) -> list[Document]:
    """What the party handed in, about itself or as an answer, and is still there; never an officer's own evidence."""
    rows = Document.objects.filter(party_id=party_id, pages_gone_at=None).exclude(state__in=_UNSEEN)
    return list(rows.exclude(kind=Document.Kind.EVIDENCE).order_by("created_at", "id"))


def _asked_by(party_id: UUID) -> list[Decision]:
    return opened(Decision.objects.filter(renter_party_id=party_id).order_by("created_at", "id"))


def _answer(row: Decision) -> dict[str, Any]:
    """As ADR 43 has it: what was asked, the outcome, and of what decided it the words for the party alone."""
    words = [each["renter_words"] for each in row.reasons if each["outcome"] == row.outcome]
    return {
        "id": str(row.pk),
        "at": row.created_at.isoformat(),
        "asked_about": row.purpose,
        "outcome": row.outcome,
        "words": list(dict.fromkeys(filter(None, words))),
    }


def _places(party: Party) -> list[dict[str, Any]]:
    """Each sign with its address, as long as that is kept; how we judge a network is ours."""
    signs = list(PlaceSign.objects.filter(party=party).order_by("first_seen_at", "kind"))
    cipher = ciphers_that_stand([Subject.party(party.pk)]).get(Subject.party(party.pk))
    return [
        columns(sign, "network")
        | {
            "address": cipher.open(bytes(sign.address_sealed), address_context(sign.kind, sign.asn)).decode()
            if cipher and sign.address_sealed
            else ""
        }
        for sign in signs
    ]
