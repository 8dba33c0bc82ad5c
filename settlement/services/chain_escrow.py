"""What the platform does with a lease's money on chain: close, freeze, let go, pay out, revoke.

Each function sends at most one transaction, outside any database transaction, and may be told any number of times.
Nothing here posts in the ledger or ends a hold: the indexer does, when the contract's own event is final.
"""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from compliance.base import clock
from compliance.base.errors import Conflict
from compliance.selectors.restrictions import is_restricted
from compliance.services.chain_signer import GUARDIAN, SETTLER, TREASURER
from settlement.models import ChainTransaction, EscrowDeposit, Hold
from settlement.rails.chain import EscrowState, connect
from settlement.selectors.wallet_freezes import FREEZE, LET_GO, case_ref_of
from settlement.services.chain_deposits import terms_of
from settlement.services.chain_sender import ContractCall, only_if, submit
from settlement.services.hold_states import HoldNotFound

# One freeze on chain; the sweep renews it while compliance has not let go.
FREEZE_FOR = timedelta(days=30)
RENEW_FREEZE_BEFORE = timedelta(days=7)
# A freeze, or a release, that is in its block has had its effect: where it is not so any more, another one is needed.
_OVER = (ChainTransaction.State.CONFIRMED,)


class HoldMoved(Conflict):
    """The hold was frozen, or let go, while the opposite was being sent."""

    code = "hold_moved"
    default_message = "The hold changed meanwhile. Nothing was sent."


def settle_escrow(hold_id: UUID, total_minor: int | None = None) -> ChainTransaction | None:
    """The contract is told to close the lease at the total (else at the hold's final total); the rest goes back.

    The total is cut to what the contract allows by its own clock, min(cap, rate x time): never more was agreed. None
    when there is nothing open on chain, or it is frozen there. Raises HoldNotFound, ChainUnavailable, CallRefused.
    """
    hold = _hold(hold_id)
    deposit = _deposit(hold)
    if deposit is None:
        return None
    chain = connect()
    state = chain.escrow(deposit.lease_key)
    if state.status != EscrowState.OPEN or is_frozen(state):
        return None
    wanted = total_minor if total_minor is not None else hold.final_minor or 0
    total = min(wanted, bound_of(deposit, state, chain.head().timestamp))
    call = ContractCall(
        key=attempt_key(f"close:{hold.pk}"),
        purpose="close",
        role=SETTLER,
        function="close",
        arguments=(terms_of(deposit), total),
        subject_id=hold.subject_id,
    )
    return submit(call, chain)


def return_deposit(hold_id: UUID) -> ChainTransaction | None:
    """A deposit that came for a hold that had failed is on its way back to its payer's entitlement.

    None when there is nothing open on chain, or the renter is restricted by now: then the money stays, see
    `chain_guard`. Raises HoldNotFound, ChainUnavailable, CallRefused.
    """
    hold = _hold(hold_id)
    if hold.state != Hold.State.FAILED or is_restricted(hold.party_id):
        return None
    return settle_escrow(hold_id, 0)


def freeze_escrow(hold_id: UUID) -> ChainTransaction | None:
    """The guardian has frozen the lease's money in the contract, for 30 days; a freeze that nears its end is renewed.

    None when there is nothing open on chain (a deposit that comes later is frozen when it is seen), when the hold is
    not frozen, or when the freeze stands. Raises HoldNotFound, ChainUnavailable, HoldMoved.
    """
    hold = _hold(hold_id)
    deposit = _deposit(hold)
    if hold.state != Hold.State.FROZEN or deposit is None:
        return None
    chain = connect()
    state = chain.escrow(deposit.lease_key)
    until = clock.now() + FREEZE_FOR
    # A release that is still on its way will end what stands.
    lasting = state.frozen_until > (clock.now() + RENEW_FREEZE_BEFORE).timestamp() and not _is_being_let_go(hold)
    if state.status != EscrowState.OPEN or lasting:
        return None
    call = ContractCall(
        key=attempt_key(f"freeze:{hold.pk}:{hold.freeze_count}", *_OVER),
        purpose="freeze",
        role=GUARDIAN,
        function="freeze",
        arguments=(_key(deposit), _case_ref(hold), int(until.timestamp())),
        subject_id=hold.subject_id,
        guard=only_if(lambda: _is_frozen(hold), HoldMoved),
    )
    return submit(call, chain)


def unfreeze_escrow(hold_id: UUID) -> ChainTransaction | None:
    """The guardian has let the lease's money go in the contract. None when it is not frozen there, or we still hold it.

    Raises HoldNotFound, ChainUnavailable, HoldMoved.
    """
    hold = _hold(hold_id)
    deposit = _deposit(hold)
    if hold.state == Hold.State.FROZEN or deposit is None:
        return None
    chain = connect()
    if not is_frozen(chain.escrow(deposit.lease_key)):
        return None
    call = ContractCall(
        key=attempt_key(f"unfreeze:{hold.pk}:{hold.freeze_count}", *_OVER),
        purpose="unfreeze",
        role=GUARDIAN,
        function="unfreeze",
        arguments=(_key(deposit), _case_ref(hold)),
        subject_id=hold.subject_id,
        guard=only_if(lambda: not _is_frozen(hold), HoldMoved),
    )
    return submit(call, chain)


