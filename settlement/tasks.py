"""What the background does about money. Each task may run twice at once, late, or die half-way, without harm.

The task is a doorbell: what is to be done stands in the database, and the sweeps ring again. Arguments are ids.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from celery import shared_task

from compliance.base.actor import system
from compliance.base.errors import Refusal
from compliance.services import wallet_watch
from settlement.rails.card import CardError
from settlement.selectors.wallets import wallets_in_use
from settlement.services import (
    amendments,
    anchors,
    card_deeds,
    card_renewals,
    chain_charges,
    chain_endings,
    chain_follower,
    chain_guard,
    chain_reconciliation,
    chain_work,
    claims,
    dispute_deeds,
    explanations,
    hold_sweep,
    inbox,
    invoicing,
    loose_authorizations,
    payout_accounts,
    payout_deeds,
    property_reports,
    reconciliation,
    refund_deeds,
    write_offs,
)

logger = logging.getLogger(__name__)


@contextmanager
def _rail_may_be_down(what: str) -> Iterator[None]:
    """A rail that does not answer, or refuses, is logged; the sweep comes back to it."""
    try:
        yield
    except (Refusal, CardError) as error:
        logger.warning("%s waits: %s", what, error)


@shared_task(name="settlement.confirm_hold")
def confirm_hold(hold_id: str) -> None:
    """The card network was asked to authorize the hold. (An escrow hold waits for its deposit.)"""
    with _rail_may_be_down(f"hold {hold_id}"):
        card_deeds.authorize_hold(UUID(hold_id))


@shared_task(name="settlement.settle_hold")
def settle_hold(hold_id: str) -> None:
    """The hold's rail was told its final total."""
    with _rail_may_be_down(f"hold {hold_id}"):
        card_deeds.settle_hold(UUID(hold_id))


@shared_task(name="settlement.release_card")
def release_card(hold_id: str) -> None:
    """No authorization stands behind a failed hold."""
    with _rail_may_be_down(f"hold {hold_id}"):
        card_deeds.release_card(UUID(hold_id))


@shared_task(name="settlement.let_go_of_card")
def let_go_of_card(row_id: str) -> None:
    """An authorization that serves nobody is let go of at the network."""
    with _rail_may_be_down(f"authorization {row_id}"):
        loose_authorizations.let_go(UUID(row_id))


@shared_task(name="settlement.renew_cards")
def renew_cards() -> None:
    """Authorizations that run out while their lease may go on were replaced."""
    card_renewals.renew_due()


@shared_task(name="settlement.charge_top_up")
def charge_top_up(payment_id: str) -> None:
    """The card network was asked for the top-up."""
    with _rail_may_be_down(f"top-up {payment_id}"):
        card_deeds.charge_top_up(UUID(payment_id))


@shared_task(name="settlement.give_up_top_up")
def give_up_top_up(payment_id: str) -> None:
    """A top-up that was long without an answer stands as the network says."""
    with _rail_may_be_down(f"top-up {payment_id}"):
        card_deeds.give_up_top_up(UUID(payment_id))


@shared_task(name="settlement.send_payout")
def send_payout(payout_id: str) -> None:
    """The payout was handed to its rail."""
    with _rail_may_be_down(f"payout {payout_id}"):
        payout_deeds.send_payout(UUID(payout_id))


@shared_task(name="settlement.send_refund")
def send_refund(refund_id: str) -> None:
    """The card network was asked to give the money back."""
    with _rail_may_be_down(f"refund {refund_id}"):
        refund_deeds.send_refund(UUID(refund_id))


@shared_task(name="settlement.work_chain")
def work_chain() -> None:
    """Jobs of the chain that were due were done, or wait for their next turn."""
    chain_work.work()


@shared_task(name="settlement.sweep_holds")
def sweep_holds() -> None:
    """What outlived its deadline has ended, and what was never answered is asked again."""
    hold_sweep.sweep_holds()


@shared_task(name="settlement.process_inbox")
def process_inbox() -> None:
    """Notices that had no effect yet were tried again."""
    inbox.process_inbox()


@shared_task(name="settlement.read_payout_accounts")
def read_payout_accounts() -> None:
    """Providers' connected accounts stand as the card network says, whatever notice was lost."""
    payout_accounts.read_due_accounts()


@shared_task(name="settlement.deliver_payouts")
def deliver_payouts() -> None:
    """Payouts that wait were taken up again."""
    payout_deeds.deliver_payouts()


@shared_task(name="settlement.deliver_refunds")
def deliver_refunds() -> None:
    """Refunds that wait were taken up again."""
    refund_deeds.deliver_refunds()


@shared_task(name="settlement.follow_disputes")
def follow_disputes() -> None:
    """Disputes whose deadline has passed stand as the card network says."""
    with _rail_may_be_down("the overdue disputes"):
        dispute_deeds.follow_overdue()


@shared_task(name="settlement.pay_off_claims")
def pay_off_claims() -> None:
    """Whoever owes has paid as far as what it has goes, and a write-off that nobody approves in time is withdrawn."""
    claims.pay_off_all()
    write_offs.sweep(actor=claims.ACTOR)


@shared_task(name="settlement.follow_chain")
def follow_chain() -> None:
    """The contract's events up to the head were taken in, our transactions looked after, due jobs done."""
    with _rail_may_be_down("the chain"):
        chain_follower.follow_and_guard()
    chain_work.work()


@shared_task(name="settlement.charge_leases")
def charge_leases() -> None:
    """Running leases paid by escrow were charged in the contract, those that were due."""
    chain_charges.charge_running_leases()


@shared_task(name="settlement.screen_wallets")
def screen_wallets() -> None:
    """Every wallet in use was held against lists and the second source, whatever was lost."""
    wallet_watch.watch(wallets_in_use(), actor=system("wallet-watch"))


@shared_task(name="settlement.fill_property_reports")
def fill_property_reports() -> None:
    """Drafts of reports about blocked property say what the books say."""
    property_reports.fill_property_reports()


@shared_task(name="settlement.issue_invoices")
def issue_invoices() -> None:
    """What the months that are over brought is on invoices, as far as its tax can be told."""
    invoicing.issue_due(actor=system("invoicing"))


@shared_task(name="settlement.amend_invoices")
def amend_invoices() -> None:
    """What was given back of issued invoices is on credit notes; what came back again, on debit notes."""
    amendments.amend_due(actor=system("invoicing"))


@shared_task(name="settlement.anchor_audit_log")
def anchor_audit_log() -> None:
    """The audit log's newest signed root is on its way to the chain, where that is set up and one is due."""
    with _rail_may_be_down("the anchor of the audit log"):
        anchors.anchor_newest_checkpoint()


@shared_task(name="settlement.sweep_explanations")
def sweep_explanations() -> None:
    """What two officers agreed about money in suspense is moved, and what they did not is withdrawn."""
    explanations.sweep(actor=system("explanations"))


@shared_task(name="settlement.reconcile_card")
def reconcile_card() -> None:
    """The card network and the books were compared."""
    with _rail_may_be_down("the reconciliation of the card rail"):
        reconciliation.reconcile_card()


@shared_task(name="settlement.reconcile_chain")
def reconcile_chain() -> None:
    """The contract and the books were compared, and freezes on chain agree with ours."""
    chain_guard.let_go()
    chain_guard.post_freezes()
    chain_endings.post_lost_ends()
    chain_guard.alarm_of_missing_freezes()
    # Last: books that cannot be compared keep nobody frozen.
    with _rail_may_be_down("the reconciliation of the chain"):
        chain_reconciliation.reconcile_chain()
