"""Payouts of the escrow pot. The contract pays a wallet all that it owes it, so the gate is asked about all of that.

What may be paid is what the contract owed the wallet when the gate was asked. When it owes more by the time it would be
told to pay, that payout has failed and the next round asks about the whole anew. Only the settler's transactions let a
provider's entitlement grow, and a withdrawal has the settler's nonce: none of those before it may still be under way.
Functions here ask the chain: call them outside any transaction.
"""

import logging
from dataclasses import replace
from uuid import UUID

from eth_utils.address import to_checksum_address

from compliance.base import clock
from compliance.base.actor import system
from compliance.base.errors import Refusal
from compliance.selectors.restrictions import is_restricted
from compliance.services.chain_signer import SETTLER
from compliance.services.clearances import ClearanceInvalid
from settlement.models import ChainTransaction, Payout
from settlement.rails.chain import connect
from settlement.selectors.payouts import withdrawal_key
from settlement.services import chain_escrow, payouts
from settlement.services.accounts import Pot
from settlement.services.payouts import PayoutPlan

logger = logging.getLogger(__name__)

ACTOR = system("payouts")
State = ChainTransaction.State
# What lets no provider's entitlement grow.
HARMLESS = ("withdraw", "relay_deposit")
CLEARANCE_FELL, GREW = "clearance_invalid", "entitlement_grew"


def plan_payout(party_id: UUID, pot: str) -> PayoutPlan | None:
    """As `payouts.plan_payout`; of the escrow pot, what the books and the contract both owe, with all that will move.

    None as well while the contract owes the wallet nothing. Raises ChainUnavailable, ChainNotConfigured.
    """
    plan = payouts.plan_payout(party_id, pot)
    if plan is None or plan.pot != Pot.ESCROW:
        return plan
    owed = _owed(plan.destination)
    return replace(plan, amount_minor=min(plan.amount_minor, owed), moves_minor=owed) if owed else None


def stopped_payouts() -> list[PayoutPlan]:
    """As `payouts.stopped_payouts`, with all that each will move; those of a chain that does not answer wait."""
    found = []
    for plan in payouts.stopped_payouts():
        if plan.pot != Pot.ESCROW:
            found.append(plan)
            continue
        try:
            found.append(replace(plan, moves_minor=max(plan.amount_minor, _owed(plan.destination))))
        except Refusal as error:
            logger.warning("payout %s waits: %s", plan.payout_id, error.code)
    return found


def withdraw(payout: Payout) -> None:
    """The contract is told to pay the provider's wallet; the indexer finishes the payout when the chain is final.

    The payout has failed, and its money is payable again, when more would move than was cleared, when the clearance
    fell meanwhile, or when an hour did not do. That of a restricted provider is frozen.
    """
    try:
        failure = _told(payout)
    except ClearanceInvalid:
        if is_restricted(payout.party_id):
            payouts.freeze_payout(payout.pk, "restricted", actor=ACTOR)
            return
        failure = CLEARANCE_FELL
    except Refusal as error:
        logger.warning("payout %s: the chain did not take it (%s); the sweep asks again", payout.pk, error.code)
        return
    overdue = payout.state_deadline_at is not None and payout.state_deadline_at <= clock.now()
    if failure and (overdue or failure in (CLEARANCE_FELL, GREW)):
        payouts.fail_payout(payout.pk, failure, actor=ACTOR)


def cleared_minor(payout: Payout) -> int:
    """The most that may move with the payout: what the gate was asked about."""
    most = payout.clearance.max_amount_minor
    return payout.amount_minor if most is None else most


def _told(payout: Payout) -> str:
    """Nothing when the contract was told to pay, or was before; otherwise why not.

    Raises ClearanceInvalid, CallRefused, ChainUnavailable.
    """
    key = withdrawal_key(payout.pk)
    present = ChainTransaction.objects.filter(idempotency_key=key).first()
    if present is not None:
        return "withdrawal_reverted" if present.state == State.REVERTED else ""
    payouts.still_cleared(payout)
    # First: what these add to the entitlement, or have added by then, is in what is read next.
    before = ChainTransaction.objects.filter(role=SETTLER, state__in=ChainTransaction.UNDER_WAY)
    if before.exclude(purpose__in=HARMLESS).exists():
        return "chain_busy"
    if _owed(payout.destination) > cleared_minor(payout):
        return GREW
    sent = chain_escrow.withdraw(
        payout.destination, key, subject_id=payout.pk, guard=lambda: payouts.require_sending(payout.pk)
    )
    # The contract owes this wallet nothing: a withdrawal of it will be seen, or has failed the payout by its deadline.
    return "" if sent else "nothing_to_withdraw"


def _owed(wallet: str) -> int:
    return connect().entitlement(to_checksum_address(wallet))
