"""What the API's answers are made of. Money is integer minor units with a currency; times are aware and UTC.

Reading is tolerant: a field that this version does not know is kept in `raw`, one that the server leaves out is
empty. Only an id is indispensable.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Self

DECIMALS = {"USD": 2, "USDC": 6}

Raw = Mapping[str, Any]


@dataclass(frozen=True)
class Money:
    """An amount in minor units: USD in cents, USDC in millionths."""

    minor: int
    currency: str

    def __str__(self) -> str:
        whole, _, part = f"{Decimal(self.minor).scaleb(-DECIMALS.get(self.currency, 2)):,f}".partition(".")
        return f"{whole}.{part.rstrip('0').ljust(2, '0')} {self.currency}"


@dataclass(frozen=True)
class Offer:
    """GPUs of one model on one node. The price is in USD cents per GPU hour; memory in GiB and MiB."""

    id: str
    gpu_model: str
    gpu_count: int
    free_gpus: int
    price: Money
    provider: str
    country: str
    region: str
    city: str
    simulated: bool
    memory_gib: int
    cpu_count: int
    ram_mib: int
    disk_gib: int
    network_mbps: int
    min_seconds: int
    max_seconds: int
    state: str
    raw: Raw = field(repr=False, compare=False, default_factory=dict)

    @classmethod
    def read(cls, raw: Raw) -> Self:
        """The offer that the answer writes. Raises KeyError when it has no id."""
        node = _part(raw, "node")
        return cls(
            id=str(raw["id"]),
            gpu_model=_name(raw.get("gpu_model")),
            gpu_count=_whole(raw.get("gpu_count")),
            free_gpus=_whole(raw.get("free_gpus")),
            price=_money(raw, "price_minor_per_gpu_hour", _text(raw.get("currency")) or "USD"),
            provider=_name(raw.get("provider")),
            country=_text(node.get("country")),
            region=_text(node.get("region")),
            city=_text(node.get("city")),
            # An offer that does not say so is not assumed to be real.
            simulated=bool(node.get("simulated", True)),
            memory_gib=_whole(_part(raw, "gpu_model").get("memory_gib")),
            cpu_count=_whole(node.get("cpu_count")),
            ram_mib=_whole(node.get("ram_mib")),
            disk_gib=_whole(node.get("disk_gib")),
            network_mbps=_whole(node.get("network_mbps")),
            min_seconds=_whole(raw.get("min_seconds")),
            max_seconds=_whole(raw.get("max_seconds")),
            state=_text(raw.get("state")),
            raw=raw,
        )


@dataclass(frozen=True)
class Lease:
    """GPUs that you have, had, or are about to have.

    `end_reason` and `error` are empty while all is well; `image` is empty for anybody but the renter.
    """

    id: str
    state: str
    offer_id: str
    gpu_model: str
    gpu_count: int
    price: Money
    cost: Money
    limit: Money
    rail: str
    image: str
    billed_seconds: int
    created_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    expires_at: datetime | None
    end_reason: str
    workload_state: str
    error: str
    exit_code: int | None
    runtime: str
    simulated: bool
    raw: Raw = field(repr=False, compare=False, default_factory=dict)

    @property
    def over(self) -> bool:
        """Whether it will never run again."""
        return self.state in ("ended", "settled", "failed")

    @classmethod
    def read(cls, raw: Raw) -> Self:
        """The lease that the answer writes. Raises KeyError when it has no id."""
        currency = _text(raw.get("currency")) or "USD"
        return cls(
            id=str(raw["id"]),
            state=_text(raw.get("state")),
            offer_id=_text(raw.get("offer_id")),
            gpu_model=_name(raw.get("gpu_model")),
            gpu_count=_whole(raw.get("gpu_count")),
            price=_money(raw, "price_minor_per_gpu_hour", currency),
            cost=_money(raw, "cost_so_far_minor", currency),
            limit=_money(raw, "max_spend_minor", currency),
            rail=_text(raw.get("rail")),
            image=_text(_part(raw, "workload").get("image")),
            billed_seconds=_whole(raw.get("billed_seconds")),
            created_at=_instant(raw.get("created_at")),
            started_at=_instant(raw.get("started_at")),
            ended_at=_instant(raw.get("ended_at")),
            expires_at=_instant(raw.get("expires_at")),
            end_reason=_text(raw.get("end_reason")),
            workload_state=_text(raw.get("workload_state")),
            error=_text(raw.get("workload_error")),
            exit_code=raw["exit_code"] if isinstance(raw.get("exit_code"), int) else None,
            runtime=_text(raw.get("runtime")),
            simulated=bool(raw.get("simulated", False)),
            raw=raw,
        )


@dataclass(frozen=True)
class Receipt:
    """What a settled lease cost. `refunded` of the total went back since; `owed` of it your card did not pay.

    `fee` and `earned` are None for anybody but the provider.
    """

    number: int
    lease_id: str
    issued_at: datetime | None
    billed_seconds: int
    total: Money
    credit: Money
    returned: Money
    refunded: Money
    owed: Money
    fee: Money | None
    earned: Money | None
    raw: Raw = field(repr=False, compare=False, default_factory=dict)

    @classmethod
    def read(cls, raw: Raw) -> Self:
        """The receipt that the answer writes. Raises KeyError when it has no lease's id."""
        currency = _text(raw.get("currency")) or "USD"
        seen = raw.get("fee_minor") is not None
        return cls(
            number=_whole(raw.get("number")),
            lease_id=str(raw["lease_id"]),
            issued_at=_instant(raw.get("issued_at")),
            billed_seconds=_whole(raw.get("billed_seconds")),
            total=_money(raw, "total_minor", currency),
            credit=_money(raw, "credit_minor", currency),
            returned=_money(raw, "returned_minor", currency),
            refunded=_money(raw, "refunded_minor", currency),
            owed=_money(raw, "owed_minor", currency),
            fee=_money(raw, "fee_minor", currency) if seen else None,
            earned=_money(raw, "payee_minor", currency) if seen else None,
            raw=raw,
        )


