"""The gate: the one maker of clearances.

Every question is answered by the pure engine from gathered facts, and every answer is kept: a refusal as durably as
an ALLOW. There is no setting, role or argument that makes it answer otherwise.
"""

import logging
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection, transaction

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.errors import Refusal
from compliance.engine.decide import decide
from compliance.engine.facts import Facts
from compliance.engine.outcome import Outcome
from compliance.models import Clearance, Decision
from compliance.selectors import decisions
from compliance.selectors.policies import pack_for, pack_named
from compliance.services import gate_cases, report_drafts, screening, signing, wallet_answers
from compliance.services.decision_sealing import sealed_columns
from compliance.services.gate_facts import GateRequest, Gathered, gather, wallets_of

__all__ = [
    "ClearanceDenied",
    "ClearanceInReview",
    "DecisionErased",
    "GateRequest",
    "evaluate",
    "facts_of",
    "preview",
    "replay",
    "request_of",
    "require",
]

logger = logging.getLogger(__name__)


class ClearanceDenied(Refusal):
    """The gate refused. `reasons` are the words for the party: they do not tip off."""

    code = "clearance_denied"
    http_status = 403
    default_message = "This cannot go ahead. Nothing was reserved and nothing was charged."

    def __init__(self, decision: Decision) -> None:
        self.decision_id: UUID = decision.pk
        self.reasons = party_safe_reasons(decision)
        super().__init__(decision_id=str(decision.pk), reasons=self.reasons)


class ClearanceInReview(Refusal):
    """The gate sent the question to a person. `reasons` are the words for the party: they do not tip off."""

    code = "clearance_in_review"
    http_status = 403
    default_message = "A person looks at this before it can go ahead. Nothing was reserved and nothing was charged."

    def __init__(self, decision: Decision, case_id: UUID) -> None:
        self.decision_id: UUID = decision.pk
        self.case_id = case_id
        self.reasons = party_safe_reasons(decision)
        super().__init__(decision_id=str(decision.pk), reasons=self.reasons)


class DecisionErased(Refusal):
    """The decision rests on personal data that was erased: it stands, with its digests, and cannot be made again."""

    code = "decision_erased"
    http_status = 410
    default_message = (
        "This decision cannot be replayed: personal data on which it rests was erased when its retention ended. Its "
        "outcome, its codes and its digests stand, and the audit log still proves that they are the ones of then."
    )


def require(request: GateRequest, *, actor: Actor) -> Clearance:
    """A clearance for what is asked, signed and live; the decision is kept whatever it is.

    Not to be called inside a transaction: a refusal must outlive the caller's rollback (RuntimeError).
    A `renewal` is judged like a lease and gives a clearance of purpose `lease`.
    Raises ClearanceDenied, ClearanceInReview, NotFound, InvalidInput.
    """
    decision, clearance, case_id = _answer(request, actor)
    if clearance is not None:
        return clearance
    if decision.outcome == Decision.Outcome.REVIEW and case_id is not None:
        raise ClearanceInReview(decision, case_id)
    raise ClearanceDenied(decision)


def evaluate(request: GateRequest, *, actor: Actor) -> Decision:
    """The decision, kept, with its clearance or its case; nothing is raised for a refusal."""
    return _answer(request, actor)[0]


def preview(request: GateRequest) -> Outcome:
    """What the gate would answer now; nothing is stored and nothing may rest on it."""
    wallet_answers.ask(wallets_of(request))
    as_of = clock.now()
    return decide(gather(request, as_of=as_of, store=False).facts, pack_for(as_of))


def replay(decision_id: UUID) -> bool:
    """Whether the engine gives the same bytes again from the stored facts and the pack of then.

    Raises NotFound, and DecisionErased when personal data among the facts was erased.
    """
    decision = decisions.decision(decision_id)
    facts = facts_of(decision)
    again = decide(facts, pack_named(decision.pack))
    same = again.digest() == decision.digest and again.pack_hash == decision.pack_hash
    return same and facts.digest() == decision.facts_digest


def request_of(decision: Decision, *, node_id: UUID | None = None) -> GateRequest:
    """The question that the decision answered, to be asked again. Raises DecisionErased."""
    facts = facts_of(decision)
    chip = facts.chips[0] if facts.chips else None
    user = facts.end_user
    return GateRequest(
        purpose=facts.purpose,
        subject_id=decision.subject_id,
        renter_party_id=decision.renter_party_id,
        provider_party_id=decision.provider_party_id,
        gpu_slug=chip.slug if chip else "",
        gpu_count=chip.count if chip else 0,
        node_id=node_id,
        node_country=facts.node_country,
        node_region=facts.node_region,
        rail=facts.rail,
        wallet=facts.wallet,
        amount_minor=facts.amount_minor,
        currency=facts.currency,
        end_use=facts.end_use,
        end_user={"kind": user.kind, "name": user.name, "country": user.country} if user else {},
        seconds=facts.seconds,
        node_city=facts.node_city,
        end_use_kind=facts.end_use_kind,
    )


def facts_of(decision: Decision) -> Facts:
    """What the decision rests on, opened. Raises DecisionErased."""
    (row,) = decisions.opened([decision])
    if row.erased:
        raise DecisionErased
    return Facts.from_json(row.facts)


def party_safe_reasons(decision: Decision) -> list[dict[str, str]]:
    """What the party may read of the reasons: words and next steps, each once; no codes, which would tip off.

    Only what led to the outcome: beside a refusal, "a person looks at this" would be untrue, and a hint.
    """
    deciding = [reason for reason in decision.reasons if reason["outcome"] == decision.outcome]
    words = {(reason["renter_words"], reason["next_step"]): None for reason in deciding}
    return [{"message": message, "next_step": step} for message, step in words]


