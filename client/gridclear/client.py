"""The SDK: a marketplace's REST API with types."""

import time
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin, urlsplit
from uuid import uuid4

import httpx

from gridclear.errors import GridclearError, refusal_from, unreachable
from gridclear.types import Lease, LeaseRequest, LogLine, Me, Offer, Receipt, Refund, UnusedMoney
from gridclear.urls import safe_base_url
from gridclear.version import __version__

API = "/api/v1"
TRIES = 3
LONGEST_PAUSE_SECONDS = 30.0


class Client:
    """Acts for the organization that the API key belongs to. Raises GridclearError for whatever is refused.

    A request is tried again only where that cannot act twice: a GET, or a POST, whose Idempotency-Key makes the
    server answer a repetition with what it answered first.
    """

    def __init__(
        self,
        url: str,
        api_key: str,
        *,
        timeout_seconds: float = 30.0,
        transport: httpx.BaseTransport | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._url = safe_base_url(url)
        self._pause = pause
        self._http = httpx.Client(
            timeout=timeout_seconds,
            follow_redirects=False,
            transport=transport,
            headers={
                "Authorization": f"Bearer {api_key}",
                "Accept": "application/json",
                "User-Agent": f"gridclear/{__version__}",
            },
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """The connections are closed."""
        self._http.close()

    def me(self) -> Me:
        """For whom the key acts."""
        return Me.read(self._get("/me"))

    def offers(self, **filters: Any) -> Iterator[Offer]:
        """All offers that match, page by page; `filters` are the API's query parameters."""
        return (Offer.read(item) for item in self._pages("/offers", filters))

    def offer(self, offer_id: str) -> Offer:
        """The offer."""
        return Offer.read(self._get(f"/offers/{_segment(offer_id)}"))

    def open_lease(self, request: LeaseRequest, *, idempotency_key: str | None = None) -> Lease:
        """The lease, which waits for its funds. The same `idempotency_key` again gives the same lease."""
        return Lease.read(self._post("/leases", request.message(), idempotency_key))

    def leases(self, **filters: Any) -> Iterator[Lease]:
        """Your leases, newest first, page by page."""
        return (Lease.read(item) for item in self._pages("/leases", filters))

    def lease(self, lease_id: str) -> Lease:
        """The lease."""
        return Lease.read(self._get(f"/leases/{_segment(lease_id)}"))

    def stop_lease(self, lease_id: str, *, idempotency_key: str | None = None) -> Lease:
        """The lease, which is being stopped; you pay no further than this moment."""
        return Lease.read(self._post(f"/leases/{_segment(lease_id)}/stop", {}, idempotency_key))

    def resume_lease(self, lease_id: str, *, idempotency_key: str | None = None) -> Lease:
        """A new lease for what was left of one that compliance ended; refused while it is still looked at."""
        return Lease.read(self._post(f"/leases/{_segment(lease_id)}/resume", {}, idempotency_key))

    def receipt(self, lease_id: str) -> Receipt:
        """What the lease cost; refused with `not_found` until it is settled."""
        return Receipt.read(self._get(f"/leases/{_segment(lease_id)}/receipt"))

    def refunds(self, lease_id: str) -> list[Refund]:
        """What goes or went back of the lease, oldest first."""
        return [Refund.read(item) for item in _items(self._get(f"/leases/{_segment(lease_id)}/refunds"))]

    def unused_money(self) -> UnusedMoney:
        """What of your prepaid money can go back to the cards that brought it, and what went back, newest first."""
        return UnusedMoney.read(self._get("/unused-money"))

    def return_unused_money(self, amount_minor: int, *, idempotency_key: str | None = None) -> list[Refund]:
        """So many USD cents are on their way back, one refund for each charge; the same key again asks for no more."""
        answer = self._post("/unused-money", {"amount_minor": amount_minor}, idempotency_key)
        return [Refund.read(item) for item in _items(answer)]

    def deposit(self, lease_id: str) -> dict[str, Any]:
        """The escrow deposit that the lease waits for, as the server offers it; see `gridclear.deposits`."""
        return self._get(f"/leases/{_segment(lease_id)}/deposit")

    def sign_deposit(self, lease_id: str, signature: str) -> dict[str, Any]:
        """The deposit's authorization is on its way to the contract by the server: `hash` and `state`."""
        return self._post(f"/leases/{_segment(lease_id)}/deposit", {"signature": signature}, None)

    def logs(self, lease_id: str, *, after: int = 0) -> list[LogLine]:
        """The workload's lines with a sequence above `after`, as many as the server gives at once."""
        answer = self._get(f"/leases/{_segment(lease_id)}/logs", {"after": after})
        return [LogLine.read(item) for item in _items(answer)]

    def follow_logs(self, lease_id: str, *, after: int = 0, every_seconds: float = 1.0) -> Iterator[LogLine]:
        """Lines as they come, until the lease is over and its last line was given."""
        while True:
            over = self.lease(lease_id).over  # asked first: what is written before the end is then not missed
            lines = self.logs(lease_id, after=after)
            yield from lines
            after = max([after, *(line.sequence for line in lines)])
            if not lines:
                if over:
                    return
                self._pause(every_seconds)

    # -- the wire ------------------------------------------------------------------------------------------------

    def _get(self, path: str, query: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return self._ask("GET", self._address(path), params=_query(query or {}))

    def _post(self, path: str, body: Mapping[str, Any], idempotency_key: str | None) -> dict[str, Any]:
        headers = {"Idempotency-Key": idempotency_key or str(uuid4())}
        return self._ask("POST", self._address(path), json=dict(body), headers=headers)

    def _pages(self, path: str, filters: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        answer = self._get(path, filters)
        yield from _items(answer)
        while following := answer.get("next"):
            answer = self._ask("GET", self._own(str(following)))
            yield from _items(answer)

    def _ask(self, method: str, url: str, **options: Any) -> dict[str, Any]:
        for attempt in range(1, TRIES + 1):
            try:
                return _object(self._send(method, url, **options))
            except GridclearError as error:
                # Told to come back much later, there is no use in asking before.
                wait = error.retry_after_seconds or 0.5 * 2 ** (attempt - 1)
                if attempt == TRIES or not error.may_pass or wait > LONGEST_PAUSE_SECONDS:
                    raise
                self._pause(wait)
        raise AssertionError("unreachable")

    def _send(self, method: str, url: str, **options: Any) -> httpx.Response:
        try:
            response = self._http.request(method, url, **options)
        except httpx.TransportError as error:
            raise unreachable(error, self._url) from error
        if not response.is_success:
            raise refusal_from(response)
        return response

    def _address(self, path: str) -> str:
        return f"{self._url}{API}{path}"

    def _own(self, link: str) -> str:
        """The link to a next page, on this marketplace only: the key goes to nobody else."""
        found, own = urlsplit(urljoin(self._url, link)), urlsplit(self._url)
        if (found.scheme, found.netloc) != (own.scheme, own.netloc):
            raise GridclearError("bad_answer", 0, "The next page lies on another server", link)
        return found.geturl()


def _segment(identifier: str) -> str:
    """The id as one part of a path. Raises GridclearError for what cannot be an id."""
    if not identifier or not all(letter.isalnum() or letter in "-_" for letter in identifier):
        raise GridclearError("not_found", 404, "There is no such thing", f"{identifier!r} is no id.")
    return identifier


def _query(values: Mapping[str, Any]) -> dict[str, Any]:
    shown = {True: "true", False: "false"}
    return {
        name: shown[value] if isinstance(value, bool) else value for name, value in values.items() if value is not None
    }


def _items(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    items = answer.get("results", answer.get("lines", []))
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _object(response: httpx.Response) -> dict[str, Any]:
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if isinstance(answer, list):
        return {"results": answer}
    if not isinstance(answer, dict):
        raise GridclearError("bad_answer", response.status_code, "The server's answer is no JSON object")
    return answer
