"""From an HTTP request to an answer: keys, versions, idempotency, routes and armed faults."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from compliance.base.canonical import canonical_bytes
from settlement.rails.standin import checkout, connect, contract, disputes, identity, payments, radar
from settlement.rails.standin.errors import CardNetworkError, invalid, key_in_use, key_reused, outage, unauthorized
from settlement.rails.standin.forms import decode
from settlement.rails.standin.network import PINNED_VERSION, Call, Terms, expand
from settlement.rails.standin.shapes import Body, new_id
from settlement.rails.standin.store import Store

REQUEST_FAULTS = ("409", "500", "timeout_after_work")
MODES = (*REQUEST_FAULTS, "decline", "drop_webhook", "duplicate_webhook", "reorder")

Handler = Callable[..., Body]

_ROUTES: list[tuple[str, str, Handler]] = [
    ("POST", "/v1/customers", payments.create_customer),
    ("GET", "/v1/customers/{}", payments.retrieve_customer),
    ("POST", "/v1/customers/{}", payments.update_customer),
    ("GET", "/v1/payment_methods", payments.list_methods),
    ("GET", "/v1/payment_methods/{}", payments.retrieve_method),
    ("POST", "/v1/payment_methods/{}/attach", payments.attach_method),
    ("POST", "/v1/payment_methods/{}/detach", payments.detach_method),
    ("POST", "/v1/checkout/sessions", checkout.create_session),
    ("GET", "/v1/checkout/sessions/{}", checkout.retrieve_session),
    ("GET", "/v1/setup_intents/{}", checkout.retrieve_setup_intent),
    ("GET", "/v1/payment_intents", payments.list_intents),
    ("POST", "/v1/payment_intents", payments.create_intent),
    ("GET", "/v1/payment_intents/{}", payments.retrieve_intent),
    ("POST", "/v1/payment_intents/{}/confirm", payments.confirm_intent),
    ("POST", "/v1/payment_intents/{}/capture", payments.capture_intent),
    ("POST", "/v1/payment_intents/{}/cancel", payments.cancel_intent),
    ("GET", "/v1/charges/{}", payments.retrieve_charge),
    ("GET", "/v1/refunds", payments.list_refunds),
    ("POST", "/v1/refunds", payments.create_refund),
    ("GET", "/v1/refunds/{}", payments.retrieve_refund),
    ("GET", "/v1/disputes", disputes.list_disputes),
    ("GET", "/v1/disputes/{}", disputes.retrieve_dispute),
    ("POST", "/v1/disputes/{}", disputes.update_dispute),
    ("POST", "/v1/disputes/{}/close", disputes.close_dispute),
    ("POST", "/v1/accounts", connect.create_account),
    ("GET", "/v1/accounts/{}", connect.retrieve_account),
    ("POST", "/v1/account_links", connect.create_account_link),
    ("GET", "/v1/transfers", connect.list_transfers),
    ("POST", "/v1/transfers", connect.create_transfer),
    ("GET", "/v1/transfers/{}", connect.retrieve_transfer),
    ("POST", "/v1/transfers/{}/reversals", connect.reverse_transfer),
    ("POST", "/v1/payouts", connect.create_payout),
    ("GET", "/v1/payouts/{}", connect.retrieve_payout),
    ("GET", "/v1/balance", connect.retrieve_balance),
    ("GET", "/v1/balance_transactions", connect.list_lines),
    ("GET", "/v1/balance_transactions/{}", connect.retrieve_line),
    ("POST", "/v1/identity/verification_sessions", identity.create_session),
    ("GET", "/v1/identity/verification_sessions/{}", identity.retrieve_session),
    ("POST", "/v1/identity/verification_sessions/{}/cancel", identity.cancel_session),
    ("POST", "/v1/identity/verification_sessions/{}/redact", identity.redact_session),
    ("GET", "/v1/identity/verification_reports/{}", identity.retrieve_report),
    ("GET", "/v1/events", connect.list_events),
    ("GET", "/v1/events/{}", connect.retrieve_event),
]
_COMPILED = [
    (verb, route, re.compile("^" + route.replace("{}", "([A-Za-z0-9_]+)") + "$"), call) for verb, route, call in _ROUTES
]


@dataclass(frozen=True, slots=True)
class Request:
    """What came over the wire. Header names are in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """What goes back; `dropped` means that the connection is closed without an answer."""

    status: int
    body: str
    headers: tuple[tuple[str, str], ...] = ()
    dropped: bool = False


