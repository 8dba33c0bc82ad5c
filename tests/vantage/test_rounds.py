"""Challenge and answer: who may answer, what is timed, and that a lie only makes a node look farther."""

import base64

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from marketplace.vantage import rounds
from marketplace.vantage.rounds import Refused, Station, Stopwatch, message

NOW = 1_800_000_000.0
MS = 1_000_000  # nanoseconds


def b64(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def raw_public(key):
    return key.public_key().public_bytes_raw()


PLATFORM, NODE, OTHER = (Ed25519PrivateKey.generate() for _ in range(3))


@pytest.fixture
def station():
    return Station("sydney", -33.87, 151.21, Ed25519PrivateKey.generate(), {"k1": raw_public(PLATFORM)})


@pytest.fixture
def watch(station):
    return Stopwatch(station)


def ticket(key=PLATFORM, kid="k1", typ=rounds.TICKET_TYPE, node_key=None, **changes):
    claims = {
        "iss": rounds.TICKET_ISSUER, "aud": "sydney", "jti": "t1", "sub": "node-1",
        "key": node_key or b64(raw_public(NODE)), "rounds": 3, "iat": NOW, "exp": NOW + 600,
    } | changes  # fmt: skip
    return jwt.encode(claims, key, algorithm="EdDSA", headers={"kid": kid, "typ": typ})


def sign(session, challenge, key=NODE, code="sydney"):
    return b64(key.sign(message(code, session, challenge)))


def answer_all(watch, delays_ms, token=None):
    """The report after each answer took its delay."""
    session, challenge = watch.begin(token or ticket(), NOW)
    at = 0
    for delay in delays_ms:
        watch.sent(session, at)
        at += int(delay * MS)
        challenge, report = watch.answered(session, sign(session, challenge), NOW + 1, at)
    return report


def test_the_least_of_the_rounds_is_reported_and_signed(watch, station):
    report = answer_all(watch, [21.5, 16.25, 80])
    decoded = jwt.decode_complete(report, station.key.public_key(), algorithms=["EdDSA"], options={"verify_iat": False})
    assert decoded["header"]["typ"] == rounds.REPORT_TYPE
    assert decoded["payload"] == {
        "iss": "sydney", "sub": "node-1", "ticket": "t1", "rounds": 3, "least_us": 16_250, "median_us": 21_500,
        "iat": int(NOW + 1),
    }  # fmt: skip


def test_a_node_that_waits_only_looks_farther(watch):
    honest = jwt.decode(answer_all(watch, [16, 17, 18]), options={"verify_signature": False})
    late = jwt.decode(answer_all(watch, [96, 97, 98], ticket(jti="t2")), options={"verify_signature": False})
    assert late["least_us"] == honest["least_us"] + 80_000


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": OTHER},
        {"kid": "k2"},
        {"typ": "JWT"},
        {"iss": "gridclear"},  # a clearance is no ticket
        {"aud": "singapore"},
        {"exp": NOW},
        {"exp": None},
        {"node_key": "short"},
    ],
)
def test_a_ticket_that_is_none_begins_nothing(watch, wrong):
    token = ticket(**wrong)
    with pytest.raises(Refused):
        watch.begin(token, NOW)
    with pytest.raises(Refused):
        watch.begin("not.a.token", NOW)


def test_a_ticket_is_good_once(watch):
    watch.begin(ticket(), NOW)
    with pytest.raises(Refused, match="used before"):
        watch.begin(ticket(), NOW + 599)
    with pytest.raises(Refused, match="lapsed"):
        watch.begin(ticket(), NOW + 601)


@pytest.mark.parametrize("how", ["other key", "other vantage", "other session", "old challenge", "nothing", "not text"])
def test_a_wrong_answer_ends_the_session(watch, how):
    session, challenge = watch.begin(ticket(), NOW)
    watch.sent(session, 0)
    answers = {
        "other key": sign(session, challenge, OTHER),
        "other vantage": sign(session, challenge, code="singapore"),
        "other session": sign("another", challenge),
        "old challenge": sign(session, bytes(32)),
        "nothing": "",
        "not text": "é",
    }
    with pytest.raises(Refused):
        watch.answered(session, answers[how], NOW, MS)
    with pytest.raises(Refused, match="no such session"):
        watch.answered(session, sign(session, challenge), NOW, MS)


def test_an_answer_serves_one_challenge(watch):
    session, challenge = watch.begin(ticket(), NOW)
    watch.sent(session, 0)
    first = sign(session, challenge)
    watch.answered(session, first, NOW, MS)
    with pytest.raises(Refused):
        watch.answered(session, first, NOW, 2 * MS)


def test_sessions_end_and_are_forgotten(watch):
    session, challenge = watch.begin(ticket(), NOW)
    with pytest.raises(Refused):
        watch.answered(session, sign(session, challenge), NOW + 61, MS)
    with pytest.raises(Refused):
        watch.answered("unknown", "", NOW, MS)


def test_too_many_sessions_are_turned_away(watch, monkeypatch):
    monkeypatch.setattr(rounds, "MOST_SESSIONS", 2)
    for number in range(2):
        watch.begin(ticket(jti=f"t{number}"), NOW)
    with pytest.raises(Refused, match="busy"):
        watch.begin(ticket(jti="t9"), NOW)
    watch.begin(ticket(jti="t9"), NOW + 61)  # the others are over
