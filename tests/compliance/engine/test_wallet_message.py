"""The message of ERC-4361: written and read by its ABNF, and nothing looser is read."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.engine.wallet_message import NotAMessage, WalletMessage, parsed

GOOD = WalletMessage(
    domain="gridclear.example:8000",
    address="0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2",
    statement="I prove to Gridclear that this wallet is mine.",
    uri="https://gridclear.example:8000/verification",
    chain_id=31337,
    nonce="32891756aBcD",
    issued_at=datetime(2026, 11, 25, 16, 25, 24, tzinfo=UTC),
    expires_at=datetime(2026, 11, 25, 16, 40, 24, tzinfo=UTC),
    request_id="9b2f1c6e-0000-4000-8000-000000000001",
)
TEXT = """gridclear.example:8000 wants you to sign in with your Ethereum account:
0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2

I prove to Gridclear that this wallet is mine.

URI: https://gridclear.example:8000/verification
Version: 1
Chain ID: 31337
Nonce: 32891756aBcD
Issued At: 2026-11-25T16:25:24Z
Expiration Time: 2026-11-25T16:40:24Z
Request ID: 9b2f1c6e-0000-4000-8000-000000000001"""


def test_it_is_written_as_the_standard_has_it():
    assert GOOD.text() == TEXT


def test_what_is_written_is_read():
    assert parsed(TEXT) == GOOD


@given(
    chain_id=st.integers(1, 2**53),
    nonce=st.text("abcXYZ019", min_size=8, max_size=64),
    statement=st.text("abc XYZ.,:/?#[]@!$&'()*+;=-_~", min_size=1, max_size=200).filter(str.strip),
)
def test_every_message_that_can_be_written_is_read_as_itself(chain_id, nonce, statement):
    made = replace(GOOD, chain_id=chain_id, nonce=nonce, statement=statement)
    assert parsed(made.text()) == made


@pytest.mark.parametrize(
    "changes",
    [
        {"statement": "two\nlines"},
        {"statement": "naïve"},
        {"statement": ""},
        {"domain": "evil.example wants you to sign in with your Ethereum account:\n0x00"},
        {"domain": ""},
        {"domain": "user@host"},
        {"uri": "no uri"},
        {"uri": "https://x/\nNonce: 1"},
        {"nonce": "short"},
        {"nonce": "with space 1"},
        {"chain_id": 0},
        {"chain_id": -1},
        {"address": "0x123"},
        {"address": "C02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"},
        {"request_id": "a b"},
        {"issued_at": datetime(2026, 11, 25, 16, 25, 24, 5, tzinfo=UTC)},
    ],
)
def test_values_that_make_no_message_are_refused(changes):
    with pytest.raises(NotAMessage):
        replace(GOOD, **changes).text()


@pytest.mark.parametrize(
    "text",
    [
        "",
        TEXT + "\n",
        "\n" + TEXT,
        TEXT.replace("\n", "\r\n"),
        TEXT.replace("Version: 1", "Version: 2"),
        TEXT.replace("Version: 1", "Version: 01"),
        TEXT.replace("Nonce: ", "Nonce:"),
        TEXT.replace("Nonce: ", "nonce: "),
        TEXT.replace("URI: ", "Uri: "),
        TEXT.replace("Chain ID: 31337", "Chain ID: 031337"),
        TEXT.replace("Chain ID: 31337", "Chain ID: 0x7a69"),
        TEXT.replace("2026-11-25T16:25:24Z", "2026-11-25T16:25:24+00:00"),
        TEXT.replace("2026-11-25T16:25:24Z", "2026-13-45T16:25:24Z"),
        TEXT.replace("\n\nI prove", "\nI prove"),
        TEXT.replace("wants you to sign in", "wants you to sign  in"),
        TEXT + "\nResources:\n- https://evil.example/",
        TEXT.replace("Expiration Time: 2026-11-25T16:40:24Z\n", ""),
        TEXT.replace("Request ID", "Not Before: 2026-11-25T16:40:24Z\nRequest ID"),
        TEXT.replace("mine.", "mine.\u202e"),
        TEXT.replace("mine.", "mine.\x00"),
    ],
)
def test_anything_else_is_no_message(text):
    with pytest.raises(NotAMessage):
        parsed(text)
