"""Proof that a wallet is a party's own: it signs a message of ERC-4361 that was written for it, once and in time.

A key's signature is checked here. A contract wallet answers for itself (ERC-1271); asking it is settlement's, which
alone speaks to a node.
"""

import hmac
import secrets
from datetime import timedelta
from typing import NoReturn
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import F
from eth_account import Account
from eth_account.messages import encode_defunct
from eth_utils.address import is_checksum_address
from eth_utils.crypto import keccak

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.errors import Conflict, InvalidInput, NotFound
from compliance.engine.wallet_message import NotAMessage, WalletMessage, parsed
from compliance.models import Party, PartyWallet, WalletChallenge
from compliance.services.parties import MalformedWallet, WalletTaken

LASTS = timedelta(minutes=15)
MOST_ATTEMPTS = 10
STATEMENT = "I prove to Gridclear that this wallet is mine. This moves no money and allows nothing."
PATH = "/verification"
EOA, CONTRACT = "eoa", "eip1271"
_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
_SIGNATURE_BYTES = 65
_MOST_BYTES = 4096


class ProofRefused(InvalidInput):
    """The signature does not prove the wallet, or the message is not one that may be signed now."""

    code = "wallet_not_proven"
    default_message = (
        "This signature does not prove the wallet. Nothing was changed; sign the message as it stands with this very "
        "wallet."
    )


class MessageSpent(Conflict):
    """The message was signed before, or has expired, or was tried too often."""

    code = "wallet_message_spent"
    default_message = "This message is used up or has expired. Nothing was changed; ask for a new one."


def begin_proof(party_id: UUID, address: str, chain_id: int, *, actor: Actor) -> WalletChallenge:
    """A message stands that the wallet may sign within a quarter of an hour. The wallet is not linked by that.

    The caller has checked who acts for the party. Raises MalformedWallet, NotFound, WalletTaken when the wallet is
    another party's by proof.
    """
    if not (address.startswith("0x") and is_checksum_address(address)):
        raise MalformedWallet
    if not Party.objects.filter(pk=party_id).exists():
        raise NotFound
    if PartyWallet.objects.filter(address=address, verified_at__isnull=False).exclude(party_id=party_id).exists():
        raise WalletTaken
    now = clock.now().replace(microsecond=0)
    challenge_id = uuid4()
    message = WalletMessage(
        domain=urlsplit(settings.GRIDCLEAR_BASE_URL).netloc,
        address=address,
        statement=STATEMENT,
        uri=f"{settings.GRIDCLEAR_BASE_URL.rstrip('/')}{PATH}",
        chain_id=chain_id,
        nonce=secrets.token_hex(16),
        issued_at=now,
        expires_at=now + LASTS,
        request_id=str(challenge_id),
    )
    return WalletChallenge.objects.create(
        id=challenge_id,
        party_id=party_id,
        address=address,
        chain_id=chain_id,
        nonce=message.nonce,
        message=message.text(),
        expires_at=message.expires_at,
    )


def challenge_for(party_id: UUID, message: str) -> WalletChallenge:
    """The open challenge of the party whose message this is, to the letter; one more attempt is counted.

    Raises ProofRefused for any other text, MessageSpent, NotFound for somebody else's.
    """
    text = message.replace("\r\n", "\n").strip("\n")
    try:
        said = parsed(text)
    except NotAMessage as error:
        raise ProofRefused(
            "This is not the message that was to be signed. Nothing was changed; copy it whole."
        ) from error
    row = WalletChallenge.objects.filter(party_id=party_id, nonce=said.nonce).first()
    if row is None:
        raise NotFound("There is no such message to sign. Nothing was changed; ask for a new one.")
    if not hmac.compare_digest(row.message.encode(), text.encode()):
        raise ProofRefused("This is not the message that was to be signed. Nothing was changed; copy it whole.")
    _require_bound(said, row)
    counted = WalletChallenge.objects.filter(
        pk=row.pk, used_at=None, expires_at__gt=clock.now(), attempts__lt=MOST_ATTEMPTS
    ).update(attempts=F("attempts") + 1)
    if not counted:
        raise MessageSpent
    return row


def signature_bytes(text: str) -> bytes:
    """The signature's bytes from hex. Raises ProofRefused."""
    plain = text.strip().removeprefix("0x")
    try:
        raw = bytes.fromhex(plain)
    except ValueError:
        raw = b""
    if not 0 < len(raw) <= _MOST_BYTES:
        raise ProofRefused("A signature is hexadecimal, such as 0x1a2b…. Nothing was changed; copy it whole.")
    return raw


def is_signed_by_key(row: WalletChallenge, signature: bytes) -> bool:
    """Whether the address's own key made the signature. Of the two that a key can make, only the low one counts."""
    if len(signature) != _SIGNATURE_BYTES:
        return False
    s, v = int.from_bytes(signature[32:64]), signature[64]
    # EIP-2: the high twin of a signature is the same signature written otherwise.
    if not 0 < s <= _HALF_ORDER or v not in (0, 1, 27, 28):
        return False
    try:
        found = Account.recover_message(encode_defunct(text=row.message), signature=signature)
    except Exception:  # eth-keys raises its own errors and ValueError for points that are none
        return False
    return hmac.compare_digest(str(found), row.address)


def digest_to_sign(row: WalletChallenge) -> bytes:
    """The hash of the message (EIP-191) about which a contract wallet is asked."""
    body = encode_defunct(text=row.message)
    return keccak(b"\x19" + body.version + body.header + body.body)


def accept(row: WalletChallenge, signature: bytes, method: str, *, actor: Actor) -> PartyWallet:
    """The wallet is the party's, proven; the message is used up. The caller has verified the signature.

    A mere claim of another party to the wallet gives way to the proof. Raises MessageSpent, WalletTaken.
    """
    now = clock.now()
    with transaction.atomic():
        spent = WalletChallenge.objects.filter(pk=row.pk, used_at=None, expires_at__gt=now)
        if not spent.update(used_at=now, signature=f"0x{signature.hex()}", method=method):
            raise MessageSpent
        wallet, _ = PartyWallet.objects.select_for_update().get_or_create(
            address=row.address, defaults={"party_id": row.party_id}
        )
        if wallet.party_id != row.party_id:
            if wallet.verified_at is not None:
                raise WalletTaken
            audit.record("party.wallet_lost", actor=actor, subject=wallet, data={"party": str(wallet.party_id)})
            wallet.party_id = row.party_id
        wallet.verified_at = now
        wallet.save(update_fields=["party", "verified_at"])
        data = {"party": str(row.party_id), "method": method, "chain_id": row.chain_id}
        audit.record("party.wallet_proven", actor=actor, subject=wallet, data=data)
    return wallet


def refuse(row: WalletChallenge, *, actor: Actor) -> NoReturn:
    """Nothing is proven; that it was tried is in the audit log. Raises ProofRefused."""
    audit.record("party.wallet_not_proven", actor=actor, subject=row, data={"party": str(row.party_id)})
    raise ProofRefused


def _require_bound(said: WalletMessage, row: WalletChallenge) -> None:
    """The message is for this site, this wallet and this chain. Raises ProofRefused."""
    here = urlsplit(settings.GRIDCLEAR_BASE_URL).netloc
    if (said.domain, said.address, said.chain_id) != (here, row.address, row.chain_id):
        raise ProofRefused
