"""Wall 3, attacked: each test changes one thing about a clearance that is otherwise good."""

import base64
import json

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from gridclear.agent.clearance import ClearanceRefused, verify_clearance

from tests.client.marketplace import KID, b64


@pytest.fixture
def verify(marketplace, enrolment, lease, clock):
    def check(token, **changed):
        facts = {
            "keys": enrolment.clearance_keys,
            "lease_id": lease,
            "node_id": enrolment.node_id,
            "gpu_count": 2,
            "at": clock.unix(),
        }
        return verify_clearance(token, **{**facts, **changed})

    return check


def refused(verify, token, **changed):
    with pytest.raises(ClearanceRefused) as error:
        verify(token, **changed)
    return error.value.code


def test_a_good_clearance_verifies(verify, marketplace, lease, clock):
    clearance = verify(marketplace.clearance(lease))
    assert (clearance.lease_id, clearance.gpu_count) == (lease, 2)
    assert clearance.expires_at == int(clock.unix()) + 3600


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"sub": "0b0e7bb0-0000-4000-8000-000000000000"}, "clearance_other_sub"),
        ({"node": "0b0e7bb0-0000-4000-8000-000000000000"}, "clearance_other_node"),
        ({"node": None}, "clearance_other_node"),
        ({"purpose": "start"}, "clearance_other_purpose"),
        ({"purpose": "deposit"}, "clearance_other_purpose"),
        ({"iss": "someone"}, "clearance_other_iss"),
        ({"iss": ...}, "clearance_other_iss"),
        ({"count": 1}, "clearance_other_count"),
        ({"count": 3}, "clearance_other_count"),
        ({"count": True}, "clearance_malformed"),
        ({"count": "2"}, "clearance_malformed"),
        ({"count": ...}, "clearance_malformed"),
        ({"exp": ...}, "clearance_malformed"),
        ({"exp": "never"}, "clearance_malformed"),
        ({"exp": 9e99}, "clearance_malformed"),
        ({"iat": ...}, "clearance_malformed"),
    ],
)
def test_one_wrong_claim_is_refused(verify, marketplace, lease, changed, code):
    assert refused(verify, marketplace.clearance(lease, **changed)) == code


def test_it_lapses_at_its_last_second_and_not_before(verify, marketplace, lease, clock):
    token = marketplace.clearance(lease, lifetime=60)
    issued = int(clock.unix())
    assert verify(token, at=issued + 59.9)
    assert refused(verify, token, at=issued + 60) == "clearance_expired"


def test_one_from_the_future_is_refused_beyond_the_skew(verify, marketplace, lease, clock):
    assert verify(marketplace.clearance(lease, iat=int(clock.unix()) + 60))
    late = marketplace.clearance(lease, iat=int(clock.unix()) + 61)
    assert refused(verify, late) == "clearance_from_future"


def test_no_gpu_is_no_workload(verify, marketplace, lease):
    assert refused(verify, marketplace.clearance(lease, count=0), gpu_count=0) == "clearance_other_count"


def test_another_key_under_the_pinned_name_is_refused(verify, marketplace, lease):
    forged = marketplace.clearance(lease, key=Ed25519PrivateKey.generate())
    assert refused(verify, forged) == "clearance_signature"


def test_a_key_that_was_not_pinned_is_refused_even_when_the_token_brings_it(verify, marketplace, lease):
    own = Ed25519PrivateKey.generate()
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64(own.public_key().public_bytes_raw())}
    token = marketplace.clearance(lease, key=own, headers={"kid": "mine", "jwk": jwk})
    assert refused(verify, token) == "clearance_unknown_key"


def test_no_key_name_is_refused(verify, marketplace, lease):
    assert refused(verify, marketplace.clearance(lease, headers={"kid": ""})) == "clearance_unknown_key"


def test_no_algorithm_is_refused(verify, marketplace, lease):
    good = marketplace.clearance(lease)
    for name in ("none", "None", "NONE"):
        header = b64(json.dumps({"alg": name, "typ": "JWT", "kid": KID}).encode())
        assert refused(verify, f"{header}.{good.split('.')[1]}.") == "clearance_algorithm"


def test_the_public_key_is_no_shared_secret(verify, marketplace, lease):
    """HS256 with the public key as its secret: what a verifier falls for that trusts the header's algorithm."""
    claims = jwt.decode(marketplace.clearance(lease), options={"verify_signature": False})
    public = marketplace.key.public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    for secret in (public.public_bytes_raw(), b64(public.public_bytes_raw()).encode(), base64.b64encode(pem)):
        token = jwt.encode(claims, secret, algorithm="HS256", headers={"kid": KID})
        assert refused(verify, token) == "clearance_algorithm"


def test_a_critical_extension_is_refused(verify, marketplace, lease):
    """By PyJWT or by us, depending on its version."""
    token = marketplace.clearance(lease, headers={"crit": ["exp"]})
    assert refused(verify, token) in ("clearance_algorithm", "clearance_malformed")


def test_every_tampered_part_is_refused(verify, marketplace, lease):
    header, payload, signature = marketplace.clearance(lease, count=1).split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    raised = b64(json.dumps({**claims, "count": 2}).encode())
    assert refused(verify, f"{header}.{raised}.{signature}") == "clearance_signature"
    other = marketplace.clearance(lease).split(".")[2]
    assert refused(verify, f"{header}.{payload}.{other}") == "clearance_signature"
    assert refused(verify, f"{header}.{payload}.") == "clearance_signature"


@pytest.mark.parametrize("token", ["", "x", "a.b", "a.b.c", "....", "é.é.é", "null"])
def test_what_is_no_token_is_refused(verify, token):
    assert refused(verify, token) == "clearance_malformed"
