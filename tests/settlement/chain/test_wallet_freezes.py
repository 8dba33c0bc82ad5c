"""Whatever comes between: a restricted party's wallet ends frozen in the contract, and one that was let go does not."""

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import settings
from django.db import connections

from compliance.base import clock as time
from compliance.models import Party, Restriction
from compliance.services import chain_signer, restriction_orders
from settlement.models import ChainTransaction, PaymentProfile
from settlement.rails.chain import Chain
from settlement.selectors.wallet_freezes import as_told, case_ref_of
from settlement.services import chain_guard
from settlement.services.chain_sender import ContractCall, submit
from tests.contracts.anvil import Anvil
from tests.settlement.chain.scene import TESTER, Scene, build_scene, wallet
from tests.settlement.chain.test_indexer import _raw_transactions, _reorganise, _reorganise_with

pytestmark = pytest.mark.chain

DAY = 24 * 3600
State = ChainTransaction.State


def _restrict(party: Party, reason: str = "sdn") -> Restriction:
    return Restriction.objects.create(party=party, reason_code=reason, imposed_by="test")


def _lift(row: Restriction) -> None:
    Restriction.objects.filter(pk=row.pk).update(lifted_at=time.now(), lifted_by="test:1", lift_proposed_by="test:2")


def _is_frozen(scene: Scene, address: str = "") -> bool:
    return scene.chain.account_frozen_until(address or scene.payee.address) > scene.node.now()


def _by_hand(function: str, *arguments: object) -> ChainTransaction:
    """A deed of somebody who has the guardian's key."""
    return submit(
        ContractCall(f"{function}:{arguments!r}"[:120], "by_hand", chain_signer.GUARDIAN, function, arguments)
    )


def _rounds(scene: Scene, count: int = 3) -> None:
    """What the sweeps do, until nothing is on its way."""
    for _ in range(count):
        scene.deliver()
        chain_guard.guard()
        chain_guard.let_go()
        scene.node.mine(settings.CHAIN_FINALITY_BLOCKS)
    scene.deliver()


def _frozen(scene: Scene) -> Restriction:
    """The provider's wallet is frozen under the restriction, and that was followed."""
    row = _restrict(scene.provider)
    assert chain_guard.guard() == 1
    scene.deliver()
    assert _is_frozen(scene)
    return row


@contextmanager
def _unmined(scene: Scene) -> Iterator[None]:
    """No block takes a transaction within."""
    scene.node.rpc("evm_setAutomine", False)
    try:
        yield
    finally:
        scene.node.rpc("evm_setAutomine", True)


@contextmanager
def _between(monkeypatch: pytest.MonkeyPatch, deed: Callable[[], object]) -> Iterator[None]:
    """Within, the deed is done once after a call was decided and before it is stored."""
    honest = Chain.gas_for

    def gas_for(self: Chain, *call: Any) -> int:
        monkeypatch.setattr(Chain, "gas_for", honest)
        deed()
        return honest(self, *call)

    monkeypatch.setattr(Chain, "gas_for", gas_for)
    yield
    assert Chain.gas_for is honest, "nothing was decided"


# -- restricting and lifting, between each other's steps -----------------------------------------------------------


def test_a_restriction_that_comes_while_the_wallet_is_let_go_wins(scene: Scene, monkeypatch):
    _lift(_frozen(scene))

    def restrict() -> None:
        _restrict(scene.provider, "again")
        assert chain_guard.guard() == 1

    with _between(monkeypatch, restrict):
        assert chain_guard.let_go() == 0
    assert not ChainTransaction.objects.filter(purpose="unfreeze_account").exists()
    _rounds(scene)
    assert _is_frozen(scene)


def test_a_lift_that_comes_while_the_wallet_is_frozen_wins(scene: Scene, monkeypatch):
    row = _restrict(scene.provider)
    with _between(monkeypatch, lambda: _lift(row)):
        assert chain_guard.guard() == 0
    assert not ChainTransaction.objects.exists()
    _rounds(scene)
    assert not _is_frozen(scene)


@pytest.mark.parametrize("mined_first", [True, False])
def test_a_freeze_while_a_release_is_on_its_way_comes_after_it(scene: Scene, mined_first: bool):
    _lift(_frozen(scene))
    with _unmined(scene):
        assert chain_guard.let_go() == 1
        again = _restrict(scene.provider, "again")
        if mined_first:
            scene.node.mine()
        assert chain_guard.guard() == 1
        assert (chain_guard.guard(), chain_guard.let_go()) == (0, 0), "one that comes after the release is enough"
    scene.node.mine()
    scene.deliver()
    assert _is_frozen(scene)
    _lift(again)
    _rounds(scene)
    assert not _is_frozen(scene)


def test_a_lift_while_a_freeze_is_on_its_way_is_done_once_it_is_there(scene: Scene):
    row = _restrict(scene.provider)
    with _unmined(scene):
        assert chain_guard.guard() == 1
        _lift(row)
        assert chain_guard.let_go() == 0
    scene.node.mine()
    assert chain_guard.let_go() == 1, "though no round has followed it yet"
    _rounds(scene)
    assert not _is_frozen(scene)


