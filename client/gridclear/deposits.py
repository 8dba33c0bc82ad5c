"""A lease's deposit from the renter's own wallet: what the marketplace offers is checked before anything is signed.

The wallet signs nothing but for the contract that its owner named, the lease whose terms hash to the id offered, and
the amount of those terms. Three ways: approve and deposit, one transaction with a permit (EIP-2612), or only an
authorization (EIP-3009) that the marketplace brings to the contract, for which the wallet needs no gas.
"""

from dataclasses import dataclass
from typing import Any

from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak

from gridclear.errors import AgentError
from gridclear.escrow import TERMS, Escrow

CLEARANCE = "(uint64,uint64,bytes)"
PERMIT_FIELDS = ("owner", "address"), ("spender", "address"), ("value", "uint256"), ("nonce", "uint256")
AUTHORIZATION_FIELDS = ("from", "address"), ("to", "address"), ("value", "uint256"), ("validAfter", "uint256")
TERMS_FIELDS = ("ref", "payer", "payee", "cap", "ratePerHour", "feeBps", "expiry")
PERMIT_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Deposit:
    """A deposit that is what its owner was asked for: see `read`."""

    chain_id: int
    escrow: str
    token: str
    token_names: tuple[str, str]
    lease_id: str
    terms: tuple[Any, ...]
    clearance: tuple[Any, ...]

    @classmethod
    def read(cls, offered: dict[str, Any], *, wallet: str, contract: str) -> "Deposit":
        """The offer, if it is for that wallet and contract and one with itself. Raises AgentError."""
        try:
            found = cls._read(offered)
            terms = offered["typed_data"]["message"]["terms"]
            domain = offered["typed_data"]["domain"]
            mine = terms["payer"] == wallet and int(offered["amount_minor"]) == int(terms["cap"])
            there = found.escrow == contract == domain["verifyingContract"]
            chain = int(domain["chainId"]) == found.chain_id
        except (KeyError, TypeError, ValueError) as error:
            raise AgentError("bad_offer", "The marketplace's answer is no deposit. Nothing was signed.") from error
        if not mine:
            raise AgentError("not_yours", "This deposit is to be made by another wallet. Nothing was signed.")
        if not there or not chain:
            raise AgentError("other_contract", "This deposit is for another contract. Nothing was signed.")
        if _lease_id(offered["typed_data"]) != found.lease_id:
            raise AgentError("other_terms", "The lease's id is not that of its terms. Nothing was signed.")
        return found

    @classmethod
    def _read(cls, offered: dict[str, Any]) -> "Deposit":
        message = offered["typed_data"]["message"]
        terms = tuple(message["terms"][name] for name in TERMS_FIELDS)
        names = offered["authorization"]["domain"]
        return cls(
            int(offered["chain_id"]),
            offered["escrow"],
            offered["token"],
            (names["name"], names["version"]),
            offered["lease_key"],
            (bytes.fromhex(terms[0][2:]), *terms[1:]),
            (message["validUntil"], message["epoch"], bytes.fromhex(offered["signature"][2:])),
        )

    @property
    def amount(self) -> int:
        """What is deposited, in token units."""
        return int(self.terms[3])

    # -- the three ways --------------------------------------------------------------------------------------

    def authorization(self, private_key: str) -> str:
        """The wallet's EIP-3009 signature, whose nonce is the lease's id: nobody but the contract can be paid by it."""
        message = {
            "from": self.terms[1],
            "to": self.escrow,
            "value": self.amount,
            "validAfter": 0,
            "validBefore": self.terms[6],
            "nonce": bytes.fromhex(self.lease_id[2:]),
        }
        fields = (*AUTHORIZATION_FIELDS, ("validBefore", "uint256"), ("nonce", "bytes32"))
        return str(self._signed(private_key, "ReceiveWithAuthorization", fields, message).signature.to_0x_hex())

    def send(self, escrow: Escrow, private_key: str) -> str:
        """Approved and deposited, in two transactions; the hash of the second. Raises AgentError."""
        self._check_chain(escrow)
        escrow.send("approve(address,uint256)", [self.escrow, self.amount], private_key, to=self.token)
        return escrow.send(f"deposit({TERMS},{CLEARANCE})", [self.terms, self.clearance], private_key)

    def send_with_permit(self, escrow: Escrow, private_key: str) -> str:
        """Deposited in one transaction that carries the allowance; its hash. Raises AgentError."""
        self._check_chain(escrow)
        deadline = escrow.now() + PERMIT_SECONDS
        message = {
            "owner": self.terms[1],
            "spender": self.escrow,
            "value": self.amount,
            "nonce": escrow.permit_nonce(self.token, self.terms[1]),
            "deadline": deadline,
        }
        given = self._signed(private_key, "Permit", (*PERMIT_FIELDS, ("deadline", "uint256")), message)
        permit = [deadline, given.v, given.r.to_bytes(32, "big"), given.s.to_bytes(32, "big")]
        signature = f"depositWithPermit({TERMS},{CLEARANCE},uint256,uint8,bytes32,bytes32)"
        return escrow.send(signature, [self.terms, self.clearance, *permit], private_key)

    def _check_chain(self, escrow: Escrow) -> None:
        if escrow.chain_id() != self.chain_id:
            raise AgentError("other_chain", f"Your node is not on chain {self.chain_id}. Nothing was signed.")

    def _signed(self, private_key: str, kind: str, fields: tuple[tuple[str, str], ...], message: dict[str, Any]) -> Any:
        name, version = self.token_names
        return Account.sign_typed_data(
            private_key,
            domain_data={
                "name": name,
                "version": version,
                "chainId": self.chain_id,
                "verifyingContract": self.token,
            },
            message_types={kind: [{"name": field, "type": type_} for field, type_ in fields]},
            message_data=message,
        )


def _lease_id(typed_data: dict[str, Any]) -> str:
    """The EIP-712 digest of the terms, which is the lease's id."""
    types = {name: typed_data["types"][name] for name in ("EIP712Domain", "LeaseTerms")}
    terms = {"types": types, "primaryType": "LeaseTerms", "domain": typed_data["domain"]}
    signable = encode_typed_data(full_message=terms | {"message": typed_data["message"]["terms"]})
    return "0x" + keccak(b"\x19" + signable.version + signable.header + signable.body).hex()
