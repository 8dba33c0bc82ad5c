"""Keys on chain: whoever signs is asked through `Signer`, so that a key can live in a file, a KMS or a separate signer.

No key enters the database. Development uses files; production names a provider in `GRIDCLEAR_CHAIN_SIGNERS` (a dotted
path to a callable that takes the role and returns a Signer), such as one that asks a KMS. With
`GRIDCLEAR_CHAIN_SIGNER_URL` that is a signer of its own over HTTP, see `settlement.rails.chain_signer_http`.
"""

import os
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount

# The keys of the escrow contract, each its own: none alone can both let money in and take it out.
CLEARANCE_SIGNER = "clearance_signer"
SETTLER = "settler"
GUARDIAN = "guardian"
TREASURER = "treasurer"
DEPLOYER = "deployer"
# Writes the audit log's roots to the anchor contract; holds no right over money.
ANCHORER = "anchorer"
ROLES = (CLEARANCE_SIGNER, SETTLER, GUARDIAN, TREASURER, DEPLOYER, ANCHORER)


@runtime_checkable
class Signer(Protocol):
    """Holds one secp256k1 key, wherever it lies."""

    @property
    def address(self) -> str:
        """The EIP-55 address of the key."""
        ...

    def sign_transaction(self, unsigned: dict[str, Any]) -> bytes:
        """The signed transaction's bytes, ready to be sent; `unsigned` is of type 2, its numbers are integers."""
        ...

    def sign_typed_data(self, typed_data: dict[str, Any]) -> bytes:
        """65 bytes (r, s, v) over the EIP-712 request, s in the lower half, v 27 or 28."""
        ...


class FileSigner:
    """A key in a file of 64 hex digits, readable by its owner alone."""

    def __init__(self, path: Path) -> None:
        self._account: LocalAccount = Account.from_key(path.read_text(encoding="ascii").strip())

    @property
    def address(self) -> str:
        return self._account.address

    def sign_transaction(self, unsigned: dict[str, Any]) -> bytes:
        return bytes(self._account.sign_transaction(unsigned).raw_transaction)

    def sign_typed_data(self, typed_data: dict[str, Any]) -> bytes:
        return bytes(self._account.sign_message(encode_typed_data(full_message=typed_data)).signature)


def signer_for(role: str) -> Signer:
    """The signer of a role of the escrow contract.

    In development a missing key file is made at first use. Raises ImproperlyConfigured for an unknown role, and in
    production when there is no key.
    """
    if role not in ROLES:
        raise ImproperlyConfigured(f"{role!r} is not a role of the escrow contract.")
    provider: str = settings.GRIDCLEAR_CHAIN_SIGNERS
    if provider:
        found = import_string(provider)(role)
        if not isinstance(found, Signer):
            raise ImproperlyConfigured(f"{provider} gave no signer for {role}.")
        return found
    return _from_file(str(settings.GRIDCLEAR_CHAIN_KEY_DIR), role)


@lru_cache(maxsize=32)
def _from_file(folder: str, role: str) -> FileSigner:
    path = Path(folder) / f"{role}.key"
    if not path.exists():
        if not settings.GRIDCLEAR_DEVELOPMENT:
            raise ImproperlyConfigured(f"The chain key {path} does not exist: see README.md, “Production”.")
        _make(path)
    return FileSigner(path)


def _make(path: Path) -> None:
    """A new key stands in the file; of several processes that start together, one wins and all read its key."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent)  # mkstemp makes 0600
    try:
        with os.fdopen(handle, "w", encoding="ascii") as out:
            out.write(Account.create().key.hex())
        try:
            os.link(name, path)
        except FileExistsError:
            return
    finally:
        os.unlink(name)