def test_a_restriction_that_expires_lets_go_like_one_that_is_lifted(scene: Scene):
    row = _frozen(scene)
    Restriction.objects.filter(pk=row.pk).update(confirmed_by="test:2", confirmed_at=time.now(), ends_at=time.now())
    assert restriction_orders.sweep_orders(actor=TESTER) == 1
    row.refresh_from_db()
    assert row.expired
    assert chain_guard.let_go() == 1
    _rounds(scene)
    assert not _is_frozen(scene)


# -- several restrictions, parties and wallets ---------------------------------------------------------------------


def test_the_last_of_two_restrictions_lets_go_and_names_the_freeze_meanwhile(scene: Scene):
    first = _frozen(scene)
    second = _restrict(scene.provider, "another")
    assert chain_guard.guard() == 0, "one freeze holds it for both"
    _lift(first)
    assert (chain_guard.let_go(), chain_guard.guard(), chain_guard.guard()) == (0, 1, 0)
    scene.deliver()
    assert as_told()[scene.payee.address].case_ref == "0x" + case_ref_of(second.pk).hex()
    assert (chain_guard.let_go(), chain_guard.guard()) == (0, 0)
    _lift(second)
    assert chain_guard.let_go() == 1
    _rounds(scene)
    assert not _is_frozen(scene)


def test_a_wallet_of_two_parties_is_frozen_until_both_are_let_go(scene: Scene):
    other = Party.objects.create(kind="entity", name="Adelaide Compute Pty Ltd", country="AU")
    PaymentProfile.objects.create(party=other, payout_wallet=scene.payee.address)
    first, second = _frozen(scene), _restrict(other)
    _lift(first)
    _rounds(scene)
    assert _is_frozen(scene)
    _lift(second)
    _rounds(scene)
    assert not _is_frozen(scene)


def test_a_wallet_that_the_party_names_no_more_stays_frozen_and_is_renewed(scene: Scene, clock):
    row = _frozen(scene)
    later = wallet("later").address
    PaymentProfile.objects.filter(party=scene.provider).update(payout_wallet=later)
    assert (chain_guard.let_go(), chain_guard.guard()) == (0, 1)
    scene.deliver()
    clock.advance(days=24)
    scene.node.pass_time(24 * DAY)
    assert chain_guard.guard() == 2
    _rounds(scene)
    clock.advance(days=10)
    scene.node.pass_time(10 * DAY)
    assert _is_frozen(scene)
    assert _is_frozen(scene, later)
    _lift(row)
    assert chain_guard.let_go() == 2
    _rounds(scene)
    assert not _is_frozen(scene)
    assert not _is_frozen(scene, later)


# -- by hand -------------------------------------------------------------------------------------------------------


def test_a_wallet_that_somebody_let_go_by_hand_is_frozen_again(scene: Scene):
    _frozen(scene)
    _by_hand("unfreezeAccount", scene.payee.address, b"mistake".ljust(32))
    scene.deliver()
    assert not _is_frozen(scene)
    assert chain_guard.guard() == 1
    _rounds(scene)
    assert _is_frozen(scene)


def test_a_freeze_by_hand_is_left_to_whoever_made_it(scene: Scene):
    until = scene.node.now() + 60 * DAY
    _by_hand("freezeAccount", scene.payee.address, b"court order".ljust(32), until)
    scene.deliver()
    row = _restrict(scene.provider)
    assert chain_guard.guard() == 0, "it is frozen for long enough"
    _lift(row)
    _rounds(scene)
    assert scene.chain.account_frozen_until(scene.payee.address) == until


# -- reorganisations -----------------------------------------------------------------------------------------------


def _blocks(scene: Scene, since: int) -> tuple[int, list[str]]:
    """How many blocks there are after that one, and what was sent in them."""
    last = scene.node.web3.eth.block_number
    return last - since, _raw_transactions(scene, since + 1, last)


def test_a_freeze_that_vanishes_is_brought_back_and_not_doubled(forking_scene: Scene):
    scene = forking_scene
    before = scene.node.web3.eth.block_number
    _frozen(scene)
    _reorganise(scene.node, _blocks(scene, before)[0])
    scene.follow()
    assert not _is_frozen(scene)
    assert as_told() == {}
    assert chain_guard.guard() == 0, "it is on its way again"
    _rounds(scene)
    assert _is_frozen(scene)
    assert ChainTransaction.objects.filter(purpose="freeze_account").count() == 1


def test_a_release_that_vanishes_alone_is_brought_back(forking_scene: Scene):
    scene = forking_scene
    row, before = _frozen(scene), scene.node.web3.eth.block_number
    _lift(row)
    assert chain_guard.let_go() == 1
    scene.deliver()
    assert not _is_frozen(scene)
    _reorganise(scene.node, _blocks(scene, before)[0])
    assert _is_frozen(scene)
    _rounds(scene)
    assert not _is_frozen(scene)
    assert ChainTransaction.objects.filter(purpose="unfreeze_account").count() == 1


