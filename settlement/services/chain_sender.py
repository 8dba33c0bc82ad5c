"""Transactions of ours: signed and stored with their nonce first, then broadcast; `chain_delivery` sees them through.

A crash after the storing loses nothing: the same bytes are sent again, and a chain takes the same bytes only once. A
second sender that chose the same nonce is stopped by the database and takes the next. No key is stored, only what was
signed with it.
"""

import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from eth_utils.crypto import keccak

from compliance.base import actor, clock
from compliance.base.errors import Conflict, Refusal, StaleState
from compliance.base.transition import transition
from compliance.services.chain_signer import Signer, signer_for
from settlement.models import ChainAttempt, ChainTransaction
from settlement.rails.chain import CallRefused, Chain, ChainUnavailable, Fees, connect
from settlement.rails.chain_contracts import ESCROW, calldata
from settlement.services import chain_alarms

logger = logging.getLogger(__name__)

State = ChainTransaction.State
SENDER = actor.system("chain_sender")
# After this a transaction that no block holds is an alarm.
MINING_ALARM = timedelta(hours=1)
NONCE_TRIES = 20
GWEI = 10**9


class NonceBusy(Conflict):
    """Too many senders chose nonces at once."""

    code = "nonce_busy"
    default_message = "The chain sender is busy. Nothing was sent; it will be tried again."


class FeeTooHigh(Refusal):
    """The chain asks more for gas than CHAIN_MAX_FEE_GWEI."""

    code = "fee_too_high"
    http_status = 503
    default_message = "The chain asks more for gas than is set. Nothing was signed or sent; it will be tried again."


@dataclass(frozen=True, slots=True)
class ContractCall:
    """A call of a contract of ours (the escrow, unless told) by the key of a role; `key` makes it happen once.

    `guard` is called in the transaction that stores what was signed: what it raises stops the call for this time.
    """

    key: str
    purpose: str
    role: str
    function: str
    arguments: tuple[Any, ...]
    subject_id: UUID | None = None
    contract: str = ESCROW
    guard: Callable[[], object] | None = None


def only_if(is_wanted: Callable[[], bool], refusal: type[Refusal]) -> Callable[[], None]:
    """A guard that raises the refusal where the deed is not wanted any more.

    It is asked in the transaction that stores the deed, where its nonce is its own: what came meanwhile goes before,
    and a deed of a higher nonce was decided by what stood later.
    """

    def guard() -> None:
        if not is_wanted():
            raise refusal

    return guard


def submit(call: ContractCall, chain: Chain | None = None) -> ChainTransaction:
    """The call is signed and stored, and was broadcast when the node took it; the same key returns what stands.

    Call outside any transaction. Raises CallRefused when the contract would refuse it, FeeTooHigh, ChainUnavailable,
    NonceBusy, and what the call's guard raises.
    """
    present = _present(call)
    if present is not None:
        return present
    chain = chain or connect()
    signer = signer_for(call.role)
    to = chain.deployment.address_of(call.contract)
    data = calldata(call.contract, call.function, *call.arguments)
    try:
        gas, fees = chain.gas_for(signer.address, to, data), chain.fees()
    except CallRefused:
        # Refused because it has happened: another sender of the same deed was a moment earlier.
        present = _present(call)
        if present is None:
            raise
        return present
    if exceeds_limit(fees):
        chain_alarms.sound(chain_alarms.FEE_TOO_HIGH, f"{fees.max_fee // GWEI} gwei are asked for {call.purpose}")
        raise FeeTooHigh
    chain_alarms.end(chain_alarms.FEE_TOO_HIGH)
    for _ in range(NONCE_TRIES):
        nonce = next_nonce(chain, signer.address)
        unsigned = unsigned_call(chain.deployment.chain_id, nonce, to, data, gas, fees)
        stored = _store(call, unsigned, signer)
        if stored is not None:
            broadcast(stored, chain)
            return stored
    raise NonceBusy


