"""A signer of its own over HTTP: JSON-RPC `eth_signTransaction` and `eth_signTypedData`, as Web3Signer speaks it.

The signer holds the keys and may have rules of its own; it is not trusted with more than its keys: what it returns is
taken only when it is exactly what was asked, signed by exactly the role's address.
"""

from typing import Any, ClassVar

import httpx
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from eth_utils.address import is_checksum_address
from hexbytes import HexBytes

from compliance.base.errors import Refusal
from settlement.rails.outside import require_no_transaction

TIMEOUT_SECONDS = 10
SIGNATURE_BYTES = 65
# Half the order of secp256k1: a signature's s lies at or below, or a mirrored twin of it would be as good.
HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0


class SignerUnavailable(Refusal):
    """The signer does not answer, refuses, or answers something else than what was asked."""

    code = "signer_unavailable"
    http_status: ClassVar[int] = 503
    default_message = "The chain signer does not answer as it should. Nothing was signed or sent; try again shortly."


class HttpSigner:
    """The key of one address, behind a JSON-RPC endpoint."""

    def __init__(self, url: str, address: str) -> None:
        if not is_checksum_address(address):
            raise ImproperlyConfigured(f"{address!r} in GRIDCLEAR_CHAIN_SIGNER_ADDRESSES is no EIP-55 address.")
        self._url = url
        self._address = address

    @property
    def address(self) -> str:
        return self._address

    def sign_transaction(self, unsigned: dict[str, Any]) -> bytes:
        """As the protocol says. Raises SignerUnavailable."""
        request = {name: hex(value) if isinstance(value, int) else value for name, value in unsigned.items()}
        answer = self._ask("eth_signTransaction", [{**request, "from": self._address}])
        # Some signers give the bytes alone, some wrap them.
        raw = answer.get("raw") if isinstance(answer, dict) else answer
        try:
            signed = HexBytes(str(raw))
            same = TypedTransaction.from_bytes(signed).hash() == TypedTransaction.from_dict(unsigned).hash()
            sender = Account.recover_transaction(signed)
        except Exception as error:
            raise SignerUnavailable from error
        if not same or sender != self._address:
            raise SignerUnavailable("The chain signer signed something else than what was asked. Nothing was sent.")
        return bytes(signed)

    def sign_typed_data(self, typed_data: dict[str, Any]) -> bytes:
        """As the protocol says. Raises SignerUnavailable."""
        answer = self._ask("eth_signTypedData", [self._address, typed_data])
        try:
            signature = bytes(HexBytes(str(answer)))
            signer = Account.recover_message(encode_typed_data(full_message=typed_data), signature=signature)
        except Exception as error:
            raise SignerUnavailable from error
        low = int.from_bytes(signature[32:64]) <= HALF_ORDER
        if len(signature) != SIGNATURE_BYTES or not low or signer != self._address:
            raise SignerUnavailable("The chain signer gave no signature of ours. Nothing was sent.")
        return signature

    def _ask(self, method: str, params: list[Any]) -> Any:
        require_no_transaction()
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        try:
            answer = httpx.post(self._url, json=request, timeout=TIMEOUT_SECONDS, follow_redirects=False)
            answer.raise_for_status()
            body = answer.json()
        except (httpx.HTTPError, ValueError):
            # Not chained: the client's exception carries the URL, and that may carry a token.
            raise SignerUnavailable from None
        if not isinstance(body, dict) or "result" not in body:
            raise SignerUnavailable("The chain signer refused to sign. Nothing was signed or sent.")
        return body["result"]


def http_signer(role: str) -> HttpSigner:
    """The signer of the settings for the role. Raises ImproperlyConfigured when no address is named for it."""
    pairs = (item.partition("=") for item in settings.GRIDCLEAR_CHAIN_SIGNER_ADDRESSES.split(",") if item)
    addresses = {name.strip(): address.strip() for name, _, address in pairs}
    if role not in addresses:
        raise ImproperlyConfigured(f"GRIDCLEAR_CHAIN_SIGNER_ADDRESSES names no address for {role}.")
    return HttpSigner(settings.GRIDCLEAR_CHAIN_SIGNER_URL, addresses[role])
