"""What must be so on chain because of what stands here, and is not yet: wallets frozen or let go, deposits sent back.

A restricted party's wallets cannot pull money from the contract, whoever asks. Re-derived from the restrictions and
holds at each round, so that a lost task costs seconds. A round that finds nothing to do asks no network.
"""

import logging
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from compliance.base import clock, faults
from compliance.selectors.restrictions import open_restrictions
from settlement.models import ChainEvent, ChainTransaction, EscrowDeposit, Hold
from settlement.rails.chain import is_configured
from settlement.selectors.holds import escrow_holds_to_look_after
from settlement.selectors.wallet_freezes import as_told, restricted_wallets
from settlement.services import chain_alarms, chain_escrow, chain_jobs, wallet_freezes
from settlement.services.chain_escrow import RENEW_FREEZE_BEFORE
from settlement.services.chain_seizures import SEIZED

logger = logging.getLogger(__name__)

# A job that was posted with its deed is done by then.
PATIENCE = timedelta(minutes=1)
# A freeze that is not on chain so long after it was due will not come by itself.
RENEWAL_PATIENCE = timedelta(hours=1)
BATCH = 200


def guard() -> int:
    """Wallets of restricted parties are frozen on chain, unwelcome deposits barred or on their way back.

    Returns how many transactions that took. What the chain refuses or does not answer waits for the next round.
    """
    return wallet_freezes.freeze_wallets() + _revoke_deposits() + _return_deposits()


def let_go() -> int:
    """Wallets whose restriction was lifted can withdraw again. Returns how many transactions that took."""
    return wallet_freezes.let_go_wallets()


def post_freezes() -> None:
    """Each funded escrow hold's freeze, release or settlement that may have been missed is a job again."""
    for hold in escrow_holds_to_look_after():
        chain_jobs.post_missing(chain_jobs.Kind.FREEZE if hold.state == "frozen" else chain_jobs.Kind.UNFREEZE, hold.id)
    late = Hold.objects.filter(
        state=Hold.State.SETTLING, rail=Hold.Rail.ESCROW, state_changed_at__lte=clock.now() - PATIENCE
    )
    for hold_id in late.values_list("pk", flat=True)[:BATCH]:
        chain_jobs.post_missing(chain_jobs.Kind.SETTLE, hold_id)


def alarm_of_missing_freezes() -> None:
    """An alarm stands while something that must be frozen on chain is not, or will not be for long.

    Whatever the cause: an hour after the freeze, or its renewal, was due the contract has told of none.
    """
    if not is_configured():
        return
    due = clock.now() - RENEWAL_PATIENCE
    leases = {deposit.lease_key: f"lease {deposit.lease_key}" for deposit in _frozen_deposits(due)}
    wallets = {
        each.wallet: f"a wallet under restriction {each.restriction_id}"
        for each in restricted_wallets()
        if each.imposed_at <= due
    }
    least = (due + RENEW_FREEZE_BEFORE).timestamp()
    until = _leases_frozen_until(leases) | {wallet: told.until for wallet, told in as_told().items()}
    missing = [words for key, words in (leases | wallets).items() if until.get(key, 0) < least]
    if missing:
        chain_alarms.sound(chain_alarms.FREEZE_MISSING, f"{len(missing)} in all, first {missing[0]}")
    else:
        chain_alarms.end(chain_alarms.FREEZE_MISSING)


def _frozen_deposits(before: datetime) -> QuerySet[EscrowDeposit]:
    """Deposits of holds that were frozen by then, and whose money lies blocked."""
    frozen = {"hold__state": Hold.State.FROZEN, "hold__state_changed_at__lte": before}
    return EscrowDeposit.objects.filter(hold__blocked_minor__gt=0, **frozen).order_by("pk")


def _leases_frozen_until(keys: Collection[str]) -> dict[str, int]:
    """Until when each lease is frozen, in unix seconds, as the contract last told."""
    told = ChainEvent.objects.filter(name__in=("Frozen", "Unfrozen"), rolled_back_at=None, args__leaseId__in=list(keys))
    rows = told.order_by("block_number", "log_index").values_list("args", flat=True)
    return {args["leaseId"]: int(args.get("until", 0)) for args in rows}


def _revoke_deposits() -> int:
    """Deposits that were cleared and have not come can no longer come once the hold ended or its clearance fell."""
    revoking = ChainTransaction.objects.filter(purpose="revoke", subject_id=OuterRef("hold__subject_id"))
    waiting = EscrowDeposit.objects.filter(
        Q(hold__state=Hold.State.FAILED) | Q(hold__clearance__revoked_at__isnull=False),
        deposited_minor=0,
        typed_data__message__validUntil__gte=int(clock.now().timestamp()),
    )
    sent = 0
    for deposit in waiting.exclude(Exists(revoking)):
        with faults.alone("the revocation of a deposit", logger):
            sent += chain_escrow.revoke_deposit(deposit.hold_id) is not None
    return sent


def _return_deposits() -> int:
    closing = ChainTransaction.objects.filter(purpose="close", subject_id=OuterRef("hold__subject_id"))
    # One that the contract turned down, as after a reorganisation, closes nothing.
    closing = closing.exclude(state=ChainTransaction.State.REVERTED)
    unwelcome = EscrowDeposit.objects.filter(hold__state=Hold.State.FAILED, deposited_minor__gt=0)
    unwelcome = unwelcome.exclude(hold__failure_code=SEIZED)
    restricted = {row.party_id for row in open_restrictions()}
    sent = 0
    for deposit in unwelcome.exclude(Exists(closing)).exclude(hold__party_id__in=restricted):
        with faults.alone("the return of a deposit", logger):
            sent += chain_escrow.return_deposit(deposit.hold_id) is not None
    return sent
