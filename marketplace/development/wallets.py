"""Wallets of the story's people on the development chain: keys of their own, filled from anvil's taps."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_typing import ChecksumAddress
from hexbytes import HexBytes
from web3 import Web3
from web3.contract import Contract
from web3.exceptions import ContractCustomError
from web3.types import RPCEndpoint, TxParams, TxReceipt

from settlement.rails.chain_contracts import ESCROW, TOKEN, abi, error_name

ETHER = 10**18
PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class DevelopmentChain:
    """anvil with the deployed contracts. `set_balance` and impersonation exist on development nodes only."""

    web3: Web3
    escrow_address: ChecksumAddress
    token_address: ChecksumAddress

    @property
    def escrow(self) -> Contract:
        """The escrow contract."""
        return self.web3.eth.contract(address=self.escrow_address, abi=abi(ESCROW))

    @property
    def token(self) -> Contract:
        """The test USDC."""
        return self.web3.eth.contract(address=self.token_address, abi=abi(TOKEN))

    def fill(self, address: ChecksumAddress, *, usdc: int) -> None:
        """The address holds ether for fees and at least `usdc` millionths more of test USDC."""
        self._set_ether(address)
        owner: ChecksumAddress = self.token.functions.owner().call()
        self.send_as(owner, self.token_address, self.token.encode_abi("mint", args=[address, usdc]))

    def send_as(self, sender: ChecksumAddress, to: ChecksumAddress, data: str) -> TxReceipt:
        """The transaction was mined although nobody here has the sender's key."""
        self._set_ether(sender)
        self.web3.provider.make_request(RPCEndpoint("anvil_impersonateAccount"), [sender])
        sent = self.web3.eth.send_transaction({"from": sender, "to": to, "data": HexBytes(data)})
        return self._mined(sent)

    def refusal_of(self, sender: ChecksumAddress, to: ChecksumAddress, data: str) -> str:
        """The name of the custom error with which the contract refuses this call; empty when it would take it."""
        self._set_ether(sender)
        try:
            self.web3.eth.call({"from": sender, "to": to, "data": HexBytes(data)})
        except ContractCustomError as error:
            return error_name(str(error.data))
        return ""

    def send(self, key: LocalAccount, to: ChecksumAddress, data: str) -> TxReceipt:
        """The transaction, signed by the key, was mined and succeeded."""
        fields: dict[str, Any] = {
            "from": key.address,
            "to": to,
            "data": HexBytes(data),
            "nonce": self.web3.eth.get_transaction_count(key.address),
            "chainId": self.web3.eth.chain_id,
            "gasPrice": self.web3.eth.gas_price * 2,
        }
        fields["gas"] = self.web3.eth.estimate_gas(cast(TxParams, fields)) * 3 // 2
        signed = key.sign_transaction(fields)
        return self._mined(self.web3.eth.send_raw_transaction(signed.raw_transaction))

    def _mined(self, sent: HexBytes) -> TxReceipt:
        receipt = self.web3.eth.wait_for_transaction_receipt(sent, timeout=PATIENCE_SECONDS)
        if receipt["status"] != 1:
            raise RuntimeError(f"transaction {sent.to_0x_hex()} was mined and failed")
        return receipt

    def _set_ether(self, address: ChecksumAddress) -> None:
        self.web3.provider.make_request(RPCEndpoint("anvil_setBalance"), [address, hex(10 * ETHER)])


def wallet_key(state: Path, name: str) -> LocalAccount:
    """The named person's key, made at first use and kept in the state folder."""
    path = state / "wallets" / f"{name}.key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(Account.create().key.to_0x_hex())
    key: Any = Account.from_key(path.read_text().strip())
    return key  # type: ignore[no-any-return]
