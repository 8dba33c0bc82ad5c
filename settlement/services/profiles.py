"""What a party is called on the rails: customer as a renter, connected account and wallet as a provider."""

from typing import Any
from uuid import UUID

from django.db import transaction

from compliance.base import audit
from compliance.base.actor import Actor, system
from compliance.base.errors import Conflict, InvalidInput, NotFound, Refusal
from compliance.selectors.parties import wallet_proven_at
from compliance.services import parties, place_signs
from settlement.models import PaymentProfile
from settlement.rails import card
from settlement.services import payout_accounts

ACTOR = system("card")


class CardNetworkBusy(Refusal):
    """The card network did not answer."""

    code = "card_network_unavailable"
    http_status = 503
    default_message = "The card network does not answer just now. Nothing was changed; try again in a minute."


class CardRejected(InvalidInput):
    """The card network does not take this card."""

    code = "card_rejected"
    default_message = "This card was not accepted. Nothing was changed; try another card."


class WalletUnproven(Conflict):
    """Nobody has shown that the wallet is the party's."""

    code = "wallet_unproven"
    default_message = (
        "This wallet was not proven to be yours. Nothing was changed; sign a message with it under Verification first."
    )


def profile_of(party_id: UUID) -> PaymentProfile:
    """The party's profile, made at first use."""
    return PaymentProfile.objects.get_or_create(party_id=party_id)[0]


def customer_of(party_id: UUID) -> str:
    """The party's customer id at the card network, made at first use. Asks the network: not inside a transaction.

    Raises the rail's CardError.
    """
    profile = profile_of(party_id)
    if not profile.stripe_customer_id:
        # Two who come at once get the same customer: the idempotency key is the party.
        profile.stripe_customer_id = card.rail().create_customer(party_id)
        profile.save(update_fields=["stripe_customer_id"])
    return profile.stripe_customer_id


def save_card(party_id: UUID, payment_method: str) -> dict[str, Any]:
    """The card is saved with the party; returns id, brand, last4 and country. Asks the network.

    Raises CardRejected, CardNetworkBusy.
    """
    try:
        saved = card.rail().save_card(customer_of(party_id), payment_method)
    except card.CardUnavailable as error:
        raise CardNetworkBusy from error
    except card.CardError as error:
        raise CardRejected from error
    _note_countries(party_id, [saved])
    return saved


def card_form_url(party_id: UUID, *, return_url: str, cancel_url: str) -> str:
    """The address of the card network's form on which the party saves a card; then `saved_cards` has it.

    Asks the network. Raises CardNetworkBusy.
    """
    try:
        return card.rail().card_form_url(customer_of(party_id), return_url=return_url, cancel_url=cancel_url)
    except card.CardError as error:
        raise CardNetworkBusy from error


def saved_cards(party_id: UUID) -> list[dict[str, Any]]:
    """The party's cards: id, brand, last4, country. Asks the network. Raises CardNetworkBusy."""
    profile = profile_of(party_id)
    if not profile.stripe_customer_id:
        return []
    try:
        cards = card.rail().saved_cards(profile.stripe_customer_id)
    except card.CardError as error:
        raise CardNetworkBusy from error
    _note_countries(party_id, cards)
    return cards


def card_words(card: dict[str, Any]) -> str:
    """The card as its owner knows it."""
    return f"{str(card['brand']).capitalize()} ending in {card['last4']}"


def _note_countries(party_id: UUID, cards: list[dict[str, Any]]) -> None:
    """Compliance knows in which country each card was issued; saved on the network's form, they are first seen here."""
    for country in dict.fromkeys(each["country"] for each in reversed(cards)):
        place_signs.see_country(party_id, country, "card")


def begin_card_payouts(party_id: UUID, country: str, *, return_url: str, refresh_url: str, actor: Actor) -> str:
    """The provider has a connected account; returns the address of its onboarding. Asks the network.

    `country` is ISO 3166-1. Raises CardNetworkBusy, CardRejected.
    """
    profile = profile_of(party_id)
    try:
        if not profile.stripe_account_id:
            profile.stripe_account_id = card.rail().create_recipient(party_id, country).id
            with transaction.atomic():
                profile.save(update_fields=["stripe_account_id"])
                audit.record("payout_account.created", actor=actor, subject=profile)
        return card.rail().onboarding_url(profile.stripe_account_id, return_url=return_url, refresh_url=refresh_url)
    except card.CardUnavailable as error:
        raise CardNetworkBusy from error
    except card.CardError as error:
        raise CardRejected("The card network does not take this account. Nothing was changed.") from error


def refresh_recipient(party_id: UUID) -> bool:
    """What the card network says of the provider's account is on record; returns whether payouts can go there.

    Asks the network. Raises CardNetworkBusy.
    """
    profile = profile_of(party_id)
    if not profile.stripe_account_id:
        return False
    try:
        recipient = card.rail().read_recipient(profile.stripe_account_id)
    except card.CardError as error:
        raise CardNetworkBusy from error
    return payout_accounts.apply_recipient(recipient, actor=ACTOR)


def set_payout_wallet(party_id: UUID, address: str, *, actor: Actor) -> None:
    """Earnings of the escrow pot go to this wallet, which the party proved to be its own.

    Leases that are open keep the wallet that they were cleared with. Raises WalletUnproven, and compliance's
    MalformedWallet, WalletTaken.
    """
    profile = profile_of(party_id)
    with transaction.atomic():
        parties.link_wallet(party_id, address, actor=actor)
        if wallet_proven_at(party_id, address) is None:
            raise WalletUnproven
        PaymentProfile.objects.filter(pk=profile.pk).update(payout_wallet=address)
        audit.record("payout_wallet.set", actor=actor, subject=profile)


def party_of_recipient(account_id: str) -> UUID:
    """Whose connected account it is. Raises NotFound."""
    profile = PaymentProfile.objects.filter(stripe_account_id=account_id).first()
    if profile is None:
        raise NotFound
    return profile.party_id
