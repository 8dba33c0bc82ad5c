"""Webhooks: each event is signed in Stripe's scheme and sent until it is taken."""

import hashlib
import hmac
import json
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass

from compliance.base import clock
from settlement.rails.standin.store import Store

WEBHOOK_FAULTS = ("drop_webhook", "duplicate_webhook", "reorder")
ATTEMPTS = 60
TIMEOUT_SECONDS = 10
REORDER_SECONDS = 1.0


def signature(secret: str, at: int, payload: str) -> str:
    """The Stripe-Signature header: HMAC-SHA256 over `at.payload` with the endpoint's secret."""
    mac = hmac.new(secret.encode(), f"{at}.{payload}".encode(), hashlib.sha256).hexdigest()
    return f"t={at},v1={mac}"


@dataclass(slots=True)
class Delivery:
    """One event on its way."""

    seq: int
    event_id: str
    attempts: int
    payload: str
    fault: str | None


class Deliverer(threading.Thread):
    """Sends what waits, oldest first; what is not taken is sent again after a growing pause, for about an hour."""

    def __init__(self, store: Store, url: str, secret: str) -> None:
        super().__init__(name="standin-webhooks", daemon=True)
        self._store, self._url, self._secret = store, url, secret
        self._work = threading.Event()
        self._ended = threading.Event()

    def wake(self) -> None:
        """Waiting webhooks are looked at now."""
        self._work.set()

    def end(self) -> None:
        """No webhook is sent any more."""
        self._ended.set()
        self._work.set()

    def run(self) -> None:
        """Deliveries go out until the end."""
        while not self._ended.is_set():
            self._work.clear()
            delivery = self._next()
            if delivery is None:
                self._work.wait(0.5)
            else:
                self._deliver(delivery)

    def _next(self) -> Delivery | None:
        with self._store.transaction():
            row = self._store.next_delivery(clock.now().timestamp())
            if row is None:
                return None
            seq, event_id, attempts = row
            event = self._store.get(event_id) or {}
            fault = self._store.take_fault(event.get("type", ""), WEBHOOK_FAULTS)
            return Delivery(seq, event_id, attempts, json.dumps(event, indent=2), fault)

    def _deliver(self, delivery: Delivery) -> None:
        if delivery.fault == "reorder":
            self._settle(delivery, taken=False, pause=REORDER_SECONDS)
            return
        taken = delivery.fault == "drop_webhook" or self._send(delivery.payload)
        if delivery.fault == "duplicate_webhook":
            self._send(delivery.payload)
        self._settle(delivery, taken=taken, pause=min(60.0, 0.25 * 2**delivery.attempts))

    def _settle(self, delivery: Delivery, *, taken: bool, pause: float) -> None:
        with self._store.transaction():
            if taken or delivery.attempts >= ATTEMPTS:
                self._store.close_delivery(delivery.seq)
            else:
                self._store.postpone_delivery(delivery.seq, clock.now().timestamp() + pause)

    def _send(self, payload: str) -> bool:
        at = int(clock.now().timestamp())
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": signature(self._secret, at, payload),
            "User-Agent": "Stripe/1.0 (stand-in)",
        }
        request = urllib.request.Request(self._url, payload.encode(), headers, method="POST")  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
                return bool(200 <= answer.status < 300)
        except (urllib.error.URLError, OSError):
            return False
