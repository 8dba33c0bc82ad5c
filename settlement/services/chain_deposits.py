"""Deposits into the escrow contract: what the renter's wallet needs to make one, and what stands when it came."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

from django.db import transaction
from django.db.models import F
from eth_utils.address import is_checksum_address, to_checksum_address

from compliance.base import actor, audit, clock
from compliance.base.errors import Refusal
from compliance.base.transition import transition
from compliance.selectors.restrictions import is_restricted
from compliance.services import chain_clearance, clearances
from compliance.services.chain_clearance import DepositTerms, SignedDeposit
from settlement.models import EscrowDeposit, Hold, PaymentProfile
from settlement.rails.chain import Chain, connect, is_configured
from settlement.rails.chain_contracts import ESCROW, TOKEN, calldata
from settlement.services import chain_jobs, hold_money, hold_states, holds, travel_data
from settlement.services.hold_states import HoldNotFound, HoldNotOpen

# A clearance that is about to lapse is replaced rather than given out again.
LEAST_VALIDITY_SECONDS = 120
VANISHED = "deposit_vanished"
DEPOSITS = actor.system("chain_deposits")


class NoPayoutWallet(Refusal):
    """The provider has no wallet to be paid to."""

    code = "no_payout_wallet"
    http_status: ClassVar[int] = 409
    default_message = (
        "This provider takes no payment on chain yet. Nothing was changed; pay by card, or choose another offer."
    )


@dataclass(frozen=True, slots=True)
class WalletTransaction:
    """One transaction for the renter's wallet to sign; no ether is sent."""

    to: str
    data: str
    says: str


@dataclass(frozen=True, slots=True)
class DepositRequest:
    """All that the renter's wallet needs. `amount_minor` in token units; send `transactions` in order.

    `typed_data` and `signature` are the compliance clearance, for whoever wants to check or build the call alone.
    """

    hold_id: UUID
    chain_id: int
    escrow: str
    token: str
    lease_key: str
    payer: str
    payee: str
    amount_minor: int
    valid_until: datetime
    typed_data: dict[str, Any]
    signature: str
    transactions: tuple[WalletTransaction, ...]


def takes_deposits() -> bool:
    """Whether there is an escrow contract to deposit into; asks nobody, so a page may ask it."""
    return is_configured()


def prepare_deposit(hold_id: UUID) -> DepositRequest:
    """The clearance for the hold's deposit is signed and kept; asked again while it is good, the same is given.

    Asks the chain: not inside a transaction. Raises HoldNotFound, HoldNotOpen (not waiting for an escrow deposit),
    NoPayoutWallet, ClearanceInvalid, WalletNotCleared, AmountNotCleared, TravelDataMissing, TravelDataAwaited,
    ChainUnavailable, ChainNotConfigured.
    """
    hold = Hold.objects.filter(pk=hold_id).first()
    if hold is None:
        raise HoldNotFound
    if hold.rail != Hold.Rail.ESCROW or hold.state != Hold.State.OPENING:
        raise HoldNotOpen("This lease is not waiting for a deposit. Nothing was changed.")
    chain = connect()
    terms = _terms(hold, chain)
    present = EscrowDeposit.objects.filter(hold=hold).first()
    if present is not None and _still_good(present, terms, hold):
        return _request(present, hold)
    travel_data.collect_for_deposit(hold, chain.deployment.escrow, actor=DEPOSITS)
    signed = chain_clearance.sign_deposit(
        hold.clearance_id,
        terms,
        subject_id=hold.subject_id,
        renter_party_id=hold.party_id,
        provider_party_id=hold.payee_party_id,
    )
    return _request(_keep(hold, terms, signed, chain.deployment.token), hold)


def confirm_deposit(deposit: EscrowDeposit, amount_minor: int, transaction_hash: str) -> bool:
    """The final deposit stands behind the hold, its money already posted as held; True when the lease may run on it.

    A hold that compliance froze takes the money into the blocked account; a hold whose clearance fell meanwhile is
    frozen when it was revoked or a party is restricted, and fails when it merely lapsed or the hold gave up waiting:
    then False says that the contract is to be closed at zero. The caller is in a transaction.
    """
    EscrowDeposit.objects.filter(pk=deposit.pk).update(deposited_minor=amount_minor, transaction_hash=transaction_hash)
    hold = hold_states.locked_hold(deposit.hold_id)
    if hold.state == Hold.State.FROZEN:
        _fund_frozen(hold)
        return True
    if hold.state != Hold.State.OPENING:
        return hold.state != Hold.State.FAILED
    if not _is_cleared(hold):
        return _without_clearance(hold)
    hold_states.confirm(hold, actor=DEPOSITS)
    return True


def withdraw_deposit(deposit: EscrowDeposit) -> None:
    """The deposit that stood behind the hold has vanished with its block: the hold is frozen until it comes back.

    Money that lay blocked is held again, so that the caller can reverse its posting. The caller is in a transaction.
    """
    EscrowDeposit.objects.filter(pk=deposit.pk).update(deposited_minor=0)
    hold = hold_states.locked_hold(deposit.hold_id)
    if hold.state in (Hold.State.FROZEN, Hold.State.FAILED) and hold.blocked_minor:
        hold_money.unblock(hold)
        # If it comes back, it is blocked anew: under a number of its own.
        Hold.objects.filter(pk=hold.pk).update(blocked_minor=0, freeze_count=F("freeze_count") + 1)
    elif hold.state == Hold.State.OPEN:
        holds.freeze_hold(hold.pk, VANISHED, actor=DEPOSITS)


