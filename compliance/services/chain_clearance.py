"""The clearance that the escrow contract asks for: EIP-712, signed by the compliance signer for one deposit.

Wall 4. It is made from a live Clearance about the same lease, parties and wallet, never from anything else, and it is
worth less than that one: it lapses with it, or after fifteen minutes, whichever comes first.
"""

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
# In the order of the contract's structs.
TERMS_FIELDS = (
    ("ref", "bytes32"),
    ("payer", "address"),
    ("payee", "address"),
    ("cap", "uint256"),
    ("ratePerHour", "uint256"),
    ("feeBps", "uint16"),
    ("expiry", "uint64"),
)
CLEARANCE_FIELDS = (("terms", "LeaseTerms"), ("validUntil", "uint64"), ("epoch", "uint64"))
_DOMAIN_FIELDS = (
    ("name", "string"),
    ("version", "string"),
    ("chainId", "uint256"),
    ("verifyingContract", "address"),
)
_TYPES = {
    "EIP712Domain": _DOMAIN_FIELDS,
    "LeaseTerms": TERMS_FIELDS,
    "Clearance": CLEARANCE_FIELDS,
}


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
    """What one deposit is for. Amounts in minor units of `currency`, times in unix seconds, addresses EIP-55.

    All but `currency` and `epoch` are the lease's terms, which its key on chain is the hash of.
    """

    chain_id: int
    contract: str
    ref: str
    payer: str
    payee: str
    cap_minor: int
    currency: str
    rate_minor_per_hour: int
    fee_bps: int
    expiry: int
    epoch: int


@dataclass(frozen=True, slots=True)
class SignedDeposit:
    """The typed data as wallets show it, and the compliance signer's 65 bytes over it, 0x-prefixed."""

    typed_data: dict[str, Any]
    signature: str
    signer: str
    valid_until: int
    lease_key: str


def lease_ref(subject_id: UUID) -> str:
    """The lease's name in its terms: bytes32, 0x-prefixed. A hash, so that the chain does not show our ids."""
    return "0x" + keccak(b"gridclear:lease:" + subject_id.bytes).hex()


def lease_key(terms: DepositTerms) -> str:
    """The lease's id on chain, bytes32, 0x-prefixed: the EIP-712 digest of its terms."""
    return "0x" + typed_data_digest(_typed("LeaseTerms", terms, _terms_message(terms))).hex()


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
    until = int(min(clock.now() + VALID_FOR, clearance.expires_at).timestamp())
    message = {"terms": _terms_message(terms), "validUntil": until, "epoch": terms.epoch}
    typed_data = _typed("Clearance", terms, message)
    signer = chain_signer.signer_for(chain_signer.CLEARANCE_SIGNER)
    signature = "0x" + signer.sign_typed_data(typed_data).hex()
    return SignedDeposit(typed_data, signature, signer.address, until, lease_key(terms))


def typed_data_digest(typed_data: dict[str, Any]) -> bytes:
    """The 32 bytes that EIP-712 has signed for this typed data."""
    message = encode_typed_data(full_message=typed_data)
    return keccak(b"\x19" + message.version + message.header + message.body)


def _check(clearance: Clearance, terms: DepositTerms, subject_id: UUID) -> None:
    if terms.ref != lease_ref(subject_id):
        raise InvalidInput("The terms are not this lease's. Nothing was signed.")
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


def _terms_message(terms: DepositTerms) -> dict[str, Any]:
    return {
        "ref": terms.ref,
        "payer": terms.payer,
        "payee": terms.payee,
        "cap": terms.cap_minor,
        "ratePerHour": terms.rate_minor_per_hour,
        "feeBps": terms.fee_bps,
        "expiry": terms.expiry,
    }


def _typed(primary: str, terms: DepositTerms, message: dict[str, Any]) -> dict[str, Any]:
    used = _TYPES if primary == "Clearance" else {name: _TYPES[name] for name in ("EIP712Domain", primary)}
    return {
        "types": {kind: [{"name": name, "type": type_} for name, type_ in fields] for kind, fields in used.items()},
        "primaryType": primary,
        "domain": {
            "name": DOMAIN_NAME,
            "version": DOMAIN_VERSION,
            "chainId": terms.chain_id,
            "verifyingContract": terms.contract,
        },
        "message": message,
    }
