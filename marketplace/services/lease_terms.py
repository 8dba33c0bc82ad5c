"""What a renter asks for, checked for shape, and what it comes to in money and seconds."""

import re
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from compliance.engine.end_uses import KINDS
from compliance.services.countries import ISO_COUNTRIES
from compliance.services.parties import clean_name
from marketplace.errors import FieldsInvalid
from marketplace.models import Lease, Offer
from settlement.money import cost_minor

RAILS = {"balance": "USD", "card": "USD", "escrow": "USDC"}
# One cent in the token's six decimals.
USDC_UNITS_PER_CENT = 10_000
END_USERS = ("self", "other", "undisclosed")

_IMAGE = re.compile(r"[a-z0-9][\w.\-/:@]{0,298}", re.ASCII)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}", re.ASCII)
_SSH_KEY = re.compile(r"(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)|sk-[\w@.\-]+) [A-Za-z0-9+/=]{16,900}( .*)?")
MAX_WORDS, MAX_VARIABLES, MAX_PORTS, MAX_TEXT = 64, 64, 16, 4000


@dataclass(frozen=True, slots=True)
class LeaseRequest:
    """A renter's request. Seconds; `max_spend_minor` in USD cents on every rail, None for what the duration costs.

    `lease_id` is the id that the lease will have; the same id asked for again gets the same lease.
    `price_minor_per_gpu_hour` is the offer's price that the renter saw, in USD cents; None for whatever it is.
    `resumes_id` is the lease that compliance ended and that this one goes on with: see `services.resumption`.
    `address` is the internet address from which it asks. `end_use_kind` says in one word what is computed, and with it
    whether an AI model is trained; "" does not tell it.
    """

    organization_id: UUID
    offer_id: UUID
    gpu_count: int
    seconds: int
    rail: str
    image: str
    end_use: str
    end_user: dict[str, str]
    max_spend_minor: int | None = None
    command: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    ports: tuple[int, ...] = ()
    ssh_public_key: str = ""
    payment_method: str = ""
    wallet: str = ""
    address: str = ""
    lease_id: UUID | None = None
    price_minor_per_gpu_hour: int | None = None
    resumes_id: UUID | None = None
    end_use_kind: str = ""


@dataclass(frozen=True, slots=True)
class Price:
    """A lease's money: the frozen price, the most it may cost, in minor units of `currency`."""

    per_gpu_hour: int
    most: int
    currency: str


def check_request(request: LeaseRequest, offer: Offer) -> None:
    """The request fits the offer and has a shape that can run. Raises FieldsInvalid naming each wrong field."""
    errors = {**_place_errors(request, offer), **_workload_errors(request), **_use_errors(request)}
    if errors:
        raise FieldsInvalid(errors)


def price_of(request: LeaseRequest, offer: Offer) -> Price:
    """What the request comes to: the hold is the cost of the whole duration, or the renter's limit if lower."""
    currency = RAILS[request.rail]
    unit = USDC_UNITS_PER_CENT if currency == "USDC" else 1
    per_gpu_hour = offer.price_minor_per_gpu_hour * unit
    # A hold of nothing is no hold: the shortest, cheapest lease still sets one minor unit aside.
    most = max(1, cost_minor(per_gpu_hour * request.gpu_count, request.seconds))
    if request.max_spend_minor is not None:
        most = min(most, request.max_spend_minor * unit)
    return Price(per_gpu_hour, most, currency)


def usable_seconds(lease: Lease) -> int:
    """For how many seconds the lease may run: its duration, or until the next second would cost more than the limit."""
    within_spend = ((lease.max_spend_minor + 1) * 3600 - 1) // lease.rate_minor_per_hour
    return min(lease.max_seconds, within_spend)


def end_of_time(lease: Lease) -> str:
    """Which end the lease meets when its seconds are used up."""
    limited = usable_seconds(lease) < lease.max_seconds
    return Lease.EndReason.SPEND_LIMIT if limited else Lease.EndReason.EXPIRED


def _place_errors(request: LeaseRequest, offer: Offer) -> dict[str, str]:
    errors = {}
    if not 1 <= request.gpu_count <= offer.gpu_count:
        errors["gpu_count"] = f"This offer lets between 1 and {offer.gpu_count} GPUs."
    # What is left of a lease may be less than the provider lets to others: it was let already.
    least = 1 if request.resumes_id else offer.min_seconds
    if not least <= request.seconds <= offer.max_seconds:
        errors["seconds"] = f"This offer lets between {offer.min_seconds} and {offer.max_seconds} seconds."
    if request.max_spend_minor is not None and not 0 < request.max_spend_minor <= 10**12:
        errors["max_spend_minor"] = "A limit is above zero, in USD cents."
    if request.rail not in RAILS:
        errors["rail"] = f"One of {', '.join(RAILS)}."
    elif request.rail == "card" and not request.payment_method:
        errors["payment_method"] = "A card is needed to pay by card."
    elif request.rail == "escrow" and not request.wallet:
        errors["wallet"] = "The address that will make the deposit is needed."
    if len(request.payment_method) > 120:
        errors["payment_method"] = "This is no payment method."
    return errors


def _workload_errors(request: LeaseRequest) -> dict[str, str]:
    errors = {}
    if not _IMAGE.fullmatch(request.image):
        errors["image"] = "This is no image reference, such as pytorch/pytorch:2.9.0."
    if len(request.command) > MAX_WORDS or any(not _text(word) for word in request.command):
        errors["command"] = f"At most {MAX_WORDS} words of {MAX_TEXT} characters."
    variables: list[tuple[Any, Any]] = list(request.environment.items())
    if len(variables) > MAX_VARIABLES or any(
        not isinstance(name, str) or not _VARIABLE.fullmatch(name) or not _text(value) for name, value in variables
    ):
        errors["environment"] = f"At most {MAX_VARIABLES} variables: letters, digits and _ in a name, text as value."
    ports = request.ports
    if len(ports) > MAX_PORTS or len(set(ports)) != len(ports) or any(not 1 <= port <= 65535 for port in ports):
        errors["ports"] = f"At most {MAX_PORTS} different ports between 1 and 65535."
    if request.ssh_public_key and not _SSH_KEY.fullmatch(request.ssh_public_key.strip()):
        errors["ssh_public_key"] = "This is no OpenSSH public key."
    return errors


def _use_errors(request: LeaseRequest) -> dict[str, str]:
    errors = {}
    if not 0 < len(request.end_use.strip()) <= 400:
        errors["end_use"] = "Say in up to 400 characters what will be computed."
    if request.end_use_kind not in ("", *KINDS):
        errors["end_use_kind"] = f"One of {', '.join(KINDS)}; or leave it out."
    user = request.end_user
    if user.get("kind") not in END_USERS:
        errors["end_user"] = "Say for whom: self, other or undisclosed."
    elif user["kind"] == "other" and not (
        clean_name(user.get("name", "")) and user.get("country", "").upper() in ISO_COUNTRIES
    ):
        errors["end_user"] = "Name the end user and its country (two letters)."
    elif any(len(str(value)) > 300 for value in user.values()) or not set(user) <= {"kind", "name", "country"}:
        errors["end_user"] = "An end user has a kind, a name and a country."
    elif str(user.get("country") or "").upper() not in ("", *ISO_COUNTRIES):
        errors["end_user"] = "A country is a two-letter ISO 3166-1 code, such as SG."
    return errors


def _text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MAX_TEXT and "\x00" not in value