def test_a_release_that_vanishes_after_the_party_is_restricted_anew_overtakes_no_freeze(forking_scene: Scene):
    scene = forking_scene
    row, before = _frozen(scene), scene.node.web3.eth.block_number
    _lift(row)
    assert chain_guard.let_go() == 1
    _restrict(scene.provider, "again")
    assert chain_guard.guard() == 1
    scene.deliver()
    depth, sent = _blocks(scene, before)
    # The release comes back alone, the freeze after it not yet.
    _reorganise_with(scene.node, depth, sent[:1])
    scene.follow()
    assert not _is_frozen(scene)
    _rounds(scene)
    assert _is_frozen(scene)


@pytest.mark.parametrize("restricted", [True, False])
def test_what_a_foreign_transaction_displaced_is_signed_anew_only_where_it_is_wanted_still(
    scene: Scene, restricted: bool
):
    """The guardian's nonce was used by hand: what was to have it would come after what was decided since."""
    row = _frozen(scene)
    if restricted:
        _lift(row)
    else:
        _by_hand("unfreezeAccount", scene.payee.address, b"mistake".ljust(32))
        scene.deliver()
    with _unmined(scene):
        assert (chain_guard.let_go() if restricted else chain_guard.guard()) == 1
        overtaken = ChainTransaction.objects.order_by("-created_at").first()
        scene.node.rpc("anvil_dropAllTransactions")
        _use_nonce(scene, overtaken.nonce)
    scene.node.mine(settings.CHAIN_FINALITY_BLOCKS)
    scene.deliver()
    overtaken.refresh_from_db()
    assert overtaken.state == State.DISPLACED
    if restricted:
        _restrict(scene.provider, "again")
        assert chain_guard.guard() == 1
    else:
        _lift(row)
    scene.deliver()
    overtaken.refresh_from_db()
    assert overtaken.state == State.DROPPED
    _rounds(scene)
    assert _is_frozen(scene) == restricted


def _use_nonce(scene: Scene, nonce: int) -> None:
    """Somebody else with the guardian's key has sent something with this nonce."""
    request = {"type": 2, "chainId": scene.chain.deployment.chain_id, "nonce": nonce, "to": scene.payee.address}
    request |= {"value": 0, "data": "0x", "gas": 21_000, "maxFeePerGas": 10**11, "maxPriorityFeePerGas": 10**9}
    raw = chain_signer.signer_for(chain_signer.GUARDIAN).sign_transaction(request)
    scene.node.rpc("eth_sendRawTransaction", "0x" + raw.hex())
    scene.node.mine()


# -- in any order, and all at once ---------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(2))
def test_whatever_the_order_the_wallet_ends_as_the_restrictions_say(forking_scene: Scene, clock, seed: int):
    """Restrictions come and go, each worker acts on what it saw, blocks come late and vanish."""
    scene, choose = forking_scene, random.Random(seed)
    standing: list[Restriction] = []
    scene.node.mine(5)

    def turn() -> None:
        if standing and choose.random() < 0.5:
            _lift(standing.pop(choose.randrange(len(standing))))
        else:
            standing.append(_restrict(scene.provider, f"reason {choose.random()}"))

    deeds: list[Callable[[], object]] = [
        turn, turn, chain_guard.guard, chain_guard.guard, chain_guard.let_go, chain_guard.let_go, scene.deliver,
        scene.node.mine, scene.follow, lambda: _reorganise(scene.node, choose.randint(1, 3)),
        lambda: clock.advance(days=choose.choice([0, 1, 5])),
    ]  # fmt: skip
    for _ in range(3):
        with _unmined(scene):
            for _ in range(12):
                choose.choice(deeds)()
                scene.node.pass_time(max(1, int(time.now().timestamp()) - scene.node.now()))
        _rounds(scene, 4)
        assert _is_frozen(scene) == bool(standing)
        assert (chain_guard.guard(), chain_guard.let_go()) == (0, 0)


@pytest.mark.django_db(transaction=True)
def test_workers_that_restrict_lift_freeze_and_let_go_at_once_agree_in_the_end(anvil: Anvil, chain_settings, clock):
    scene = build_scene(anvil)
    row = _frozen(scene)
    for restricted in (True, False, True):
        start = threading.Barrier(4)

        def alone(deed: Callable[[], object], start: threading.Barrier = start) -> None:
            try:
                start.wait(timeout=10)
                deed()
            finally:
                connections.close_all()

        turn = (lambda: _restrict(scene.provider, "again")) if restricted else (lambda row=row: _lift(row))
        if restricted:
            _lift(row)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(alone, [turn, chain_guard.guard, chain_guard.let_go, chain_guard.guard]))
        row = Restriction.objects.filter(lifted_at=None).first() or row
        _rounds(scene)
        assert _is_frozen(scene) == restricted
