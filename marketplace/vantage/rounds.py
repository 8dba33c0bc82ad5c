"""Challenge and answer, timed by the vantage point's own clock.

A challenge is random, so no answer can be ready before it has arrived; the answer is signed by the key that the
platform's ticket names. Time is taken before a challenge leaves and after an answer is wholly here, so what is measured
is never shorter than the way there and back.
"""

import base64
import binascii
import os
import statistics
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

TICKET_ISSUER = "gridclear-place"
TICKET_TYPE = "gridclear-place-ticket+jwt"
REPORT_TYPE = "gridclear-place-report+jwt"
ANSWER_PREFIX = b"gridclear-place:"
CHALLENGE_BYTES = 32
MOST_ROUNDS = 100
MOST_SESSIONS = 2000
SESSION_SECONDS = 60.0


class Refused(Exception):
    """Why nobody is measured; the words go to the agent."""


@dataclass(frozen=True, slots=True)
class Station:
    """Who measures: its code, its place, its key, and the platform keys whose tickets count (key id -> raw key)."""

    code: str
    latitude: float
    longitude: float
    key: Ed25519PrivateKey
    platform_keys: dict[str, bytes]


@dataclass(slots=True)
class Session:
    """One node being measured. Times in nanoseconds of a clock that only goes forward."""

    ticket: str
    node: str
    node_key: Ed25519PublicKey
    rounds: int
    expires_at: float
    challenge: bytes = b""
    sent_ns: int = 0
    taken: list[int] = field(default_factory=list)

    def next_challenge(self) -> bytes:
        """A fresh one, which alone may be answered now."""
        self.challenge = os.urandom(CHALLENGE_BYTES)
        return self.challenge


class Stopwatch:
    """The sessions of one station. `now` in unix seconds, `ns` of the forward clock: both are the caller's to read."""

    def __init__(self, station: Station) -> None:
        self.station = station
        self._sessions: dict[str, Session] = {}
        self._used: dict[str, float] = {}

    def begin(self, token: str, now: float) -> tuple[str, bytes]:
        """A session, and its first challenge. Raises `Refused`."""
        self._forget(now)
        if len(self._sessions) >= MOST_SESSIONS:
            raise Refused("This vantage point is busy. Try again in a minute.")
        session = self._read(token, now)
        if session.ticket in self._used:
            raise Refused("This ticket was used before.")
        self._used[session.ticket] = session.expires_at
        name = base64.urlsafe_b64encode(os.urandom(18)).decode()
        session.expires_at = min(session.expires_at, now + SESSION_SECONDS)
        self._sessions[name] = session
        return name, session.next_challenge()

    def sent(self, name: str, ns: int) -> None:
        """The challenge is about to leave."""
        if name in self._sessions:
            self._sessions[name].sent_ns = ns

    def answered(self, name: str, answer: str, now: float, ns: int) -> tuple[bytes, str]:
        """The next challenge, or the signed report after the last answer; the other is empty. Raises `Refused`.

        A wrong answer ends the session: whoever guesses gets no second try.
        """
        session = self._sessions.pop(name, None)
        if session is None or session.expires_at < now:
            raise Refused("There is no such session, or it is over.")
        self._verify(session, name, answer)
        session.taken.append(ns - session.sent_ns)
        if len(session.taken) < session.rounds:
            self._sessions[name] = session
            return session.next_challenge(), ""
        return b"", self._report(session, now)

    def _read(self, token: str, now: float) -> Session:
        try:
            kid = str(jwt.get_unverified_header(token).get("kid"))
            raw = self.station.platform_keys.get(kid)
            if raw is None:
                raise Refused("The ticket is signed by a key that this vantage point does not know.")
            options: Any = {"verify_exp": False, "verify_iat": False, "require": ["jti", "sub", "key", "exp"]}
            decoded = jwt.decode_complete(
                token,
                Ed25519PublicKey.from_public_bytes(raw),
                algorithms=["EdDSA"],
                issuer=TICKET_ISSUER,
                audience=self.station.code,
                options=options,
            )
            claims = decoded["payload"]
            if decoded["header"].get("typ") != TICKET_TYPE or float(claims["exp"]) <= now:
                raise Refused("This is no ticket, or it has lapsed.")
            key = Ed25519PublicKey.from_public_bytes(_bytes(str(claims["key"])))
            rounds = min(MOST_ROUNDS, max(1, int(claims.get("rounds", 12))))
            return Session(str(claims["jti"]), str(claims["sub"]), key, rounds, float(claims["exp"]))
        except (jwt.InvalidTokenError, ValueError, TypeError) as error:
            raise Refused("The ticket does not verify for this vantage point.") from error

    def _verify(self, session: Session, name: str, answer: str) -> None:
        try:
            session.node_key.verify(_bytes(answer), message(self.station.code, name, session.challenge))
        except (InvalidSignature, ValueError) as error:
            raise Refused("The answer is not signed by the node's key.") from error

    def _report(self, session: Session, now: float) -> str:
        taken = [max(1, ns // 1000) for ns in session.taken]
        claims = {
            "iss": self.station.code,
            "sub": session.node,
            "ticket": session.ticket,
            "rounds": len(taken),
            "least_us": min(taken),
            "median_us": int(statistics.median(taken)),
            "iat": int(now),
        }
        return jwt.encode(claims, self.station.key, algorithm="EdDSA", headers={"typ": REPORT_TYPE})

    def _forget(self, now: float) -> None:
        for name in [name for name, session in self._sessions.items() if session.expires_at < now]:
            del self._sessions[name]
        for ticket in [ticket for ticket, until in self._used.items() if until < now]:
            del self._used[ticket]


def message(code: str, session: str, challenge: bytes) -> bytes:
    """What a node signs: bound to the vantage point and the session, so that no answer serves elsewhere."""
    return ANSWER_PREFIX + f"{code}:{session}:".encode() + challenge


def _bytes(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError("no base64url") from error
