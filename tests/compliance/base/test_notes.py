"""Signed checkpoints: the published form, and no second way to read one."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from compliance.base import notes
from compliance.base.notes import Checkpoint, NoteMalformed

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
PUBLIC = KEY.public_key().public_bytes_raw()
CHECKPOINT = Checkpoint("gridclear.example/audit", 1234, b"r" * 32)
NOTE = notes.sign(CHECKPOINT, KEY)


def test_the_key_id_is_that_of_the_published_example():
    # Go's sumdb/note: the verifier key PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW
    public = base64.b64decode("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")[1:]
    assert notes.key_id("PeterNeumann", public).hex() == "c74f20a3"


def test_a_signed_checkpoint_reads_back():
    signed = notes.parse(NOTE)
    assert signed.checkpoint == CHECKPOINT
    assert signed.verifies([PUBLIC])
    assert not signed.verifies([Ed25519PrivateKey.generate().public_key().public_bytes_raw()])
    assert NOTE.startswith(f"gridclear.example/audit\n1234\n{base64.b64encode(b'r' * 32).decode()}\n\n— gridclear")


def test_a_countersigned_checkpoint_still_counts():
    other = notes.sign(Checkpoint("witness.example", 1, b"w" * 32), Ed25519PrivateKey.generate())
    assert notes.parse(NOTE + other.rpartition("\n\n")[2]).verifies([PUBLIC])


@given(st.integers(0, len(NOTE.encode()) - 1), st.integers(1, 255))
def test_no_byte_can_be_changed(place, difference):
    raw = bytearray(NOTE.encode())
    raw[place] ^= difference
    try:
        found = notes.parse(bytes(raw).decode())
    except (UnicodeDecodeError, NoteMalformed):
        return
    assert not found.verifies([PUBLIC])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "a\n1\n",
        NOTE[:-1],
        NOTE.replace("1234", "01234"),
        NOTE.replace("1234", "9" * 5000),
        NOTE.replace("1234", "-1"),
        NOTE.replace("gridclear.example/audit\n", "\n", 1),
        NOTE.replace("— ", "-- "),
        "x" * 20_000 + NOTE,
    ],
)
def test_what_is_no_checkpoint_is_refused(text):
    with pytest.raises(NoteMalformed):
        notes.parse(text)


@pytest.mark.parametrize("origin", ["", "two words", "a+b", "line\nbreak"])
def test_an_origin_that_would_read_as_something_else_is_not_signed(origin):
    with pytest.raises(NoteMalformed):
        notes.sign(Checkpoint(origin, 1, b"r" * 32), KEY)
