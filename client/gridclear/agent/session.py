"""The one line to the server: every request signed, numbered, and alone on the wire."""

import json
import threading
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gridclear.agent.clock import Clock
from gridclear.agent.enrolment import Enrolment
from gridclear.agent.proofs import request_proof, usage_signature
from gridclear.errors import GridclearError, refusal_from, unreachable
from gridclear.urls import safe_base_url
from gridclear.version import __version__

# A read may not keep the agent from hearing a stop for long.
TIMEOUT = httpx.Timeout(5.0, connect=3.0)


class AgentSession:
    """Signed POSTs to the marketplace. The lock keeps sequence numbers in the order they reach the server."""

    def __init__(
        self,
        enrolment: Enrolment,
        key: Ed25519PrivateKey,
        clock: Clock,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        base = safe_base_url(enrolment.url)
        self._node_id = enrolment.node_id
        self._key = key
        self._clock = clock
        self._lock = threading.Lock()
        self._sequence = 0
        self._base = httpx.URL(base)
        self._http = httpx.Client(
            timeout=TIMEOUT,
            follow_redirects=False,
            transport=transport,
            headers={"User-Agent": f"gridclear-agent/{__version__}"},
        )

    def post(self, path: str, message: dict[str, Any]) -> dict[str, Any]:
        """The server's answer. Raises GridclearError for a refusal, a silence, or an answer that is no object."""
        url = self._base.copy_with(path=self._base.path.rstrip("/") + path)
        body = json.dumps(message, separators=(",", ":")).encode()
        with self._lock:
            headers = {"Authorization": f"GridclearAgent {self._proof(url.path, body)}"}
            headers["Content-Type"] = "application/json"
            try:
                response = self._http.post(url, content=body, headers=headers)
            except httpx.TransportError as error:
                raise unreachable(error, str(self._base)) from error
        if not response.is_success:
            raise refusal_from(response)
        return _object(response)

    def signed(self, report: dict[str, Any]) -> dict[str, Any]:
        """The report of a workload with its usage total signed by itself."""
        total = (report["lease_id"], report["usage_sequence"], report["usage_seconds"])
        return {**report, "usage_signature": usage_signature(self._key, *total)}

    def close(self) -> None:
        """The connection is closed."""
        self._http.close()

    def _proof(self, path: str, body: bytes) -> str:
        at = self._clock.unix()
        self._sequence = max(self._sequence + 1, int(at * 1_000_000_000))
        return request_proof(
            self._key,
            node_id=self._node_id,
            method="POST",
            path=path,
            body=body,
            at=at,
            sequence=self._sequence,
        )


def _object(response: httpx.Response) -> dict[str, Any]:
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise GridclearError("bad_answer", response.status_code, "The server's answer is no JSON object")
    return answer