def withdraw(
    account: str, key: str, *, subject_id: UUID | None = None, guard: Callable[[], object] | None = None
) -> ChainTransaction | None:
    """The contract pays the account all that it is entitled to, to itself; `key` makes it happen once.

    For a payout the key is the payout's. None when there is nothing to pay. Raises CallRefused (the account is frozen
    on chain), ChainUnavailable, and what `guard` raises as the withdrawal is stored.
    """
    present = ChainTransaction.objects.filter(idempotency_key=key).first()
    if present is not None:
        return present
    chain, account = connect(), to_checksum_address(account)
    if chain.entitlement(account) == 0:
        return None
    call = ContractCall(key, "withdraw", SETTLER, "withdraw", (account,), subject_id, guard=guard)
    return submit(call, chain)


def withdraw_fees(to: str, key: str) -> ChainTransaction | None:
    """The fees that the contract holds go to the platform's own wallet. None when there are none."""
    chain = connect()
    if chain.fees_accrued() == 0:
        return None
    return submit(ContractCall(key, "withdraw_fees", TREASURER, "withdrawFees", (to,)), chain)


def freeze_account(
    account: str, restriction_id: UUID, key: str, *, guard: Callable[[], object] | None = None
) -> ChainTransaction:
    """The wallet cannot withdraw for 30 days, whoever asks, under the restriction.

    Raises ChainUnavailable, and what `guard` raises as it is stored.
    """
    until = int((clock.now() + FREEZE_FOR).timestamp())
    arguments = (account, case_ref_of(restriction_id), until)
    return submit(ContractCall(key, FREEZE, GUARDIAN, "freezeAccount", arguments, restriction_id, guard=guard))


def unfreeze_account(
    account: str, restriction_id: UUID, key: str, *, guard: Callable[[], object] | None = None
) -> ChainTransaction:
    """The wallet can withdraw again: the restriction fell.

    Raises CallRefused when it was not frozen, ChainUnavailable, and what `guard` raises as it is stored.
    """
    arguments = (account, case_ref_of(restriction_id))
    return submit(ContractCall(key, LET_GO, GUARDIAN, "unfreezeAccount", arguments, restriction_id, guard=guard))


def revoke_deposit(hold_id: UUID) -> ChainTransaction | None:
    """No deposit can be made for the hold any more, whatever was signed for it. None when nothing can come.

    For a clearance that fell, or a hold that ended, before its deposit came. Raises ChainUnavailable, CallRefused.
    """
    deposit = EscrowDeposit.objects.select_related("hold").filter(hold_id=hold_id, deposited_minor=0).first()
    if deposit is None:
        return None
    chain = connect()
    if chain.escrow(deposit.lease_key).status != EscrowState.NONE:
        return None
    key = f"revoke:{deposit.lease_key}"
    return submit(
        ContractCall(key, "revoke", GUARDIAN, "revokeLease", (_key(deposit),), deposit.hold.subject_id), chain
    )


def _is_being_let_go(hold: Hold) -> bool:
    releases = ChainTransaction.objects.filter(purpose="unfreeze", subject_id=hold.subject_id)
    return releases.filter(state__in=ChainTransaction.UNDER_WAY).exists()


def _is_frozen(hold: Hold) -> bool:
    return Hold.objects.filter(pk=hold.pk, state=Hold.State.FROZEN).exists()


def _hold(hold_id: UUID) -> Hold:
    hold = Hold.objects.filter(pk=hold_id).first()
    if hold is None:
        raise HoldNotFound
    return hold


def _deposit(hold: Hold) -> EscrowDeposit | None:
    """What the hold's lease is on chain; None when its deposit was never prepared, so that none can have come."""
    return EscrowDeposit.objects.filter(hold=hold).first()


def _key(deposit: EscrowDeposit) -> bytes:
    return bytes.fromhex(deposit.lease_key[2:])


def _case_ref(hold: Hold) -> bytes:
    """Names the freeze to whoever reads the chain, and tells them nothing."""
    return bytes(keccak(text=f"gridclear:freeze:{hold.pk}:{hold.freeze_count}"))


def attempt_key(key: str, *over: str) -> str:
    """The key, numbered past attempts that the contract turned down, or that are `over`: those stand for no more."""
    past = ChainTransaction.objects.filter(
        idempotency_key__startswith=f"{key}:", state__in=[ChainTransaction.State.REVERTED, *over]
    ).count()
    return f"{key}:{past}"


def is_frozen(state: EscrowState) -> bool:
    """Whether the lease's money does not move now."""
    return state.frozen_until > clock.now().timestamp()


def bound_of(deposit: EscrowDeposit, state: EscrowState, now: int) -> int:
    """The most that may be charged, as the contract will reckon it at `now`, by the clock of its blocks."""
    terms: dict[str, int] = deposit.typed_data["message"]["terms"]
    end = min(now, terms["expiry"])
    earned = terms["ratePerHour"] * max(0, end - state.deposited_at) // 3600
    return min(terms["cap"], earned)