@dataclass(frozen=True)
class Refund:
    """What goes back of a settled lease, or of unused money (then `lease_id` is empty).

    `done` once it has left, "failed" if it came to nothing.
    """

    id: str
    lease_id: str
    at: datetime | None
    state: str
    reason: str
    given_by: str
    rail: str
    amount: Money
    failure_code: str
    raw: Raw = field(repr=False, compare=False, default_factory=dict)

    @property
    def done(self) -> bool:
        """Whether it was given back."""
        return self.state == "done"

    @classmethod
    def read(cls, raw: Raw) -> Self:
        """The refund that the answer writes. Raises KeyError when it has no id."""
        return cls(
            id=str(raw["id"]),
            lease_id=_text(raw.get("lease_id")),
            at=_instant(raw.get("at")),
            state=_text(raw.get("state")),
            reason=_text(raw.get("reason")),
            given_by=_text(raw.get("given_by")),
            rail=_text(raw.get("rail")),
            amount=_money(raw, "amount_minor", _text(raw.get("currency")) or "USD"),
            failure_code=_text(raw.get("failure_code")),
            raw=raw,
        )


@dataclass(frozen=True)
class UnusedMoney:
    """Prepaid money that no lease used: what can go back at once, and its refunds, newest first."""

    returnable: Money
    refunds: tuple[Refund, ...]
    raw: Raw = field(repr=False, compare=False, default_factory=dict)

    @classmethod
    def read(cls, raw: Raw) -> Self:
        """What the answer writes."""
        refunds = raw.get("refunds")
        return cls(
            returnable=_money(raw, "returnable_minor", _text(raw.get("currency")) or "USD"),
            refunds=tuple(Refund.read(each) for each in refunds) if isinstance(refunds, list) else (),
            raw=raw,
        )


@dataclass(frozen=True)
class LogLine:
    """One line of a workload; `sequence` is what the next request goes on after."""

    sequence: int
    stream: str
    at: datetime | None
    line: str

    @classmethod
    def read(cls, raw: Raw) -> Self:
        """The line that the answer writes."""
        return cls(
            _whole(raw.get("sequence")), _text(raw.get("stream")), _instant(raw.get("at")), _text(raw.get("line"))
        )


@dataclass(frozen=True)
class Me:
    """For whom the API key acts, and what it may do."""

    organization: str
    organization_id: str
    scopes: tuple[str, ...]
    raw: Raw = field(repr=False, compare=False, default_factory=dict)

    @classmethod
    def read(cls, raw: Raw) -> Self:
        """The key's owner as the answer writes it."""
        organization = _part(raw, "organization")
        key = _part(raw, "api_key")
        return cls(
            organization=_name(raw.get("organization")),
            organization_id=_text(organization.get("id") or raw.get("organization_id")),
            scopes=tuple(str(scope) for scope in raw.get("scopes") or key.get("scopes") or ()),
            raw=raw,
        )


@dataclass(frozen=True)
class EndUser:
    """For whom you compute: "self", "other" with name and country (two letters), or "undisclosed"."""

    kind: str = "self"
    name: str = ""
    country: str = ""

    def message(self) -> dict[str, str]:
        """As the API takes it."""
        return {name: value for name, value in vars(self).items() if value}


@dataclass(frozen=True)
class LeaseRequest:
    """What you ask for. `max_spend_minor` is in USD cents, None for what `seconds` cost.

    `rail` says who holds the money: "balance", "card" (needs `payment_method`) or "escrow"
    (needs the `wallet` that will make the deposit). `end_use_kind` says in one word what you compute, and with it
    whether an AI model is trained: "no_model", "inference", "fine_tuning", "training", or "large_training" from 1e23
    operations in all; "" does not tell it, and then a person may have to ask you.
    """

    offer_id: str
    gpu_count: int
    seconds: int
    image: str
    end_use: str
    rail: str = "balance"
    end_user: EndUser = field(default_factory=EndUser)
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[int, ...] = ()
    ssh_public_key: str = ""
    max_spend_minor: int | None = None
    payment_method: str = ""
    wallet: str = ""
    end_use_kind: str = ""

    def message(self) -> dict[str, Any]:
        """As the API takes it; what is empty is left out."""
        body: dict[str, Any] = {
            **vars(self),
            "end_user": self.end_user.message(),
            "command": list(self.command),
            "environment": dict(self.environment),
            "ports": list(self.ports),
        }
        return {name: value for name, value in body.items() if value not in (None, "", [], {})}


def _part(raw: Raw, name: str) -> Raw:
    """The named part, when it is an object."""
    part = raw.get(name)
    return part if isinstance(part, Mapping) else {}


def _name(value: Any) -> str:
    """What a thing is called, whether it is written in full or by its name alone."""
    if not isinstance(value, Mapping):
        return _text(value)
    return next((_text(value[key]) for key in ("name", "slug", "id") if value.get(key)), "")


def _text(value: Any) -> str:
    return "" if value is None or isinstance(value, Mapping) else str(value)


def _whole(value: Any) -> int:
    return int(value) if isinstance(value, int | str) and str(value).lstrip("-").isdecimal() else 0


def _money(raw: Raw, name: str, currency: str) -> Money:
    return Money(_whole(raw.get(name)), currency)


def _instant(value: Any) -> datetime | None:
    if not isinstance(value, str) or not value:
        return None
    found = datetime.fromisoformat(value)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
