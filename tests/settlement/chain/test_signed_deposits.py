"""Deposits for which the renter's wallet only signs: an authorization that our sender brings, and permits."""

from uuid import UUID

import pytest
from eth_account import Account
from eth_utils.abi import function_abi_to_4byte_selector
from gridclear.cli import escrow as escrow_cli
from gridclear.cli.main import app
from gridclear.deposits import Deposit
from gridclear.errors import AgentError
from gridclear.escrow import Escrow
from hexbytes import HexBytes
from typer.testing import CliRunner

from compliance.base import clock
from settlement.models import ChainTransaction, Hold
from settlement.rails.chain import CallRefused
from settlement.rails.chain_contracts import ESCROW, TOKEN, abi, calldata
from settlement.services import chain_reconciliation, deposit_relays
from settlement.services.chain_deposits import DepositRequest, prepare_deposit
from settlement.services.deposit_relays import BadAuthorization, TooManyTries, authorization_of, relay_deposit
from settlement.services.hold_states import HoldNotOpen
from tests.settlement.chain.scene import CAP, Scene, wallet

pytestmark = pytest.mark.chain

HIGH = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def _signed(scene: Scene, hold: Hold, *, by=None, **changes: object) -> str:
    typed = authorization_of(prepare_deposit(hold.pk))
    typed["message"] |= changes
    return Account.sign_typed_data((by or scene.payer).key, full_message=typed).signature.to_0x_hex()


def _offered(request: DepositRequest) -> dict[str, object]:
    """As the API offers it."""
    names = ("chain_id", "escrow", "token", "lease_key", "payer", "amount_minor", "typed_data", "signature")
    return {name: getattr(request, name) for name in names} | {"authorization": authorization_of(request)}


def test_a_wallet_without_gas_deposits_by_its_signature(scene: Scene):
    scene.node.rpc("anvil_setBalance", scene.payer.address, "0x0")
    hold = scene.open_hold()
    sent = relay_deposit(hold.pk, _signed(scene, hold))
    assert relay_deposit(hold.pk, _signed(scene, hold)) == sent, "told again, once"
    scene.deliver()
    scene.finalise()
    hold.refresh_from_db()
    assert hold.state == Hold.State.OPEN
    assert scene.books() == {"contract": -CAP, "held": CAP}
    assert chain_reconciliation.reconcile_chain().balanced
    assert ChainTransaction.objects.filter(purpose="relay_deposit").count() == 1
    with pytest.raises(HoldNotOpen):
        relay_deposit(hold.pk, "0x" + 130 * "0")


@pytest.mark.parametrize(
    "change", [{"value": CAP - 1}, {"to": "0x000000000000000000000000000000000000dEaD"}, {"validBefore": 2**40}, {}]
)
def test_another_signature_is_refused_and_costs_no_gas(scene: Scene, change: dict[str, object]):
    hold = scene.open_hold()
    by = None if change else wallet("somebody else")
    for signature in (_signed(scene, hold, by=by, **change), "0x", "0x" + 130 * "0", "nonsense"):
        with pytest.raises(BadAuthorization):
            relay_deposit(hold.pk, signature)
    assert not ChainTransaction.objects.exists()


def test_an_authorization_of_another_lease_is_refused(scene: Scene):
    one, other = scene.open_hold(), scene.open_hold()
    with pytest.raises(BadAuthorization):
        relay_deposit(other.pk, _signed(scene, one))
    assert relay_deposit(one.pk, _signed(scene, one))


def test_the_mirrored_signature_and_an_empty_wallet_are_refused_before_anything_is_sent(scene: Scene):
    hold = scene.open_hold()
    good = bytes(HexBytes(_signed(scene, hold)))
    s = (HIGH - int.from_bytes(good[32:64])).to_bytes(32)
    with pytest.raises(CallRefused) as refused:
        relay_deposit(hold.pk, "0x" + (good[:32] + s + bytes([55 - good[64]])).hex())
    assert "Signature" in refused.value.error
    balance = scene.chain.token_balance(scene.payer.address)
    away = calldata(TOKEN, "transfer", scene.payee.address, balance)
    assert scene.send(scene.payer, scene.chain.deployment.token, away)
    with pytest.raises(CallRefused, match="ERC20InsufficientBalance"):
        relay_deposit(hold.pk, "0x" + good.hex())
    assert not ChainTransaction.objects.exists()


def test_what_was_refused_in_its_block_three_times_is_sent_no_more(scene: Scene, monkeypatch):
    hold = scene.open_hold()
    signature, keys = _signed(scene, hold), []
    monkeypatch.setattr(deposit_relays, "submit", lambda call: keys.append(call.key) or _refused(call.key, len(keys)))
    for _ in range(deposit_relays.TRIES):
        relay_deposit(hold.pk, signature)
    with pytest.raises(TooManyTries):
        relay_deposit(hold.pk, signature)
    assert keys == [f"relay:{hold.pk}:{tried}" for tried in range(deposit_relays.TRIES)]


