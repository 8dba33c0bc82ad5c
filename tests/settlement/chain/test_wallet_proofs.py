"""Contract wallets answer for themselves (ERC-1271), on a real node."""

from pathlib import Path

import pytest
from django.db import transaction
from eth_account.messages import encode_defunct

from compliance.base.outside import NetworkInTransaction
from compliance.models import PartyWallet, WalletChallenge
from compliance.services.wallet_proofs import ProofRefused
from settlement.contracts.compile import compile_sources
from settlement.rails import chain
from settlement.rails.chain import ChainNotConfigured, ChainUnavailable
from settlement.services import wallet_proofs
from tests.settlement.chain.scene import TESTER, Scene, wallet

SOURCE = Path(__file__).parent / "ContractWallet.sol"


@pytest.fixture(scope="session")
def compiled():
    found = compile_sources({"test/ContractWallet.sol": SOURCE}, ("ContractWallet",))
    return found["ContractWallet"]


@pytest.fixture
def contract(scene: Scene, compiled):
    """A contract wallet whose owner is the scene's payer, and how it behaves."""

    def deploy(mode: int = 0) -> str:
        web3 = scene.node.web3
        made = web3.eth.contract(abi=compiled["abi"], bytecode=compiled["bytecode"])
        sent = made.constructor(scene.payer.address, mode).transact({"from": web3.eth.accounts[0]})
        return web3.eth.wait_for_transaction_receipt(sent)["contractAddress"]

    return deploy


def sign(message: str, key) -> str:
    return key.sign_message(encode_defunct(text=message)).signature.to_0x_hex()


def test_a_key_proves_its_wallet_on_the_chain_that_escrow_is_on(scene: Scene):
    asked = wallet_proofs.begin_proof(scene.renter.pk, scene.payer.address, actor=TESTER)
    assert "Chain ID: 31337" in asked.message
    signature = sign(asked.message, scene.payer)
    assert wallet_proofs.prove_wallet(scene.renter.pk, asked.message, signature, actor=TESTER) == scene.payer.address
    assert PartyWallet.objects.get(address=scene.payer.address).verified_at is not None


def test_a_contract_wallet_answers_for_itself(scene: Scene, contract):
    address = contract()
    asked = wallet_proofs.begin_proof(scene.renter.pk, address, actor=TESTER)
    signature = sign(asked.message, scene.payer)
    assert wallet_proofs.prove_wallet(scene.renter.pk, asked.message, signature, actor=TESTER) == address
    assert WalletChallenge.objects.get().method == "eip1271"


def test_a_contract_wallet_refuses_a_stranger(scene: Scene, contract):
    asked = wallet_proofs.begin_proof(scene.renter.pk, contract(), actor=TESTER)
    with pytest.raises(ProofRefused):
        wallet_proofs.prove_wallet(scene.renter.pk, asked.message, sign(asked.message, wallet("thief")), actor=TESTER)
    assert not PartyWallet.objects.filter(verified_at__isnull=False).exists()


@pytest.mark.parametrize("mode", [1, 2, 3, 4, 5])
def test_a_contract_that_answers_anything_else_proves_nothing(scene: Scene, contract, mode):
    """It reverts, answers true, the magic value in a wrong place, nothing at all, or burns all gas."""
    asked = wallet_proofs.begin_proof(scene.renter.pk, contract(mode), actor=TESTER)
    with pytest.raises(ProofRefused):
        wallet_proofs.prove_wallet(scene.renter.pk, asked.message, sign(asked.message, scene.payer), actor=TESTER)


def test_the_escrow_contract_is_no_wallet(scene: Scene):
    asked = wallet_proofs.begin_proof(scene.renter.pk, scene.chain.deployment.escrow, actor=TESTER)
    with pytest.raises(ProofRefused):
        wallet_proofs.prove_wallet(scene.renter.pk, asked.message, sign(asked.message, scene.payer), actor=TESTER)


def test_an_address_without_a_contract_proves_nothing_by_another_key(scene: Scene):
    asked = wallet_proofs.begin_proof(scene.renter.pk, wallet("nobody").address, actor=TESTER)
    with pytest.raises(ProofRefused):
        wallet_proofs.prove_wallet(scene.renter.pk, asked.message, sign(asked.message, scene.payer), actor=TESTER)


def test_the_node_is_never_asked_in_a_transaction(scene: Scene, contract):
    asked = wallet_proofs.begin_proof(scene.renter.pk, contract(), actor=TESTER)
    with pytest.raises(NetworkInTransaction), transaction.atomic():
        wallet_proofs.prove_wallet(scene.renter.pk, asked.message, sign(asked.message, scene.payer), actor=TESTER)


def test_a_node_that_is_down_proves_nothing_and_uses_nothing_up(scene: Scene, contract, settings):
    asked = wallet_proofs.begin_proof(scene.renter.pk, contract(), actor=TESTER)
    live = settings.CHAIN_RPC_URL
    settings.CHAIN_RPC_URL = "http://127.0.0.1:9"
    with pytest.raises(ChainUnavailable):
        wallet_proofs.prove_wallet(scene.renter.pk, asked.message, sign(asked.message, scene.payer), actor=TESTER)
    settings.CHAIN_RPC_URL = live
    assert wallet_proofs.prove_wallet(scene.renter.pk, asked.message, sign(asked.message, scene.payer), actor=TESTER)


def test_without_a_chain_no_wallet_can_be_proven(scene: Scene, settings):
    settings.CHAIN_RPC_URL = ""
    assert not chain.is_configured()
    with pytest.raises(ChainNotConfigured):
        wallet_proofs.begin_proof(scene.renter.pk, scene.payer.address, actor=TESTER)
