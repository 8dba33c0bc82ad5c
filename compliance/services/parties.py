"""Parties for other services and for doors: who they are, who owns them, which wallets are theirs."""

from uuid import UUID

from django.db import IntegrityError, transaction
from eth_utils.address import is_checksum_address

from compliance.base import audit
from compliance.base.actor import Actor
from compliance.base.errors import Conflict, InvalidInput, NotFound
from compliance.models import Party, PartyWallet
from compliance.services.ownership import (
    MAX_OWNERS,
    OwnerInput,
    OwnershipAboveHundred,
    declare_ownership,
    undo_ownership,
)
from compliance.services.party_register import PartyInput, clean_name, register_party, update_party

__all__ = [
    "MAX_OWNERS",
    "MalformedWallet",
    "OwnerInput",
    "OwnershipAboveHundred",
    "PartyInput",
    "WalletTaken",
    "clean_name",
    "declare_ownership",
    "link_wallet",
    "register_party",
    "undo_ownership",
    "update_party",
]


class MalformedWallet(InvalidInput):
    """The address is no EIP-55 checksummed address."""

    code = "malformed_wallet"
    default_message = (
        "This is no valid wallet address: its checksum (the capital letters, EIP-55) does not fit. Nothing was "
        "changed; copy the address again from your wallet."
    )


class WalletTaken(Conflict):
    """The address is linked to another party."""

    code = "wallet_taken"
    default_message = "This wallet address is linked to another account. Nothing was changed."


def link_wallet(party_id: UUID, address: str, *, actor: Actor) -> PartyWallet:
    """The address is the party's; linking it again changes nothing. Raises MalformedWallet, WalletTaken, NotFound.

    An address without its checksum is refused too: it cannot be told from a mistyped one, and money would follow it.
    """
    if not (address.startswith("0x") and is_checksum_address(address)):
        raise MalformedWallet
    if not Party.objects.filter(pk=party_id).exists():
        raise NotFound
    try:
        with transaction.atomic():
            wallet, made = PartyWallet.objects.get_or_create(address=address, defaults={"party_id": party_id})
            if made:
                audit.record("party.wallet_linked", actor=actor, subject=wallet, data={"party": str(party_id)})
    except IntegrityError as error:
        raise WalletTaken from error
    if wallet.party_id != party_id:
        raise WalletTaken
    return wallet
