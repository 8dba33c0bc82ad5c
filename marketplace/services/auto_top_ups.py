"""Automatic top-ups of an organization: set by who pays, cleared by the gate each time, and told of when they stop."""

import logging
from uuid import UUID

from compliance.base.actor import Actor, system
from compliance.base.enqueue import enqueue
from compliance.base.errors import Refusal
from compliance.selectors.restrictions import is_restricted
from compliance.services import gate
from marketplace.models import Organization, User
from marketplace.permissions import PAY, require_role
from marketplace.services import mail, turns
from settlement.selectors.auto_top_ups import auto_top_up_of, due_auto_top_ups, unannounced_stops
from settlement.services import auto_top_up_rules, auto_top_ups
from settlement.services.auto_top_up_rules import AutoTerms
from settlement.services.auto_top_ups import AutoPlan
from settlement.services.topups import TopUpRef

logger = logging.getLogger(__name__)
ACTOR = system("auto-top-up")
BATCH = 200
TASK = "marketplace.start_auto_top_up"
_BODY = """Automatic top-up of {name} on Gridclear has stopped: {why}

Nothing was charged, and nothing will be by itself until you turn it on again. Leases that run go on as far as their
holds go. Log in, open "Balance", then "Automatic top-up"."""
_WHY = {
    "authentication_required": "your bank wants the cardholder to confirm the payment. Top up once by hand, or save "
    "another card.",
    "insufficient_funds": "the card has too little money.",
    "expired_card": "the card has expired. Save another one.",
    "lost_card": "the bank no longer takes this card. Save another one.",
    "stolen_card": "the bank no longer takes this card. Save another one.",
}


def why_stopped(code: str) -> str:
    """The stop in words for the card's owner; the network's own code where there are no better ones."""
    return _WHY.get(code) or f"the card was declined ({code.replace('_', ' ')})."


def set_up(organization: Organization, terms: AutoTerms, *, user: User, actor: Actor) -> None:
    """The organization's card fills its balance from now on. Raises Forbidden but for owners and finance.

    Asks the card network. Raises TooOften (each change may charge another card), and settlement's AutoTopUpRefused,
    CardNetworkBusy.
    """
    require_role(user, organization, *PAY)
    turns.take(organization.pk, turns.Deed.AUTO_TOP_UP)
    auto_top_up_rules.set_auto_top_up(organization.party_id, terms, actor=actor)
    look_soon(organization.party_id)


def turn_off(organization: Organization, *, user: User, actor: Actor) -> None:
    """No card of the organization is charged by itself any more. Raises Forbidden but for owners and finance."""
    require_role(user, organization, *PAY)
    auto_top_up_rules.end_auto_top_up(organization.party_id, actor=actor)


def look_soon(party_id: UUID) -> None:
    """Whoever has a rule is looked at in the background at once; the sweep would do so half a minute later."""
    if auto_top_up_of(party_id) is not None:
        enqueue(TASK, str(party_id))


def serve_all() -> int:
    """Every balance that ran low is being filled, every stop is told. Returns how many parties were looked at."""
    low = list(due_auto_top_ups().order_by("pk").values_list("party_id", flat=True)[:BATCH])
    stopped = list(unannounced_stops().order_by("pk").values_list("party_id", flat=True)[:BATCH])
    for party_id in dict.fromkeys([*low, *stopped]):
        try:
            serve(party_id)
        except Refusal as refusal:
            logger.warning("automatic top-up of party %s waits: %s", party_id, refusal.code)
    return len(low) + len(stopped)


def serve(party_id: UUID) -> TopUpRef | None:
    """The party's card is being charged if its rule says so now, and its owners know if the rule has stopped.

    Told twice or by two at once, once.
    """
    _tell_owners(party_id)
    plan = auto_top_ups.plan_auto_top_up(party_id)
    # A restricted party is not even asked about: each question would leave a refusal and a case.
    if plan is None or is_restricted(party_id):
        return None
    return _begin(plan)


def _begin(plan: AutoPlan) -> TopUpRef | None:
    question = gate.GateRequest(
        purpose="deposit",
        subject_id=plan.top_up_id,
        renter_party_id=plan.party_id,
        provider_party_id=None,
        rail="card",
        amount_minor=plan.amount_minor,
        currency="USD",
    )
    try:
        clearance = gate.require(question, actor=ACTOR)
    except (gate.ClearanceDenied, gate.ClearanceInReview) as refusal:
        auto_top_ups.hold_off(plan, refusal.decision_id, actor=ACTOR)
        return None
    return auto_top_ups.start_auto_top_up(plan, clearance=clearance, actor=ACTOR)


def _tell_owners(party_id: UUID) -> None:
    """Each owner has one letter about the stop; one that the mail server does not take is sent later."""
    for rule in unannounced_stops().filter(party_id=party_id):
        code = auto_top_ups.claim_notice(rule.pk)
        if code is None:
            continue
        if mail.tell_owners(party_id, "Automatic top-up has stopped", _BODY, why=why_stopped(code)):
            auto_top_ups.note_noticed(rule.pk, actor=ACTOR)
