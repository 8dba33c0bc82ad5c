"""Data about a transfer go to another provider, by the Travel Rule Protocol 3.2: https only, public addresses only.

The protocol's transfer inquiry (OpenVASP, travel-rule-protocol, core specification) is a POST of asset, amount,
callback and IVMS101 with the headers `api-version` and `request-identifier`. Who is asked says at once, or later at the
callback, whether it approves. It wants TLS with certificates on both sides; where none is set up for us, the request's
signature (RFC 9421) says who asks.
"""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from compliance.base.http_signatures import signed_headers
from compliance.base.outside import require_no_transaction
from compliance.sources.download import DownloadRefused, public_address

API_VERSION = "3.2.1"
MAX_ANSWER = 64 * 1024
_TIMEOUT = httpx.Timeout(10.0, connect=5.0)
# What may pass by itself, beside every 5xx: request timeout, too early, too many requests.
_PASSING = frozenset({408, 425, 429})


class Word(StrEnum):
    """What the other provider said of an inquiry."""

    APPROVED = "approved"
    REJECTED = "rejected"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What is asked. `id` stays the same however often it is asked; `amount` in whole units of the asset."""

    id: str
    endpoint: str
    asset: dict[str, Any]
    amount: float
    callback: str
    ivms101: dict[str, Any]

    def body(self) -> bytes:
        """The request's body, the same bytes each time."""
        said = {"asset": self.asset, "amount": self.amount, "callback": self.callback, "IVMS101": self.ivms101}
        return json.dumps(said, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()


class TransportUnavailable(Exception):
    """Nobody knows whether they have it: ask again, with the same identifier. `code` names no person."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class TransportRefused(Exception):
    """They will not take it this way: a person has to look. `code` names no person."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class Transport(Protocol):
    """A way to another provider."""

    def send(self, inquiry: Inquiry, *, created: int) -> Word:
        """What they say. Raises TransportUnavailable, TransportRefused; never within a transaction."""


@dataclass(frozen=True, slots=True)
class TrpTransport:
    """The Travel Rule Protocol, signed with our key; `certificate` is (certificate, key) for TLS on both sides."""

    key: Ed25519PrivateKey
    key_id: str
    certificate: tuple[str, str] | None = None

    def send(self, inquiry: Inquiry, *, created: int) -> Word:
        """As `Transport.send`. No redirect is followed: the endpoint is registered, and another one is not."""
        require_no_transaction()
        parts = urlsplit(inquiry.endpoint)
        host = parts.hostname or ""
        if parts.scheme != "https" or not host or parts.username or parts.port not in (None, 443):
            raise TransportRefused("endpoint_unfit")
        try:
            address = public_address(host)
        except DownloadRefused as error:
            raise TransportUnavailable("endpoint_not_public") from error
        # The address that was checked is the one that is asked: a name that answers otherwise later gains nothing.
        at = parts._replace(netloc=f"[{address}]" if ":" in address else address, fragment="").geturl()
        body = inquiry.body()
        plain = {"content-type": "application/json; charset=utf-8", "api-version": API_VERSION,
                 "request-identifier": inquiry.id}  # fmt: skip
        headers = signed_headers(inquiry.endpoint, body, plain, key=self.key, key_id=self.key_id, created=created) | {
            "host": host,
            "user-agent": "Gridclear travel rule",
            "accept": "application/json",
        }
        return _word(*self._post(at, host, headers, body))

    def _post(self, url: str, host: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        options = {"timeout": _TIMEOUT, "follow_redirects": False, "trust_env": False, "cert": self.certificate}
        hello = {"sni_hostname": host}
        try:
            with (
                httpx.Client(**options) as client,  # type: ignore[arg-type]
                client.stream("POST", url, content=body, headers=headers, extensions=hello) as answer,
            ):
                read = b""
                for chunk in answer.iter_bytes():
                    read += chunk
                    if len(read) > MAX_ANSWER:
                        raise TransportUnavailable("answer_too_long")
                return answer.status_code, read
        except httpx.HTTPError as error:
            raise TransportUnavailable(f"http_{type(error).__name__.lower()}"[:64]) from error


def _word(status: int, body: bytes) -> Word:
    if status >= httpx.codes.INTERNAL_SERVER_ERROR or status in _PASSING:
        raise TransportUnavailable(f"status_{status}")
    if status != httpx.codes.OK:
        raise TransportRefused(f"status_{status}")
    try:
        said = json.loads(body)
    except ValueError as error:
        raise TransportUnavailable("answer_unreadable") from error
    return word_of(said)


def word_of(said: Any) -> Word:
    """What the answer says: exactly one of approved and rejected, or only a version. Raises TransportUnavailable."""
    if not isinstance(said, dict):
        raise TransportUnavailable("answer_unreadable")
    approved, rejected = said.get("approved"), said.get("rejected")
    if isinstance(approved, dict) and rejected is None:
        return Word.APPROVED
    if isinstance(rejected, str) and approved is None:
        return Word.REJECTED
    if approved is None and rejected is None and isinstance(said.get("version"), str):
        return Word.LATER
    raise TransportUnavailable("answer_unclear")
