"""What we send is stored before it leaves, is sent until it arrives, and happens once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connections
from eth_account import Account

from compliance.services import chain_signer
from settlement.models import ChainAlarm, ChainTransaction
from settlement.rails.chain import CallRefused, Chain, ChainNotConfigured, ChainUnavailable, connect
from settlement.services import chain_delivery, chain_indexer
from settlement.services.chain_sender import ContractCall, FeeTooHigh, submit
from tests.contracts.anvil import Anvil
from tests.settlement.chain.scene import Scene

pytestmark = pytest.mark.chain

State = ChainTransaction.State
CASE = b"case".ljust(32)
NO_TERMS = (bytes(32), "0x" + "11" * 20, "0x" + "22" * 20, 1, 1, 0, 1)


def _revocation(number: int) -> ContractCall:
    return ContractCall(f"revoke:{number}", "revoke", chain_signer.GUARDIAN, "revokeLease", (number.to_bytes(32),))


def test_a_transaction_is_stored_signed_then_sent_then_confirmed(scene: Scene):
    row = submit(_revocation(1))
    assert row.state == State.BROADCAST
    assert Account.recover_transaction(row.raw) == chain_signer.signer_for(chain_signer.GUARDIAN).address == row.sender
    scene.deliver()
    row.refresh_from_db()
    assert row.state == State.CONFIRMED
    assert row.block_number == scene.node.web3.eth.block_number


def test_the_same_key_is_sent_once(scene: Scene):
    first = submit(_revocation(1))
    assert submit(_revocation(1)).pk == first.pk
    assert ChainTransaction.objects.count() == 1


def test_what_the_contract_would_refuse_is_not_sent(scene: Scene):
    with pytest.raises(CallRefused) as refused:
        submit(ContractCall("x", "close", chain_signer.SETTLER, "close", (NO_TERMS, 0)))
    assert refused.value.error == "NotOpen"
    with pytest.raises(CallRefused) as refused:
        submit(ContractCall("y", "revoke", chain_signer.SETTLER, "revokeLease", (bytes(32),)))
    assert refused.value.error == "AccessControlUnauthorizedAccount"
    assert not ChainTransaction.objects.exists()


def test_nothing_is_signed_above_the_limit_of_the_fee(scene: Scene, settings):
    wanted = scene.chain.fees().max_fee
    settings.CHAIN_MAX_FEE_GWEI = (wanted - 1) / 10**9
    with pytest.raises(FeeTooHigh):
        submit(_revocation(1))
    assert not ChainTransaction.objects.exists()
    assert ChainAlarm.objects.get(ended_at=None).code == "fee_too_high"
    settings.CHAIN_MAX_FEE_GWEI = -(-wanted // 10**9)
    assert submit(_revocation(1)).state == State.BROADCAST
    assert not ChainAlarm.objects.filter(ended_at=None).exists()


def test_a_node_that_fails_at_the_broadcast_loses_nothing(scene: Scene, monkeypatch):
    def down(self: Chain, raw: str) -> None:
        raise ChainUnavailable

    with monkeypatch.context() as patched:
        patched.setattr(Chain, "broadcast", down)
        row = submit(_revocation(1))
        assert row.state == State.SIGNED
        scene.deliver()
    scene.deliver()
    scene.deliver()
    row.refresh_from_db()
    assert row.state == State.CONFIRMED


def test_a_transaction_that_the_node_forgot_is_sent_again(scene: Scene):
    scene.node.rpc("evm_setAutomine", False)
    try:
        row = submit(_revocation(1))
        scene.node.rpc("anvil_dropAllTransactions")
        scene.deliver()
        second = submit(_revocation(2))
        assert second.nonce == row.nonce + 1, "a forgotten nonce is not given out again"
    finally:
        scene.node.rpc("evm_setAutomine", True)
    scene.node.mine()
    scene.deliver()
    assert set(ChainTransaction.objects.values_list("state", flat=True)) == {State.CONFIRMED}


def test_a_transaction_that_reverts_is_on_record_and_can_be_tried_again(scene: Scene):
    scene.node.rpc("evm_setAutomine", False)
    try:
        account = scene.payee.address
        until = scene.node.now() + 3600
        freeze = ("freezeAccount", (account, CASE, until))
        submit(ContractCall("f", "freeze_account", chain_signer.GUARDIAN, *freeze))
        scene.node.mine()
        first = submit(ContractCall("u1", "unfreeze", chain_signer.GUARDIAN, "unfreezeAccount", (account, CASE)))
        second = submit(ContractCall("u2", "unfreeze", chain_signer.GUARDIAN, "unfreezeAccount", (account, CASE)))
    finally:
        scene.node.rpc("evm_setAutomine", True)
    scene.node.mine()
    scene.deliver()
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == (State.CONFIRMED, State.REVERTED)


@pytest.mark.django_db(transaction=True)
def test_many_senders_at_once_use_each_nonce_once(anvil: Anvil, chain_settings, clock):
    def send(number: int) -> int:
        try:
            return submit(_revocation(number // 2)).nonce
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(send, range(16)))
    nonces = sorted(ChainTransaction.objects.values_list("nonce", flat=True))
    assert len(nonces) == 8
    assert nonces == list(range(nonces[0], nonces[0] + 8))
    chain_indexer.catch_up()
    chain_delivery.deliver()
    assert set(ChainTransaction.objects.values_list("state", flat=True)) == {State.CONFIRMED}


# -- keys and contracts ----------------------------------------------------------------------------------------


def test_keys_are_files_for_their_owner_alone_and_made_only_in_development(settings, tmp_path: Path):
    settings.GRIDCLEAR_CHAIN_KEY_DIR = str(tmp_path / "keys")
    first = chain_signer.signer_for(chain_signer.SETTLER).address
    path = tmp_path / "keys" / "settler.key"
    assert path.stat().st_mode & 0o077 == 0
    assert Account.from_key(path.read_text()).address == first
    assert chain_signer.signer_for(chain_signer.GUARDIAN).address != first
    settings.GRIDCLEAR_DEVELOPMENT = False
    settings.GRIDCLEAR_CHAIN_KEY_DIR = str(tmp_path / "elsewhere")
    with pytest.raises(ImproperlyConfigured):
        chain_signer.signer_for(chain_signer.SETTLER)
    with pytest.raises(ImproperlyConfigured):
        chain_signer.signer_for("root")


def external_signer(role: str) -> chain_signer.Signer:
    """Stands for a KMS: knows one key."""
    return chain_signer.FileSigner(Path(external_signer.path))  # type: ignore[attr-defined]


def test_an_external_signer_takes_the_files_place(scene: Scene, settings):
    external_signer.path = str(Path(settings.GRIDCLEAR_CHAIN_KEY_DIR) / "guardian.key")  # type: ignore[attr-defined]
    settings.GRIDCLEAR_CHAIN_KEY_DIR = "/nowhere"
    settings.GRIDCLEAR_CHAIN_SIGNERS = f"{__name__}.external_signer"
    assert submit(_revocation(1)).state == State.BROADCAST


def test_the_command_deploys_once_and_writes_the_addresses(anvil: Anvil, settings, tmp_path: Path, capsys):
    settings.CHAIN_RPC_URL, settings.STATE_DIR = anvil.url, tmp_path
    settings.CHAIN_ESCROW_ADDRESS = settings.CHAIN_TOKEN_ADDRESS = ""
    settings.GRIDCLEAR_CHAIN_KEY_DIR = str(tmp_path / "keys")
    with anvil.undone():
        with pytest.raises(ChainNotConfigured):
            connect()
        call_command("deploy_contracts")
        chain = connect()
        assert chain.accounted() == 0
        for role in ("clearance_signer", "settler", "guardian", "treasurer"):
            assert chain.has_role(role, chain_signer.signer_for(role).address)
            assert not chain.has_role(role, chain_signer.signer_for("deployer").address)
        call_command("deploy_contracts")
        assert connect().deployment == chain.deployment
        assert "stands on chain" in capsys.readouterr().out


def test_contracts_of_another_chain_are_not_taken(anvil: Anvil, settings, tmp_path: Path):
    settings.CHAIN_RPC_URL, settings.STATE_DIR = anvil.url, tmp_path
    settings.CHAIN_ESCROW_ADDRESS = settings.CHAIN_TOKEN_ADDRESS = ""
    address = "0x000000000000000000000000000000000000dEaD"
    (tmp_path / "chain.json").write_text(f'{{"chain_id": 1, "escrow": "{address}", "token": "{address}"}}')
    with pytest.raises(ChainNotConfigured, match="chain 1"):
        connect()
    (tmp_path / "chain.json").write_text(f'{{"chain_id": 31337, "escrow": "{address}", "token": "{address}"}}')
    with pytest.raises(ChainNotConfigured, match="no contract"):
        connect()