class CardNetwork:
    """The whole stand-in behind the wire. `wake` is called when webhooks wait."""

    def __init__(self, store: Store, terms: Terms, wake: Callable[[], None] = lambda: None) -> None:
        self.store = store
        self.terms = terms
        self._wake = wake

    def answer(self, request: Request) -> Response:
        """The answer to a request of the public API (`/v1/…`)."""
        request_id = new_id("req", 14)
        headers: list[tuple[str, str]] = [("Request-Id", request_id)]
        try:
            with self.store.transaction():
                status, text, dropped = self._answer(request, request_id, headers)
        except CardNetworkError as error:
            status, text, dropped = error.status, json.dumps(error.body), False
        self._wake()
        return Response(status, text, tuple(headers), dropped)

    def _answer(self, request: Request, request_id: str, headers: list[tuple[str, str]]) -> tuple[int, str, bool]:
        _check_key(request.headers.get("authorization", ""))
        version = _version(request.headers.get("stripe-version", PINNED_VERSION))
        headers.append(("Stripe-Version", version))
        fault = self.store.take_fault(f"{request.method} {request.path}", REQUEST_FAULTS)
        if fault in ("409", "500"):
            refusal = outage() if fault == "500" else key_in_use(request.headers.get("idempotency-key", ""))
            return *_rendered(refusal), False
        route, handler, ids = _route(request.method, request.path)
        post = request.method == "POST"
        call = Call(
            self.store,
            self.terms,
            decode(request.body.decode() if post else request.query),
            account=request.headers.get("stripe-account", ""),
            request_id=request_id,
            idempotency_key=request.headers.get("idempotency-key") if post else None,
            api_version=version,
        )
        contract.check_request(route, call.params)
        status, text = self._once(call, request.path, headers, handler, ids)
        return status, text, fault == "timeout_after_work"

    def _once(
        self, call: Call, path: str, headers: list[tuple[str, str]], handler: Handler, ids: tuple[str, ...]
    ) -> tuple[int, str]:
        key = call.idempotency_key
        if not key:
            return _run(call, handler, ids)[:2]
        headers.append(("Idempotency-Key", key))
        fingerprint = hashlib.sha256(canonical_bytes([path, call.params])).hexdigest()
        if saved := self.store.saved_response(key, call.account):
            if saved[0] != fingerprint:
                raise key_reused(key)
            headers.append(("Idempotent-Replayed", "true"))
            return saved[1], saved[2]
        status, text, keep = _run(call, handler, ids)
        if keep:
            self.store.save_response(key, call.account, fingerprint, status, text)
        return status, text


def _run(call: Call, handler: Handler, ids: tuple[str, ...]) -> tuple[int, str, bool]:
    """Status, body, and whether it is kept under the idempotency key (a request that failed validation is not)."""
    try:
        body = json.loads(json.dumps(handler(call, *ids)))
        contract.check_answer(body)
        wanted = call.params.get("expand") or []
        return 200, json.dumps(expand(call.store, body, wanted)), True
    except CardNetworkError as error:
        return *_rendered(error), error.saved


def _rendered(error: CardNetworkError) -> tuple[int, str]:
    return error.status, json.dumps(error.body)


def _check_key(header: str) -> None:
    scheme, _, key = header.partition(" ")
    if scheme != "Bearer" or not re.fullmatch(r"[sr]k_test_\w{4,}", key.strip()):
        raise unauthorized(key.strip())


def _version(text: str) -> str:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}(\.[a-z]+)?", text):
        raise invalid(f"Invalid Stripe API version: {text}")
    return text


def _route(method: str, path: str) -> tuple[str, Handler, tuple[str, ...]]:
    """The route as the extract names it, who answers, and the ids in the path."""
    for verb, route, pattern, handler in _COMPILED:
        if verb == method and (found := pattern.match(path)):
            return f"{verb} {route}", handler, found.groups()
    raise CardNetworkError(404, "invalid_request_error", f"Unrecognized request URL ({method}: {path}).")


def control(network: CardNetwork, request: Request) -> Response:
    """The answer to a request of the stand-in's own controls (`/_control/…`), in JSON.

    `fail` arms a fault, `heal` disarms all, `onboard` finishes a connected account's onboarding, `restrict` asks it for
    more, `identify` shows a person's document to an identity session, `dispute` and `decide` are the cardholder's and
    the bank's part in a dispute, `fail_refund` sends a refund back, `warn` is a bank's early fraud warning, `review` a
    review at the network, `state` tells how many webhooks wait. `path` of a fault is a part of the request's path, or
    of the event's type for webhook modes.
    """
    try:
        given: dict[str, Any] = json.loads(request.body or b"{}")
        with network.store.transaction():
            body = _control(network, request.path.removeprefix("/_control/"), given)
    except CardNetworkError as error:
        return Response(*_rendered(error))
    except (ValueError, KeyError, TypeError) as error:
        return Response(400, json.dumps({"error": f"malformed control request: {error}"}))
    network._wake()
    return Response(200, json.dumps(body))


def _control(network: CardNetwork, deed: str, given: dict[str, Any]) -> Body:
    store = network.store
    if deed == "fail":
        if given["mode"] not in MODES:
            raise invalid(f"mode must be one of {', '.join(MODES)}")
        store.arm(str(given["path"]), given["mode"], int(given.get("times", 1)))
        return {"armed": given["mode"]}
    if deed == "heal":
        store.disarm()
        return {"armed": None}
    if deed == "onboard":
        return connect.onboard(Call(store, network.terms, {}), str(given["account"]))
    if deed == "restrict":
        return connect.restrict(Call(store, network.terms, {}), str(given["account"]))
    if deed == "identify":
        return identity.act(Call(store, network.terms, {}), str(given["session"]), given)
    if deed == "dispute":
        return disputes.open_dispute(Call(store, network.terms, {}), str(given["charge"]), given)
    if deed in ("warn", "review"):
        act = radar.warn if deed == "warn" else radar.review
        return act(Call(store, network.terms, {}), str(given.get("charge", "")), given)
    if deed == "fail_refund":
        return payments.fail_refund(Call(store, network.terms, {}), str(given["refund"]), str(given["reason"]))
    if deed == "decide":
        return disputes.decide(Call(store, network.terms, {}), str(given["dispute"]), str(given["outcome"]))
    if deed == "state":
        return {"pending_webhooks": store.pending_deliveries()}
    raise CardNetworkError(404, "invalid_request_error", f"no such control: {deed}")
