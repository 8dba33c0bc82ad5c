"""One request at the card network: who asks, with what, and the deeds that every endpoint shares."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from compliance.base import clock
from settlement.rails.standin import contract, shapes
from settlement.rails.standin.errors import invalid, missing
from settlement.rails.standin.forms import integer
from settlement.rails.standin.shapes import Body
from settlement.rails.standin.store import Store

PINNED_VERSION = "2026-10-28.endive"


@dataclass(frozen=True, slots=True)
class Terms:
    """How this card network behaves: seconds until captured money is available, and its own address."""

    available_after: int = 0
    base_url: str = ""


@dataclass(slots=True)
class Call:
    """A request under way. `account` is the connected account that it acts for, or empty for the platform."""

    store: Store
    terms: Terms
    params: dict[str, Any]
    account: str = ""
    request_id: str = ""
    idempotency_key: str | None = None
    api_version: str = PINNED_VERSION
    announced: list[str] = field(default_factory=list)

    def find(self, kind: str, object_id: str) -> Body:
        """The object, or a 404 as Stripe words it."""
        body = self.store.get(object_id)
        if body is None or body["object"] != kind:
            raise missing(kind, object_id)
        return body

    def save(self, body: Body) -> Body:
        """The object is stored under the account that the request acts for."""
        return self.store.put(body, self.account)

    def announce(self, kind: str, subject: Body) -> None:
        """The event stands, and its webhook waits."""
        contract.check_answer(subject)
        event = shapes.event(
            kind,
            subject,
            request_id=self.request_id,
            idempotency_key=self.idempotency_key,
            api_version=self.api_version,
        )
        self.save(event)
        self.announced.append(event["id"])
        self.store.add_delivery(event["id"], clock.now().timestamp())

    def book(
        self,
        kind: str,
        source: str,
        amount: int,
        currency: str,
        *,
        fee: int = 0,
        account: str | None = None,
        category: str = "",
    ) -> str:
        """A balance line stands; returns its id. Money that comes in is pending for `terms.available_after` seconds."""
        wait = self.terms.available_after if kind == "charge" else 0
        line = shapes.balance_transaction(
            kind, source, amount, currency, fee=fee, available_on=shapes.now() + wait, category=category
        )
        self.store.put(line, self.account if account is None else account)
        return str(line["id"])


def take_metadata(body: Body, params: dict[str, Any]) -> None:
    """The object bears the metadata given (all values are text)."""
    given = params.get("metadata") or {}
    if not isinstance(given, dict):
        raise invalid("Invalid object: metadata", param="metadata")
    body["metadata"] = {**body["metadata"], **{name: str(value) for name, value in given.items()}}


def page(call: Call, url: str, rows: list[Body], keep: Callable[[Body], bool] = lambda row: True) -> Body:
    """A page of a list, newest first: `limit`, `starting_after`, `ending_before`, `created[gte|gt|lte|lt]`."""
    params = call.params
    rows = [row for row in rows if keep(row) and _created_within(row, params.get("created"))]
    limit = integer(params, "limit", 10)
    if limit > 100:
        raise invalid("Invalid integer: limit must be at most 100.", param="limit")
    if after := params.get("starting_after"):
        rows = rows[_place(rows, after) + 1 :]
    if before := params.get("ending_before"):
        rows = rows[: _place(rows, before)][-limit:]
    return {"object": "list", "data": rows[:limit], "has_more": len(rows) > limit, "url": url}


def _place(rows: list[Body], object_id: str) -> int:
    for place, row in enumerate(rows):
        if row["id"] == object_id:
            return place
    raise missing("object", object_id)


def _created_within(row: Body, bounds: Any) -> bool:
    if not bounds:
        return True
    if not isinstance(bounds, dict):
        return bool(row["created"] == int(bounds))
    tests: dict[str, Callable[[int, int], bool]] = {
        "gte": lambda at, bound: at >= bound,
        "gt": lambda at, bound: at > bound,
        "lte": lambda at, bound: at <= bound,
        "lt": lambda at, bound: at < bound,
    }
    return all(tests[name](row["created"], int(bound)) for name, bound in bounds.items() if name in tests)


def expand(store: Store, body: Body, paths: list[str]) -> Body:
    """The body with the named ids replaced by the objects they name, as `expand[]` asks."""
    for path in paths:
        _expand_one(store, body, path.split("."))
    return body


def _expand_one(store: Store, node: Any, path: list[str]) -> None:
    if isinstance(node, list):
        for item in node:
            _expand_one(store, item, path)
        return
    head, rest = path[0], path[1:]
    if not isinstance(node, dict) or head not in node:
        raise invalid(f"This property cannot be expanded ({head}).", param="expand")
    if isinstance(node[head], str):
        node[head] = store.get(node[head]) or node[head]
    if rest and node[head] is not None:
        _expand_one(store, node[head], rest)
