"""The clearance that the escrow contract asks for: EIP-712, signed by the compliance signer for one deposit.

Wall 4. It is made from a live Clearance about the same lease, parties and wallet, never from anything else, and it is
worth less than that one: it lapses with it, or after fifteen minutes, whichever comes first.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from eth_account.messages import encode_typed_data
from eth_utils.address import is_checksum_address
from eth_utils.crypto import keccak

from compliance.base import clock
from compliance.base.errors import InvalidInput, Refusal
from compliance.models import Clearance
from compliance.services import chain_signer
from compliance.services.clearances import ensure_valid

VALID_FOR = timedelta(minutes=15)
DOMAIN_NAME, DOMAIN_VERSION = "Gridclear Escrow", "1"
# In the order of the contract's struct.
CLEARANCE_FIELDS = (
    ("leaseId", "bytes32"),
    ("payer", "address"),
    ("payee", "address"),
    ("cap", "uint256"),
    ("ratePerHour", "uint256"),
    ("feeBps", "uint16"),
    ("validUntil", "uint64"),
    ("leaseExpiry", "uint64"),
    ("nonce", "uint256"),
    ("epoch", "uint64"),
)
_DOMAIN_FIELDS = (
    ("name", "string"),
    ("version", "string"),
    ("chainId", "uint256"),
    ("verifyingContract", "address"),
)
_BYTES32 = re.compile(r"0x[0-9a-f]{64}")


class WalletNotCleared(Refusal):
    """The wallet is not the one that was cleared."""

    code = "wallet_not_cleared"
    http_status: ClassVar[int] = 403
    default_message = "This wallet was not cleared for this lease. Nothing was signed; ask for a new clearance."


class AmountNotCleared(Refusal):
    """The deposit is larger than what was cleared."""

    code = "amount_not_cleared"
    http_status: ClassVar[int] = 403
    default_message = "The deposit is larger than what was cleared. Nothing was signed; ask for a new clearance."


@dataclass(frozen=True, slots=True)
class DepositTerms:
    """What one deposit is for. Amounts in minor units of `currency`, times in unix seconds, addresses EIP-55."""

    chain_id: int
    contract: str
    lease_key: str
    payer: str
    payee: str
    cap_minor: int
    currency: str
    rate_minor_per_hour: int
    fee_bps: int
    lease_expiry: int
    epoch: int


@dataclass(frozen=True, slots=True)
class SignedDeposit:
    """The typed data as wallets show it, and the compliance signer's 65 bytes over it, 0x-prefixed."""

    typed_data: dict[str, Any]
    signature: str
    signer: str
    valid_until: int


def lease_key(subject_id: UUID) -> str:
    """The lease's name on chain: bytes32, 0x-prefixed. A hash, so that the chain does not show our ids."""
    return "0x" + keccak(b"gridclear:lease:" + subject_id.bytes).hex()


def nonce_of(clearance_id: UUID) -> int:
    """The nonce that names a clearance on chain, by which it can be revoked there."""
    return clearance_id.int


def sign_deposit(
    clearance_id: UUID,
    terms: DepositTerms,
    *,
    subject_id: UUID,
    renter_party_id: UUID,
    provider_party_id: UUID,
) -> SignedDeposit:
    """The deposit's typed data is signed; nothing is stored.

    Raises ClearanceInvalid when the clearance is unknown, revoked, lapsed or about other parties, WalletNotCleared,
    AmountNotCleared, InvalidInput for malformed terms.
    """
    clearance = ensure_valid(
        clearance_id,
        purpose="lease",
        subject_id=subject_id,
        renter_party_id=renter_party_id,
        provider_party_id=provider_party_id,
    )
    _check(clearance, terms, subject_id)
    until = min(clock.now() + VALID_FOR, clearance.expires_at)
    typed_data = _typed_data(terms, nonce_of(clearance_id), int(until.timestamp()))
    signer = chain_signer.signer_for(chain_signer.CLEARANCE_SIGNER)
    parity, r, s = signer.sign_digest(typed_data_digest(typed_data))
    signature = r.to_bytes(32) + s.to_bytes(32) + bytes([27 + parity])
    return SignedDeposit(typed_data, "0x" + signature.hex(), signer.address, int(until.timestamp()))


def typed_data_digest(typed_data: dict[str, Any]) -> bytes:
    """The 32 bytes that EIP-712 has signed for this typed data."""
    message = encode_typed_data(full_message=typed_data)
    return keccak(b"\x19" + message.version + message.header + message.body)


def _check(clearance: Clearance, terms: DepositTerms, subject_id: UUID) -> None:
    if terms.lease_key != lease_key(subject_id) or not _BYTES32.fullmatch(terms.lease_key):
        raise InvalidInput("The lease key is not this lease's. Nothing was signed.")
    for address in (terms.contract, terms.payer, terms.payee):
        if not is_checksum_address(address):
            raise InvalidInput(f"{address!r} is not an address with a valid checksum. Nothing was signed.")
    if min(terms.cap_minor, terms.rate_minor_per_hour, terms.chain_id) <= 0 or not 0 <= terms.fee_bps <= 10_000:
        raise InvalidInput("Amounts, rate and chain id are above zero, the fee is a percentage. Nothing was signed.")
    if not clearance.wallet_address or clearance.wallet_address != terms.payer:
        raise WalletNotCleared
    if clearance.max_amount_minor is not None and (
        terms.cap_minor > clearance.max_amount_minor or clearance.currency != terms.currency
    ):
        raise AmountNotCleared


def _typed_data(terms: DepositTerms, nonce: int, valid_until: int) -> dict[str, Any]:
    return {
        "types": {
            "EIP712Domain": [{"name": name, "type": type_} for name, type_ in _DOMAIN_FIELDS],
            "Clearance": [{"name": name, "type": type_} for name, type_ in CLEARANCE_FIELDS],
        },
        "primaryType": "Clearance",
        "domain": {
            "name": DOMAIN_NAME,
            "version": DOMAIN_VERSION,
            "chainId": terms.chain_id,
            "verifyingContract": terms.contract,
        },
        "message": {
            "leaseId": terms.lease_key,
            "payer": terms.payer,
            "payee": terms.payee,
            "cap": terms.cap_minor,
            "ratePerHour": terms.rate_minor_per_hour,
            "feeBps": terms.fee_bps,
            "validUntil": valid_until,
            "leaseExpiry": terms.lease_expiry,
            # Text: a number of 128 bits does not survive a browser's JSON.
            "nonce": str(nonce),
            "epoch": terms.epoch,
        },
    }
