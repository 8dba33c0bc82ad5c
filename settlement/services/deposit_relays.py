"""Deposits that a renter's wallet only signs for: an EIP-3009 authorization, which our sender brings to the contract.

The authorization's nonce is the lease's id on chain, so this one signature agrees to every term, pays nobody but the
escrow contract (`receiveWithAuthorization`: no front-runner can spend it), and serves only with a clearance. The renter
needs no gas; ours is bounded: a hold has three tries, and a deposit that the contract would refuse is not sent.
"""

from typing import Any, ClassVar
from uuid import UUID

from eth_account import Account
from eth_account.messages import encode_typed_data
from hexbytes import HexBytes

from compliance.base.errors import Conflict, Refusal
from compliance.services.chain_signer import SETTLER
from settlement.models import ChainTransaction, EscrowDeposit
from settlement.rails.chain import connect
from settlement.services.chain_deposits import DepositRequest, clearance_of, prepare_deposit, terms_of
from settlement.services.chain_sender import ContractCall, submit

TRIES = 3
FIELDS = (
    ("from", "address"),
    ("to", "address"),
    ("value", "uint256"),
    ("validAfter", "uint256"),
    ("validBefore", "uint256"),
    ("nonce", "bytes32"),
)
DOMAIN = (("name", "string"), ("version", "string"), ("chainId", "uint256"), ("verifyingContract", "address"))


class BadAuthorization(Refusal):
    """The signature is not the depositing wallet's for exactly this authorization."""

    code = "bad_authorization"
    http_status: ClassVar[int] = 400
    default_message = (
        "This is not the depositing wallet's signature of the authorization shown. Nothing was sent; sign the typed "
        "data as they are, with the wallet that the lease names."
    )


class TooManyTries(Conflict):
    """The deposit was sent and refused too often."""

    code = "too_many_tries"
    default_message = (
        "This deposit was brought to the contract three times, and refused. Nothing was sent; deposit from your own "
        "wallet instead."
    )


def authorization_of(request: DepositRequest) -> dict[str, Any]:
    """What the wallet signs instead of sending anything: the same for a lease, however often it is asked.

    Valid until the lease's expiry; it is worth nothing without a clearance. Asks the chain for the token's names, once.
    Raises ChainUnavailable, ChainNotConfigured.
    """
    name, version = connect().token_names()
    return {
        "types": {
            "EIP712Domain": [{"name": field, "type": type_} for field, type_ in DOMAIN],
            "ReceiveWithAuthorization": [{"name": field, "type": type_} for field, type_ in FIELDS],
        },
        "primaryType": "ReceiveWithAuthorization",
        "domain": {"name": name, "version": version, "chainId": request.chain_id, "verifyingContract": request.token},
        "message": {
            "from": request.payer,
            "to": request.escrow,
            "value": request.amount_minor,
            "validAfter": 0,
            "validBefore": request.typed_data["message"]["terms"]["expiry"],
            "nonce": request.lease_key,
        },
    }


def relay_deposit(hold_id: UUID, signature: str) -> ChainTransaction:
    """The deposit is on its way by our sender, with a fresh clearance; while it is, the same is returned.

    Call outside any transaction. Raises BadAuthorization, TooManyTries, CallRefused (such as too few tokens), and what
    `prepare_deposit` raises.
    """
    request = prepare_deposit(hold_id)
    authorization = authorization_of(request)
    v, r, s = _parts(signature, authorization, request.payer)
    tries = ChainTransaction.objects.filter(idempotency_key__startswith=f"relay:{hold_id}:")
    present = tries.exclude(state=ChainTransaction.State.REVERTED).first()
    if present is not None:
        return present
    if tries.count() >= TRIES:
        raise TooManyTries
    row = EscrowDeposit.objects.select_related("hold").get(hold_id=hold_id)
    agreed = (0, authorization["message"]["validBefore"], v, r, s)
    call = ContractCall(
        key=f"relay:{hold_id}:{tries.count()}",
        purpose="relay_deposit",
        role=SETTLER,
        function="depositWithAuthorization",
        arguments=(terms_of(row), clearance_of(row), agreed),
        subject_id=row.hold.subject_id,
    )
    return submit(call)


def _parts(signature: str, typed_data: dict[str, Any], payer: str) -> tuple[int, bytes, bytes]:
    """v, r and s. Raises BadAuthorization unless the payer signed exactly that."""
    try:
        raw = bytes(HexBytes(signature))
        signer = Account.recover_message(encode_typed_data(full_message=typed_data), signature=raw)
    except Exception:  # eth-keys raises its own errors and ValueError for points that are none
        raise BadAuthorization from None
    if len(raw) != 65 or signer != payer:
        raise BadAuthorization
    v = raw[64] + 27 if raw[64] < 27 else raw[64]
    return v, raw[:32], raw[32:64]