def _refused(key: str, nonce: int) -> ChainTransaction:
    """A transaction that the contract refused in its block."""
    return ChainTransaction.objects.create(
        state=ChainTransaction.State.REVERTED,
        state_changed_at=clock.now(),
        purpose="relay_deposit",
        idempotency_key=key,
        chain_id=1,
        sender="0x",
        nonce=nonce,
        to_address="0x",
        raw="0x",
        hash=f"0x{nonce:064x}",
    )


# -- the renter's own program ----------------------------------------------------------------------------------


def _deposit(scene: Scene, hold: Hold) -> Deposit:
    offered = _offered(prepare_deposit(hold.pk))
    return Deposit.read(offered, wallet=scene.payer.address, contract=scene.chain.deployment.escrow)


@pytest.mark.parametrize("way", ["approve", "permit", "authorization"])
def test_the_program_deposits_in_each_way(scene: Scene, way: str):
    hold, key = scene.open_hold(), scene.payer.key.hex()
    escrow, deposit = Escrow(scene.node.url, scene.chain.deployment.escrow), _deposit(scene, hold)
    if way == "authorization":
        relay_deposit(hold.pk, deposit.authorization(key))
    else:
        assert (deposit.send if way == "approve" else deposit.send_with_permit)(escrow, key).startswith("0x")
    scene.deliver()
    scene.finalise()
    hold.refresh_from_db()
    assert hold.state == Hold.State.OPEN
    sent = scene.node.web3.eth.get_transaction(HexBytes(hold.escrow_deposit.transaction_hash))["input"].to_0x_hex()
    name = {"approve": "deposit", "permit": "depositWithPermit", "authorization": "depositWithAuthorization"}[way]
    (entry,) = [entry for entry in abi(ESCROW) if entry.get("name") == name]
    assert sent[:10] == "0x" + function_abi_to_4byte_selector(entry).hex()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"payer": "0x000000000000000000000000000000000000dEaD"}, "not_yours"),
        ({"cap": CAP + 1}, "not_yours"),
        ({"payee": "0x000000000000000000000000000000000000dEaD"}, "other_terms"),
        ({"ratePerHour": 1}, "other_terms"),
    ],
)
def test_terms_that_are_not_what_was_asked_for_are_not_signed(scene: Scene, change: dict[str, object], code: str):
    offered = _offered(prepare_deposit(scene.open_hold().pk))
    offered["typed_data"]["message"]["terms"] |= change
    with pytest.raises(AgentError) as refused:
        Deposit.read(offered, wallet=scene.payer.address, contract=scene.chain.deployment.escrow)
    assert refused.value.code == code


def test_another_contract_and_another_chain_are_not_signed_for(scene: Scene):
    offered = _offered(prepare_deposit(scene.open_hold().pk))
    with pytest.raises(AgentError, match="another contract"):
        Deposit.read(offered, wallet=scene.payer.address, contract=scene.chain.deployment.token)
    with pytest.raises(AgentError, match="no deposit"):
        Deposit.read({}, wallet=scene.payer.address, contract=scene.chain.deployment.escrow)
    offered["chain_id"] = 1
    with pytest.raises(AgentError, match="another contract"):
        Deposit.read(offered, wallet=scene.payer.address, contract=scene.chain.deployment.escrow)


class _Marketplace:
    """What the command needs of the marketplace, by the services behind its API."""

    def __enter__(self) -> "_Marketplace":
        return self

    def __exit__(self, *_error: object) -> None:
        return None

    def deposit(self, lease_id: str) -> dict[str, object]:
        return _offered(prepare_deposit(UUID(lease_id)))

    def sign_deposit(self, lease_id: str, signature: str) -> dict[str, object]:
        return {"hash": relay_deposit(UUID(lease_id), signature).hash}


@pytest.mark.parametrize("way", [[], ["--permit"], ["--authorization"]], ids=["approve", "permit", "authorization"])
def test_the_command_deposits(scene: Scene, tmp_path, monkeypatch, way: list[str]):
    monkeypatch.setattr(escrow_cli, "connect", _Marketplace)
    (tmp_path / "wallet.key").write_text(scene.payer.key.to_0x_hex())
    hold = scene.open_hold()
    where = ["--contract", scene.chain.deployment.escrow, "--key-file", str(tmp_path / "wallet.key")]
    node = [] if "--authorization" in way else ["--rpc", scene.node.url]
    refused = CliRunner().invoke(app, ["escrow", "deposit", str(hold.pk), *where, "--permit", "--authorization"])
    assert (refused.exit_code, "not both" in refused.output) == (1, True)
    if node:
        assert "needs none" in CliRunner().invoke(app, ["escrow", "deposit", str(hold.pk), *where, *way]).output
    done = CliRunner().invoke(app, ["escrow", "deposit", str(hold.pk), *where, *node, *way])
    assert done.exit_code == 0, done.output
    scene.finalise()
    hold.refresh_from_db()
    assert hold.state == Hold.State.OPEN