def exceeds_limit(fees: Fees) -> bool:
    """Whether that is more than any transaction of ours offers."""
    return fees.max_fee > settings.CHAIN_MAX_FEE_GWEI * GWEI


def unsigned_call(chain_id: int, nonce: int, to: str, data: str, gas: int, fees: Fees) -> dict[str, Any]:
    """A transaction as a signer takes it."""
    return {
        "type": 2,
        "chainId": chain_id,
        "nonce": nonce,
        "to": to,
        "value": 0,
        "data": data,
        "gas": gas,
        "maxFeePerGas": fees.max_fee,
        "maxPriorityFeePerGas": fees.priority_fee,
    }


def next_nonce(chain: Chain, sender: str) -> int:
    """After what the node knows, and after what we signed and the node may have forgotten."""
    known = chain.next_nonce(sender)
    last = (
        ChainTransaction.objects.filter(chain_id=chain.deployment.chain_id, sender=sender)
        .order_by("-nonce")
        .values_list("nonce", flat=True)
        .first()
    )
    return known if last is None else max(known, last + 1)


def hash_of(raw: bytes) -> str:
    """The hash of a signed transaction, 0x-prefixed."""
    return "0x" + keccak(raw).hex()


def store_attempt(row: ChainTransaction, raw: bytes, unsigned: dict[str, Any]) -> None:
    """The signed bytes stand beside their transaction. The caller is in a transaction."""
    ChainAttempt.objects.create(
        transaction=row,
        nonce=unsigned["nonce"],
        raw="0x" + raw.hex(),
        hash=hash_of(raw),
        max_fee=unsigned["maxFeePerGas"],
    )


def broadcast(row: ChainTransaction, chain: Chain) -> None:
    """Sent, when the node takes it; otherwise `chain_delivery` sends it later."""
    try:
        chain.broadcast(row.raw)
    except ChainUnavailable:
        logger.warning("chain transaction %s is stored and will be sent later", row.hash)
        return
    if row.state == State.SIGNED:
        # Whoever else sent the same bytes a moment ago has said so already.
        with contextlib.suppress(StaleState):
            transition(
                row,
                State.BROADCAST,
                actor=SENDER,
                event="chain_transaction.broadcast",
                deadline_at=clock.now() + MINING_ALARM,
                data={"hash": row.hash, "purpose": row.purpose},
            )


def send_again_above(chain_id: int, block_number: int) -> int:
    """Transactions whose block vanished in a reorganisation wait for a block again. Returns how many."""
    rows = ChainTransaction.objects.filter(
        chain_id=chain_id, block_number__gt=block_number, state__in=[State.CONFIRMED, State.REVERTED]
    )
    for row in rows:
        transition(
            row,
            State.BROADCAST,
            actor=SENDER,
            event="chain_transaction.unconfirmed",
            deadline_at=clock.now() + MINING_ALARM,
            block_number=None,
        )
    return len(rows)


def _present(call: ContractCall) -> ChainTransaction | None:
    return ChainTransaction.objects.filter(idempotency_key=call.key).first()


def _store(call: ContractCall, unsigned: dict[str, Any], signer: Signer) -> ChainTransaction | None:
    """The signed transaction's row, or the one of the same key; None when another took the nonce."""
    raw = signer.sign_transaction(unsigned)
    row = ChainTransaction(
        state=State.SIGNED,
        state_changed_at=clock.now(),
        state_deadline_at=clock.now() + MINING_ALARM,
        purpose=call.purpose,
        idempotency_key=call.key,
        chain_id=unsigned["chainId"],
        sender=signer.address,
        nonce=unsigned["nonce"],
        to_address=unsigned["to"],
        raw="0x" + raw.hex(),
        hash=hash_of(raw),
        subject_id=call.subject_id,
        role=call.role,
    )
    try:
        with transaction.atomic():
            if call.guard is not None:
                call.guard()
            row.save(force_insert=True)
            store_attempt(row, raw, unsigned)
    except IntegrityError:
        return _present(call)
    return row
