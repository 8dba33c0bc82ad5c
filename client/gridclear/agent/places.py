"""The node shows vantage points that it answers: each takes the time itself, so nothing here has to be believed.

The agent goes to the vantage point (it is outbound only), shows its ticket, and signs each challenge at once. It could
answer late; it cannot answer early, since every challenge is random.
"""

import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gridclear.encoding import b64url, unb64url
from gridclear.errors import AgentError
from gridclear.urls import safe_base_url

log = logging.getLogger("gridclear.agent")
PREFIX = b"gridclear-place:"
MOST_ROUNDS = 100
TIMEOUT = httpx.Timeout(10.0, connect=5.0)
EARTH_KM, KM_PER_SECOND = 6371.0, 200_000.0
Place = tuple[float, float]  # latitude, longitude in degrees


@dataclass(frozen=True)
class Errand:
    """Where to be measured, and what to show there."""

    vantage: str
    url: str
    ticket: str


def read_errands(answer: dict[str, Any]) -> list[Errand]:
    """The errands of a sync's answer; one that cannot be read, or is not safe to reach, is left out."""
    errands = []
    items = answer.get("measure")
    for item in items if isinstance(items, list) else ():
        try:
            errands.append(Errand(str(item["vantage"]), safe_base_url(str(item["url"])), str(item["ticket"])))
        except (KeyError, TypeError, AgentError) as error:
            log.warning("an errand to a vantage point cannot be read: %s", error)
    return errands


class Places:
    """Runs errands beside the loop, one after the other, so that no heartbeat waits for them."""

    def __init__(
        self,
        key: Ed25519PrivateKey,
        *,
        pretend: Place | None = None,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._key = key
        self._pretend = pretend
        self._transport = transport
        self._sleep = sleep
        self._thread: threading.Thread | None = None

    def start(self, errands: Sequence[Errand]) -> None:
        """The errands are under way, unless earlier ones still are: then the server gives new tickets later."""
        if not errands or (self._thread is not None and self._thread.is_alive()):
            return
        self._thread = threading.Thread(target=self.run, args=(tuple(errands),), daemon=True)
        self._thread.start()

    def run(self, errands: Sequence[Errand]) -> None:
        """Each errand is done, or the log says why not."""
        for errand in errands:
            try:
                rounds = self._answer(errand)
                log.info("answered vantage point %s %d times", errand.vantage, rounds)
            except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
                log.warning("vantage point %s could not measure this node: %r", errand.vantage, error)

    def _answer(self, errand: Errand) -> int:
        with httpx.Client(timeout=TIMEOUT, follow_redirects=False, transport=self._transport) as http:
            said = _post(http, f"{errand.url}/v1/begin", {"ticket": errand.ticket})
            session, delay = str(said["session"]), self._delay(said)
            rounds = 0
            while said.get("challenge") and rounds < MOST_ROUNDS:
                message = (
                    PREFIX + f"{errand.vantage}:{session}:".encode() + unb64url(str(said["challenge"]).rstrip("="))
                )
                answer = b64url(self._key.sign(message))
                if delay:
                    self._sleep(delay)
                said = _post(http, f"{errand.url}/v1/answer", {"session": session, "answer": answer})
                rounds += 1
        return rounds

    def _delay(self, said: dict[str, Any]) -> float:
        """For development: the seconds that the way from a pretended place would add."""
        if self._pretend is None:
            return 0.0
        there = (float(said["latitude"]), float(said["longitude"]))
        return 2 * _apart_km(self._pretend, there) / KM_PER_SECOND * 1.3


def _post(http: httpx.Client, url: str, message: dict[str, str]) -> dict[str, Any]:
    response = http.post(url, json=message)
    response.raise_for_status()
    said = response.json()
    if not isinstance(said, dict):
        raise ValueError("the vantage point's answer is no JSON object")
    return said


def _apart_km(one: Place, other: Place) -> float:
    lat_1, lon_1, lat_2, lon_2 = map(math.radians, (*one, *other))
    half = math.sin((lat_2 - lat_1) / 2) ** 2 + math.cos(lat_1) * math.cos(lat_2) * math.sin((lon_2 - lon_1) / 2) ** 2
    return 2 * EARTH_KM * math.asin(math.sqrt(min(1.0, half)))
