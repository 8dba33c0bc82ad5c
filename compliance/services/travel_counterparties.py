"""Other providers and the wallets that they keep: registered by one officer, confirmed by another."""

from urllib.parse import urlsplit
from uuid import UUID

from django.db import IntegrityError, transaction
from eth_utils.address import is_address, to_checksum_address

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.errors import Conflict, InvalidInput, NotFound
from compliance.models import HostedWallet, TravelCounterparty
from compliance.services import travel_delivery
from compliance.services.officers import require_officer, require_second


def register(name: str, country: str, lei: str, endpoint: str, *, actor: Actor) -> TravelCounterparty:
    """The provider is known; nothing is sent to it before another officer confirmed it.

    Raises Forbidden, InvalidInput with the fields at fault.
    """
    require_officer(actor)
    errors = {}
    if not name.strip() or len(name) > 200:
        errors["name"] = "A name of at most 200 characters."
    if not (len(country) == 2 and country.isascii() and country.isalpha() and country.isupper()):
        errors["country"] = "The country's code of two letters."
    if lei and not (len(lei) == 20 and lei.isalnum() and lei.isascii()):
        errors["lei"] = "An LEI has twenty letters and digits."
    if endpoint and not _is_https(endpoint):
        errors["endpoint"] = "An https address without a login or a port of its own; or nothing."
    if errors:
        raise InvalidInput("The provider has values that do not fit. Nothing was changed.", errors=errors)
    with transaction.atomic():
        row = TravelCounterparty.objects.create(
            name=name.strip(), country=country, lei=lei.upper(), endpoint=endpoint, registered_by=actor.ref
        )
        audit.record("travel.counterparty_registered", actor=actor, subject=row, data={"endpoint": endpoint})
    return row


def confirm(counterparty_id: UUID, *, actor: Actor) -> TravelCounterparty:
    """Data may be sent to the provider, and what waits for it is under way. Raises as `register`, FourEyesRequired."""
    require_officer(actor)
    with transaction.atomic():
        row = _locked(counterparty_id)
        if row.confirmed_by:
            raise Conflict("Another officer has confirmed it already. Nothing was changed.")
        require_second(row.registered_by, actor, "registered", "confirm")
        row.confirmed_by = actor.ref
        row.save(update_fields=["confirmed_by"])
        audit.record("travel.counterparty_confirmed", actor=actor, subject=row)
        travel_delivery.post_waiting(row, actor=actor)
    return row


def retire(counterparty_id: UUID, *, actor: Actor) -> TravelCounterparty:
    """Nothing is sent to the provider any more; its wallets stay known as kept there. Any officer may."""
    require_officer(actor)
    with transaction.atomic():
        row = _locked(counterparty_id)
        row.retired_at = clock.now()
        row.save(update_fields=["retired_at"])
        audit.record("travel.counterparty_retired", actor=actor, subject=row)
    return row


def keeps_wallet(counterparty_id: UUID, address: str, *, actor: Actor) -> HostedWallet:
    """The wallet is known as kept by the provider: transfers to and from it have its data exchanged with it."""
    require_officer(actor)
    if not is_address(address):
        raise InvalidInput("This is no address.", errors={"address": "An address has 0x and forty hexadecimal digits."})
    try:
        with transaction.atomic():
            row = HostedWallet.objects.create(
                counterparty=_locked(counterparty_id), address=to_checksum_address(address), told_by=actor.ref
            )
            audit.record("travel.wallet_told", actor=actor, subject=row, data={"counterparty": str(counterparty_id)})
    except IntegrityError as error:
        raise Conflict("This wallet is known as kept by a provider already. Nothing was changed.") from error
    return row


def _is_https(endpoint: str) -> bool:
    try:
        parts = urlsplit(endpoint)
        fit = parts.scheme == "https" and bool(parts.hostname) and not parts.username and parts.port in (None, 443)
    except ValueError:
        return False
    return fit and len(endpoint) <= 300 and endpoint.isascii() and not any(sign.isspace() for sign in endpoint)


def _locked(counterparty_id: UUID) -> TravelCounterparty:
    row = TravelCounterparty.objects.select_for_update().filter(pk=counterparty_id, retired_at=None).first()
    if row is None:
        raise NotFound("There is no such provider. Nothing was changed.")
    return row
