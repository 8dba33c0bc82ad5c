"""What is in a bundle: evidence of all three apps, its readable page, the rules' text, and how to verify it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from compliance.base.bundle import json_bytes, write_bundle
from compliance.selectors import evidence as compliance_evidence
from compliance.selectors.evidence import Record
from compliance.selectors.evidence_events import proven_events
from compliance.services import signing
from compliance.services.checkpoints import make_checkpoint, origin
from marketplace.models import Bundle
from marketplace.selectors import evidence as deals
from marketplace.services.bundle_page import page_of
from settlement.selectors import evidence as money

FORMAT = "gridclear-evidence/1"
EVIDENCE = "evidence.json"
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Made:
    """A bundle's bytes, and the parties whose personal data is in it."""

    body: bytes
    subjects: tuple[UUID, ...]


def evidence_of(kind: str, about_id: UUID, progress: Progress = lambda percent: None) -> Made:
    """The evidence bundle about the decision, lease or party: the same bytes for the same state of the records.

    `progress` is told how far it is, in percent. Call outside any transaction. Raises NotFound.
    """
    # What is proven must be covered: everything recorded so far is sealed and signed.
    make_checkpoint()
    record = _GATHER[kind](about_id)
    progress(40)
    events, checkpoint = proven_events(record.about)
    progress(60)
    body = record.body | {
        "format": FORMAT,
        "issuer": origin(),
        "subject": {"kind": kind, "id": str(about_id)},
        "rules": compliance_evidence.rules_of(record.packs),
        "events": events,
        "checkpoint": checkpoint,
    }
    key = signing.evidence_key()
    files = {
        EVIDENCE: json_bytes(body),
        "evidence.html": page_of(body).encode(),
        "readme.txt": README.format(kid=key.kid).encode(),
        f"keys/{key.kid}.pem": key.public_pem.encode(),
        **compliance_evidence.rule_files(record.packs),
        **({"checkpoint.txt": checkpoint.encode()} if checkpoint else {}),
    }
    progress(80)
    return Made(write_bundle(files, [EVIDENCE], key.private), tuple(sorted(record.subjects, key=str)))


def _decision(about_id: UUID) -> Record:
    return compliance_evidence.decision_record(about_id)


def _lease(about_id: UUID) -> Record:
    deal = deals.deal_of_lease(about_id)
    record, paid = compliance_evidence.lease_record(about_id), money.money_of_lease(about_id)
    return _with(record, {"lease": deal.body, "money": paid.body}, deal.about | paid.about)


def _party(about_id: UUID) -> Record:
    record = compliance_evidence.party_record(about_id)
    deal, paid = deals.deals_of_party(about_id), money.money_of_party(about_id)
    return _with(record, deal.body | {"money": paid.body}, deal.about | paid.about)


def _with(record: Record, body: dict[str, Any], about: set[tuple[str, str]]) -> Record:
    record.body |= body
    record.about |= about
    return record


_GATHER: dict[str, Callable[[UUID], Record]] = {
    Bundle.Kind.DECISION.value: _decision,
    Bundle.Kind.LEASE.value: _lease,
    Bundle.Kind.PARTY.value: _party,
}
README = """Evidence of a Gridclear platform

evidence.html   to read and to print
evidence.json   the same for programs: facts, decisions, reasons, cases, money, events with their proofs
rules/          the text of the rules, as it was decided by
checkpoint.txt  the signed root of the audit log, to which the events are proven (C2SP tlog-checkpoint)
manifest.json   the SHA-256 of every file; keys/ holds the public key {kid}

Verify it without us. First compare the public key with the one that the platform publishes elsewhere: a key that comes
with what it signed proves nothing by itself. Then, with nothing but openssl 3 and Python:

  openssl pkeyutl -verify -pubin -inkey keys/{kid}.pem -rawin -in manifest.json -sigfile manifest.json.sig
  openssl pkeyutl -verify -pubin -inkey keys/{kid}.pem -rawin -in evidence.json -sigfile evidence.json.sig
  python3 -c "import hashlib,json;print(all(hashlib.sha256(open(n,'rb').read()).hexdigest()==f['sha256']
    for n,f in json.load(open('manifest.json'))['files'].items()))"

Events: `body` as JSON with sorted keys, no spaces and no escapes, hashed with SHA-256, is the body hash; SHA-256 of
"previous_hash:sequence:event_id:body hash" is `hash`. The leaf of the Merkle tree (RFC 6962) is SHA-256 of a zero byte
and the 32 bytes of `hash`; its index is sequence - 1; `path` leads to the root in checkpoint.txt. The source of
Gridclear has a program that does all of this with Python and openssl alone: scripts/verify_evidence.py.

Decisions: `facts` in the same form, hashed with SHA-256, is `facts_digest`; with the rules of that hash the engine of
Gridclear gives the same answer again. Where "[erased]" stands, personal data was erased when its retention ended;
"[withheld]" is personal data of others.
"""