def _answer(request: GateRequest, actor: Actor) -> tuple[Decision, Clearance | None, UUID | None]:
    # Before any row is held still: after a list change the index is built anew.
    screening.prepare()
    # And before any transaction: a second source about wallets is asked over the network.
    wallet_answers.ask(wallets_of(request))
    # Durable: nothing around it can roll a refusal back.
    with transaction.atomic(durable=True):
        _hold_parties_still(request)
        now = clock.now()
        gathered = gather(request, as_of=now, store=True)
        outcome = decide(gathered.facts, pack_for(now))
        decision = _kept(request, gathered, outcome, actor)
        clearance, case_id = None, None
        if outcome.outcome == Decision.Outcome.ALLOW:
            clearance = _clear(request, decision, gathered.facts, actor)
        else:
            case_id = gate_cases.open_for(decision, outcome, gathered, actor=actor)
            report_drafts.after_refusal(decision, actor=actor)
    logger.info("gate: %s %s -> %s", request.purpose, request.subject_id, outcome.outcome)
    return decision, clearance, case_id


def _hold_parties_still(request: GateRequest) -> None:
    """Whoever restricts a party waits until this answer stands, and then revokes what it gave."""
    ids = [each for each in (request.renter_party_id, request.provider_party_id) if each]
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM compliance_party WHERE id = ANY(%s) ORDER BY id FOR SHARE", [ids])


def _kept(request: GateRequest, gathered: Gathered, outcome: Outcome, actor: Actor) -> Decision:
    facts, told, decision_id = gathered.facts.to_json(), outcome.to_json(), uuid4()
    decision = Decision.objects.create(
        id=decision_id,
        purpose=_clearance_purpose(request),
        subject_id=request.subject_id,
        renter_party_id=request.renter_party_id,
        provider_party_id=request.provider_party_id,
        outcome=outcome.outcome,
        **sealed_columns(decision_id, facts, told["checks"], told["reasons"]),
        pack=outcome.pack,
        pack_hash=outcome.pack_hash,
        list_versions=gathered.list_versions,
        digest=outcome.digest(),
        facts_digest=gathered.facts.digest(),
        actor=actor.ref,
    )
    audit.record(
        "decision.made",
        actor=actor,
        subject=decision,
        data={
            "purpose": request.purpose,
            "subject": str(request.subject_id),
            "outcome": outcome.outcome,
            "reasons": [reason.code for reason in outcome.reasons],
            "pack": outcome.pack,
            "digest": decision.digest,
            "facts_digest": decision.facts_digest,
        },
    )
    # As its readers get it: whole, in memory.
    decision.facts, decision.checks, decision.reasons = facts, told["checks"], told["reasons"]
    decision.sealed = {}
    return decision


def _clear(request: GateRequest, decision: Decision, facts: Facts, actor: Actor) -> Clearance:
    issued_at, expires_at = _life(facts)
    clearance_id = uuid4()
    token, key_id = signing.sign(_claims(clearance_id, request, decision, issued_at, expires_at))
    clearance = Clearance.objects.create(
        id=clearance_id,
        decision=decision,
        purpose=decision.purpose,
        subject_id=request.subject_id,
        renter_party_id=request.renter_party_id,
        provider_party_id=request.provider_party_id,
        node_id=request.node_id,
        gpu_slug=request.gpu_slug,
        gpu_count=request.gpu_count,
        wallet_address=request.wallet,
        max_amount_minor=request.amount_minor,
        currency=request.currency,
        issued_at=issued_at,
        expires_at=expires_at,
        token=token,
        key_id=key_id,
    )
    audit.record(
        "clearance.issued",
        actor=actor,
        subject=clearance,
        data={"decision": str(decision.pk), "subject": str(request.subject_id), "purpose": decision.purpose},
    )
    return clearance


def _life(facts: Facts) -> tuple[datetime, datetime]:
    """From now, an hour at most, and not beyond a verification or a finding on which the ALLOW rests."""
    issued_at = facts.as_of.replace(microsecond=0)
    ends = [issued_at + timedelta(seconds=settings.GRIDCLEAR_CLEARANCE_SECONDS)]
    ends += [party.kyc_expires_at for party in (facts.renter, facts.provider) if party and party.kyc_expires_at]
    ends += [finding.expires_at for finding in facts.findings]
    return issued_at, min(end for end in ends if end > facts.as_of + timedelta(seconds=1))


def _claims(
    clearance_id: UUID, request: GateRequest, decision: Decision, issued_at: datetime, expires_at: datetime
) -> dict[str, Any]:
    return {
        "iss": signing.ISSUER,
        "jti": str(clearance_id),
        "sub": str(request.subject_id),
        "purpose": decision.purpose,
        "renter": str(request.renter_party_id) if request.renter_party_id else None,
        "provider": str(request.provider_party_id) if request.provider_party_id else None,
        "node": str(request.node_id) if request.node_id else None,
        "gpu": request.gpu_slug,
        "count": request.gpu_count,
        "wallet": request.wallet or None,
        "iat": int(issued_at.timestamp()),
        "exp": int(expires_at.timestamp()),
        "pack": decision.pack,
        "decision": str(decision.pk),
    }


def _clearance_purpose(request: GateRequest) -> str:
    return "lease" if request.purpose == "renewal" else request.purpose