def _fund_frozen(hold: Hold) -> None:
    """The money is blocked; only a hold that was frozen because this very deposit had vanished is open again."""
    if hold.frozen_reason == VANISHED and _is_cleared(hold):
        transition(
            hold,
            Hold.State.OPEN,
            actor=DEPOSITS,
            event="hold.unfrozen",
            deadline_at=hold.expires_at + hold_states.SETTLEMENT_GRACE,
            pending_id=hold_money.reopen(hold),
            frozen_reason="",
        )
        return
    hold_money.block(hold)
    Hold.objects.filter(pk=hold.pk).update(blocked_minor=hold.uncharged_minor)
    chain_jobs.post(chain_jobs.Kind.FREEZE, hold.pk)


def _is_cleared(hold: Hold) -> bool:
    try:
        clearances.ensure_valid(
            hold.clearance_id,
            purpose="lease",
            subject_id=hold.subject_id,
            renter_party_id=hold.party_id,
            provider_party_id=hold.payee_party_id,
        )
    except clearances.ClearanceInvalid:
        return False
    return True


def _without_clearance(hold: Hold) -> bool:
    suspicious = hold.clearance.revoked_at is not None or any(
        is_restricted(party_id) for party_id in (hold.party_id, hold.payee_party_id)
    )
    if suspicious:
        # Money of somebody who may be blocked is not sent back: it stays, for compliance to decide.
        holds.freeze_hold(hold.pk, "clearance_revoked", actor=DEPOSITS)
        return True
    hold_states.fail(hold, "clearance_lapsed", actor=DEPOSITS)
    return False


def _still_good(present: EscrowDeposit, terms: DepositTerms, hold: Hold) -> bool:
    message = present.typed_data["message"]
    return (
        message["validUntil"] >= clock.now().timestamp() + LEAST_VALIDITY_SECONDS
        and message["epoch"] == terms.epoch
        and present.lease_key == chain_clearance.lease_key(terms)
        and hold.clearance.revoked_at is None
    )


def _terms(hold: Hold, chain: Chain) -> DepositTerms:
    return DepositTerms(
        chain_id=chain.deployment.chain_id,
        contract=chain.deployment.escrow,
        ref=chain_clearance.lease_ref(hold.subject_id),
        payer=hold.wallet_address,
        payee=_payee(hold, chain),
        cap_minor=hold.amount_minor,
        currency=hold.currency,
        rate_minor_per_hour=hold.rate_minor_per_hour,
        fee_bps=hold.fee_bps,
        expiry=int(hold.expires_at.timestamp()),
        epoch=chain.epoch(),
    )


def _payee(hold: Hold, chain: Chain) -> str:
    """The provider's wallet as it was when the deposit was first prepared.

    The terms of a lease do not change: other terms would be another lease on chain, and two deposits for one.
    """
    deployment = chain.deployment
    asked = EscrowDeposit.objects.filter(hold=hold, chain_id=deployment.chain_id, contract=deployment.escrow).first()
    if asked is not None:
        return asked.payee
    profile = PaymentProfile.objects.filter(party_id=hold.payee_party_id).first()
    wallet = profile.payout_wallet if profile else ""
    if not wallet:
        raise NoPayoutWallet
    # Kept as the provider typed it; all upper or all lower case carries no checksum and is taken as it is.
    return wallet if is_checksum_address(wallet) else to_checksum_address(wallet)


def _keep(hold: Hold, terms: DepositTerms, signed: SignedDeposit, token: str) -> EscrowDeposit:
    with transaction.atomic():
        locked = hold_states.locked_hold(hold.pk)
        if locked.state != Hold.State.OPENING:
            raise HoldNotOpen("This lease is no longer waiting for a deposit. Nothing was changed.")
        row, _ = EscrowDeposit.objects.update_or_create(
            hold=hold,
            defaults={
                "chain_id": terms.chain_id,
                "contract": terms.contract,
                "token": token,
                "lease_key": signed.lease_key,
                "payer": terms.payer,
                "payee": terms.payee,
                "typed_data": signed.typed_data,
                "signature": signed.signature,
            },
        )
        audit.record(
            "deposit.cleared",
            actor=DEPOSITS,
            subject=hold,
            data={"lease_key": signed.lease_key, "valid_until": signed.valid_until, "signer": signed.signer},
        )
    return row


def _request(row: EscrowDeposit, hold: Hold) -> DepositRequest:
    message = row.typed_data["message"]
    deposit = calldata(ESCROW, "deposit", terms_of(row), clearance_of(row))
    return DepositRequest(
        hold_id=hold.pk,
        chain_id=row.chain_id,
        escrow=row.contract,
        token=row.token,
        lease_key=row.lease_key,
        payer=row.payer,
        payee=row.payee,
        amount_minor=hold.amount_minor,
        valid_until=datetime.fromtimestamp(message["validUntil"], UTC),
        typed_data=row.typed_data,
        signature=row.signature,
        transactions=(
            WalletTransaction(
                row.token, calldata(TOKEN, "approve", row.contract, hold.amount_minor), "Allow the escrow the deposit"
            ),
            WalletTransaction(row.contract, deposit, "Deposit for the lease"),
        ),
    )


def clearance_of(row: EscrowDeposit) -> tuple[Any, ...]:
    """The compliance signer's clearance as the contract takes it."""
    message = row.typed_data["message"]
    return message["validUntil"], message["epoch"], bytes.fromhex(row.signature[2:])


def terms_of(row: EscrowDeposit) -> tuple[Any, ...]:
    """The lease's terms as the contract takes them."""
    terms = row.typed_data["message"]["terms"]
    return tuple(
        bytes.fromhex(terms[name][2:]) if type_ == "bytes32" else terms[name]
        for name, type_ in chain_clearance.TERMS_FIELDS
    )
