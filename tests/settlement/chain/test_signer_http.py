"""Keys behind a signer of their own: everything works with no key file, and nothing but what was asked is taken."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from eth_account import Account

from compliance.services.chain_signer import CLEARANCE_SIGNER, GUARDIAN, ROLES, Signer, signer_for
from settlement.models import ChainTransaction, EscrowDeposit, Hold
from settlement.rails.chain_signer_http import HttpSigner, SignerUnavailable, http_signer
from settlement.rails.outside import NetworkInTransaction
from settlement.services.chain_deposits import prepare_deposit
from settlement.services.chain_sender import submit
from tests.settlement.chain.scene import Scene
from tests.settlement.chain.signing_server import SigningServer, mirrored, signing_server
from tests.settlement.chain.test_sender import _revocation

pytestmark = pytest.mark.chain


@pytest.fixture
def signer(scene: Scene, settings) -> Iterator[SigningServer]:
    """The roles' keys lie in a server; the settings name it, and no folder of keys."""
    folder = Path(settings.GRIDCLEAR_CHAIN_KEY_DIR)
    keys = {role: (folder / f"{role}.key").read_text() for role in ROLES if (folder / f"{role}.key").exists()}
    with signing_server(*keys.values()) as server:
        settings.GRIDCLEAR_CHAIN_KEY_DIR = "/nowhere"
        settings.GRIDCLEAR_CHAIN_SIGNERS = "settlement.rails.chain_signer_http.http_signer"
        settings.GRIDCLEAR_CHAIN_SIGNER_URL = server.url
        settings.GRIDCLEAR_CHAIN_SIGNER_ADDRESSES = ", ".join(
            f"{role}={Account.from_key(key).address}" for role, key in keys.items()
        )
        yield server


def test_deposits_and_transactions_are_signed_by_it(scene: Scene, signer: SigningServer):
    assert isinstance(signer_for(GUARDIAN), Signer)
    hold = scene.open_hold()
    assert scene.pay(prepare_deposit(hold.pk))
    scene.finalise()
    hold.refresh_from_db()
    assert hold.state == Hold.State.OPEN
    row = submit(_revocation(1))
    scene.deliver()
    row.refresh_from_db()
    assert (row.state, row.sender) == (ChainTransaction.State.CONFIRMED, signer_for(GUARDIAN).address)
    assert set(signer.asked) == {"eth_signTypedData", "eth_signTransaction"}


def test_an_answer_that_wraps_the_bytes_is_understood(scene: Scene, signer: SigningServer):
    signer.twist = lambda method, result: {"raw": result, "tx": {}} if method == "eth_signTransaction" else result
    assert submit(_revocation(1)).state == ChainTransaction.State.BROADCAST


def _of_another_call(server: SigningServer):
    """Signs something else than what was asked, with the right key."""

    def twist(method, result):
        fields = {"type": 2, "chainId": 31337, "nonce": 0, "to": "0x" + "99" * 20, "value": 10**18, "data": "0x"}
        fields |= {"gas": 21_000, "maxFeePerGas": 10**11, "maxPriorityFeePerGas": 10**9}
        account = server.accounts[signer_for(GUARDIAN).address]
        return account.sign_transaction(fields).raw_transaction.to_0x_hex()

    return twist


def _of_another_key(server: SigningServer):
    """Signs with a key that nobody asked for."""
    stranger = Account.create()

    def twist(method, result):
        fields = {"type": 2, "chainId": 31337, "nonce": 0, "to": "0x" + "99" * 20, "value": 0, "data": "0x"}
        fields |= {"gas": 21_000, "maxFeePerGas": 10**11, "maxPriorityFeePerGas": 10**9}
        return stranger.sign_transaction(fields).raw_transaction.to_0x_hex()

    return twist


@pytest.mark.parametrize("make", [_of_another_call, _of_another_key], ids=["another call", "another key"])
def test_something_else_than_was_asked_is_not_sent(scene: Scene, signer: SigningServer, make):
    signer.twist = make(signer)
    with pytest.raises(SignerUnavailable):
        submit(_revocation(1))
    assert not ChainTransaction.objects.exists()


@pytest.mark.parametrize("answer", [None, "0x", "nonsense", "0x" + "00" * 65, 7, {}])
def test_nonsense_is_no_signature(scene: Scene, signer: SigningServer, answer: object):
    signer.twist = lambda method, result: answer
    hold = scene.open_hold()
    with pytest.raises(SignerUnavailable):
        prepare_deposit(hold.pk)
    with pytest.raises(SignerUnavailable):
        submit(_revocation(1))
    assert not EscrowDeposit.objects.exists()
    assert not ChainTransaction.objects.exists()


def test_a_mirrored_signature_is_not_taken(scene: Scene, signer: SigningServer):
    signer.twist = lambda method, result: mirrored(result)
    with pytest.raises(SignerUnavailable):
        prepare_deposit(scene.open_hold().pk)


def test_a_signer_that_refuses_or_is_down_changes_nothing(scene: Scene, signer: SigningServer, settings):
    signer.accounts.clear()
    with pytest.raises(SignerUnavailable):
        submit(_revocation(1))
    settings.GRIDCLEAR_CHAIN_SIGNER_URL = "http://user:secret@127.0.0.1:9"
    with pytest.raises(SignerUnavailable) as caught:
        submit(_revocation(1))
    assert "secret" not in repr(caught.value)
    assert caught.value.__cause__ is None
    assert not ChainTransaction.objects.exists()


def test_it_is_never_asked_inside_a_transaction(scene: Scene, signer: SigningServer):
    hold = scene.open_hold()
    typed = prepare_deposit(hold.pk).typed_data
    with transaction.atomic(), pytest.raises(NetworkInTransaction):
        signer_for(CLEARANCE_SIGNER).sign_typed_data(typed)


def test_a_role_without_an_address_and_a_bad_address_are_refused(settings):
    settings.GRIDCLEAR_CHAIN_SIGNER_URL = "http://127.0.0.1:9"
    settings.GRIDCLEAR_CHAIN_SIGNER_ADDRESSES = "settler=0x9858effd232b4033e47d90003d41ec34ecaeda94"
    with pytest.raises(ImproperlyConfigured, match="guardian"):
        http_signer("guardian")
    with pytest.raises(ImproperlyConfigured, match="EIP-55"):
        http_signer("settler")
    with pytest.raises(ImproperlyConfigured):
        HttpSigner("http://127.0.0.1:9", "nonsense")
