"""Proof of a wallet: begun for the chain that escrow is on, decided by the key or by the contract at the address."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from compliance.base.actor import Actor
from compliance.services import wallet_proofs
from settlement.rails import chain, chain_signatures


@dataclass(frozen=True, slots=True)
class MessageToSign:
    """What the wallet is to sign, and until when."""

    id: UUID
    address: str
    message: str
    expires_at: datetime


def begin_proof(party_id: UUID, address: str, *, actor: Actor) -> MessageToSign:
    """A message stands for the wallet to sign, bound to the chain that escrow is on. Asks the node for it.

    The caller has checked who acts for the party. Raises MalformedWallet, WalletTaken, NotFound, ChainNotConfigured,
    ChainUnavailable.
    """
    chain_id = chain.connect().deployment.chain_id
    row = wallet_proofs.begin_proof(party_id, address, chain_id, actor=actor)
    return MessageToSign(row.pk, row.address, row.message, row.expires_at)


def prove_wallet(party_id: UUID, message: str, signature: str, *, actor: Actor) -> str:
    """The wallet that signed the message is the party's, proven; returns its address.

    A contract wallet is asked (ERC-1271) only when no key signed. Not inside a transaction.
    Raises ProofRefused, MessageSpent, NotFound, WalletTaken, ChainNotConfigured, ChainUnavailable.
    """
    given = wallet_proofs.signature_bytes(signature)
    row = wallet_proofs.challenge_for(party_id, message)
    if wallet_proofs.is_signed_by_key(row, given):
        wallet_proofs.accept(row, given, wallet_proofs.EOA, actor=actor)
    elif chain_signatures.accepts_signature(row.address, wallet_proofs.digest_to_sign(row), given):
        wallet_proofs.accept(row, given, wallet_proofs.CONTRACT, actor=actor)
    else:
        wallet_proofs.refuse(row, actor=actor)
    return row.address
