"""What must be so on chain because of what stands here, and is not yet: wallets frozen or let go, deposits sent back.

A restricted party's wallets cannot pull money from the contract, whoever asks. Re-derived from the restrictions and
holds at each round, so that a lost task costs seconds. A round that finds nothing to do asks no network.
"""

import contextlib
import logging
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from eth_utils.address import to_checksum_address

from compliance.base import clock, faults
from compliance.selectors.restrictions import open_restrictions
from settlement.models import ChainEvent, ChainTransaction, EscrowDeposit, Hold, PaymentProfile
from settlement.rails.chain import connect, is_configured
from settlement.selectors.holds import escrow_holds_to_look_after
from settlement.services import chain_alarms, chain_escrow, chain_jobs
from settlement.services.chain_escrow import FREEZE_FOR, RENEW_FREEZE_BEFORE
from settlement.services.chain_seizures import SEIZED

logger = logging.getLogger(__name__)

# A job that was posted with its deed is done by then.
PATIENCE = timedelta(minutes=1)
# A freeze that is not on chain so long after it was due will not come by itself.
RENEWAL_PATIENCE = timedelta(hours=1)
BATCH = 200
_RENEW_EVERY = FREEZE_FOR - RENEW_FREEZE_BEFORE
_EPOCH_SECONDS = int(_RENEW_EVERY.total_seconds())


def guard() -> int:
    """Wallets of restricted parties are frozen on chain, unwelcome deposits barred or on their way back.

    Returns how many transactions that took. What the chain refuses or does not answer waits for the next round.
    """
    return _freeze_wallets() + _revoke_deposits() + _return_deposits()


def let_go() -> int:
    """Wallets whose restriction was lifted can withdraw again. Returns how many transactions that took."""
    standing = {row.pk: row.party_id for row in open_restrictions()}
    still_frozen = {wallet for party_id in standing.values() for wallet in wallets_of(party_id)}
    since = clock.now() - FREEZE_FOR - timedelta(days=1)
    past = ChainTransaction.objects.filter(purpose="freeze_account", created_at__gte=since)
    sent = 0
    for row in past.exclude(subject_id__in=standing).exclude(state=ChainTransaction.State.REVERTED):
        wallet = row.idempotency_key.split(":")[2]
        if wallet not in still_frozen:
            sent += _let_go(row, wallet)
    return sent


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
        wallet: f"a wallet under restriction {restriction_id}"
        for restriction_id, imposed_at, wallet in _restricted_wallets()
        if imposed_at <= due
    }
    least = (due + RENEW_FREEZE_BEFORE).timestamp()
    until = _frozen_until("leaseId", leases, "Frozen", "Unfrozen") | _frozen_until(
        "account", wallets, "AccountFrozen", "AccountUnfrozen"
    )
    missing = [words for key, words in (leases | wallets).items() if until.get(key, 0) < least]
    if missing:
        chain_alarms.sound(chain_alarms.FREEZE_MISSING, f"{len(missing)} in all, first {missing[0]}")
    else:
        chain_alarms.end(chain_alarms.FREEZE_MISSING)


def _frozen_deposits(before: datetime) -> QuerySet[EscrowDeposit]:
    """Deposits of holds that were frozen by then, and whose money lies blocked."""
    frozen = {"hold__state": Hold.State.FROZEN, "hold__state_changed_at__lte": before}
    return EscrowDeposit.objects.filter(hold__blocked_minor__gt=0, **frozen).order_by("pk")


def _frozen_until(field: str, keys: Collection[str], *names: str) -> dict[str, int]:
    """Until when each lease or account is frozen, in unix seconds, as the contract last told."""
    told = ChainEvent.objects.filter(name__in=names, rolled_back_at=None, **{f"args__{field}__in": list(keys)})
    rows = told.order_by("block_number", "log_index").values_list("args", flat=True)
    return {args[field]: int(args.get("until", 0)) for args in rows}


def wallets_of(party_id: UUID) -> set[str]:
    """Every wallet through which the party deals with the contract, EIP-55."""
    found = {
        *EscrowDeposit.objects.filter(hold__party_id=party_id).values_list("payer", flat=True),
        *EscrowDeposit.objects.filter(hold__payee_party_id=party_id).values_list("payee", flat=True),
        *PaymentProfile.objects.filter(party_id=party_id).values_list("payout_wallet", flat=True),
    }
    return {to_checksum_address(wallet) for wallet in found if wallet}


def _freeze_wallets() -> int:
    period = int(clock.now().timestamp()) // _EPOCH_SECONDS
    wanted = {
        f"guard:{restriction_id.hex}:{wallet}:{period}": (restriction_id, wallet)
        for restriction_id, _, wallet in _restricted_wallets()
    }
    restrictions = {restriction_id for restriction_id, _ in wanted.values()}
    ours = ChainTransaction.objects.filter(purpose="freeze_account", subject_id__in=restrictions)
    sent_before = ours.exclude(state=ChainTransaction.State.REVERTED).values_list("idempotency_key", flat=True)
    # Restriction, wallet and period; what follows numbers attempts that the contract turned down.
    present = {":".join(key.split(":")[:4]) for key in sent_before}
    sent = 0
    for key, (restriction_id, wallet) in wanted.items():
        if key not in present:
            with _alone("the freeze of a wallet"):
                attempt = chain_escrow.attempt_key(key)
                chain_escrow.freeze_account(wallet, str(restriction_id), attempt, subject_id=restriction_id)
                sent += 1
    return sent


def _restricted_wallets() -> list[tuple[UUID, datetime, str]]:
    """Each restriction that stands, since when, and a wallet of its party."""
    standing = list(open_restrictions())
    return [(row.pk, row.created_at, wallet) for row in standing for wallet in wallets_of(row.party_id)]


def _let_go(row: ChainTransaction, wallet: str) -> int:
    key = f"unguard:{row.pk.hex}"
    if ChainTransaction.objects.filter(idempotency_key=key).exists():
        return 0
    with _alone("the release of a wallet"):
        if connect().account_frozen_until(wallet) > clock.now().timestamp():
            chain_escrow.unfreeze_account(wallet, str(row.subject_id), key, subject_id=row.subject_id)
            return 1
    return 0


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
        with _alone("the revocation of a deposit"):
            sent += chain_escrow.revoke_deposit(deposit.hold_id) is not None
    return sent


def _return_deposits() -> int:
    closing = ChainTransaction.objects.filter(purpose="close", subject_id=OuterRef("hold__subject_id"))
    unwelcome = EscrowDeposit.objects.filter(hold__state=Hold.State.FAILED, deposited_minor__gt=0)
    unwelcome = unwelcome.exclude(hold__failure_code=SEIZED)
    restricted = {row.party_id for row in open_restrictions()}
    sent = 0
    for deposit in unwelcome.exclude(Exists(closing)).exclude(hold__party_id__in=restricted):
        with _alone("the return of a deposit"):
            sent += chain_escrow.return_deposit(deposit.hold_id) is not None
    return sent


@contextlib.contextmanager
def _alone(what: str) -> Iterator[None]:
    """Whatever goes wrong with one of them, it alone waits for the next round."""
    try:
        yield
    except Exception as error:
        logger.warning("%s waits: %s", what, faults.place_of(error))
