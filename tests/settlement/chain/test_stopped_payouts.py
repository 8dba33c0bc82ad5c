"""A payout on chain that the contract was not told of yet is stopped, ended by a seizure, and keeps nobody waiting."""

import pytest

from compliance.base import clock as time
from compliance.models import Case, Clearance, Restriction
from settlement.models import ChainTransaction, Payout
from settlement.rails.chain import ChainUnavailable
from settlement.services import blocked_property, books, chain_escrow, chain_guard, ledger, payout_deeds, payouts
from settlement.services.accounts import of_party
from settlement.services.chain_sender import ContractCall, submit
from tests.settlement.chain.scene import TESTER, Scene, clear
from tests.settlement.chain.test_lease_on_chain import FEE, TOTAL, _request_payout, _settled

pytestmark = pytest.mark.chain

EARNED = TOTAL - FEE


@pytest.fixture
def sending(scene: Scene, monkeypatch) -> Payout:
    """The payout is being sent, and the chain did not answer."""
    _settled(scene)
    payout = _request_payout(scene)
    with monkeypatch.context() as down:
        down.setattr(chain_escrow, "connect", _down)
        payout_deeds.send_payout(payout.pk)
    return _again(payout, Payout.State.SENDING)


def _down():
    raise ChainUnavailable


def _again(payout: Payout, state: str) -> Payout:
    payout.refresh_from_db()
    assert payout.state == state
    return payout


def _restrict(scene: Scene, payout: Payout) -> None:
    """As compliance does it; nothing has followed yet."""
    Restriction.objects.create(party=scene.provider, reason_code="sdn", imposed_by="test")
    Clearance.objects.filter(pk=payout.clearance_id).update(revoked_at=time.now())


def _withdrawn() -> bool:
    return ChainTransaction.objects.filter(purpose="withdraw").exists()


def test_a_restricted_provider_is_not_paid_when_the_chain_is_back(scene: Scene, sending: Payout):
    _restrict(scene, sending)
    payout_deeds.deliver_payouts()
    _again(sending, Payout.State.FROZEN)
    payout_deeds.deliver_payouts()
    assert not _withdrawn()
    assert _books(scene) == {"blocked": EARNED}


def test_a_freeze_that_comes_between_the_look_and_the_storing_wins(scene: Scene, sending: Payout, monkeypatch):
    sign = chain_escrow.submit

    def restricted_meanwhile(call: ContractCall, chain=None):
        _restrict(scene, sending)
        payouts.freeze_payouts([scene.provider.pk], "sdn", actor=TESTER)
        return sign(call, chain)

    monkeypatch.setattr(chain_escrow, "submit", restricted_meanwhile)
    payout_deeds.send_payout(sending.pk)
    _again(sending, Payout.State.FROZEN)
    assert not _withdrawn()


def test_a_payout_frozen_twice_has_its_money_blocked_twice_and_back(scene: Scene, sending: Payout):
    for _ in range(2):
        assert payouts.freeze_payouts([scene.provider.pk], "sdn", actor=TESTER) == 1
        assert "paying" not in _books(scene)
        fresh = clear("payout", sending.pk, renter=None, provider=scene.provider)
        assert payouts.begin_sending(sending.pk, clearance=fresh, actor=TESTER)
        assert _books(scene)["paying"] == EARNED
    payouts.freeze_payouts([scene.provider.pk], "sdn", actor=TESTER)
    assert payouts.fail_payout(sending.pk, "given_up", actor=TESTER)
    assert scene.books()["payable"] == EARNED
    assert books.verify_books().verified


def _books(scene: Scene) -> dict[str, int]:
    """The provider's side, of which the scene's own view has no blocked money."""
    kinds = ("payable", "paying", "blocked")
    keys = {kind: of_party(kind, scene.provider.pk, "escrow", "USDC") for kind in kinds}
    return {kind: ledger.balance_of(key) for kind, key in keys.items() if ledger.balance_of(key)}


def test_what_the_contract_was_told_is_past_freezing(scene: Scene, sending: Payout):
    payout_deeds.send_payout(sending.pk)
    assert _withdrawn()
    assert payouts.freeze_payouts([scene.provider.pk], "sdn", actor=TESTER) == 0
    scene.finalise()
    _again(sending, Payout.State.SENT)


def test_a_seizure_ends_a_payout_that_was_being_sent(scene: Scene, sending: Payout, clock):
    Restriction.objects.create(party=scene.provider, reason_code="sdn", imposed_by="test")
    chain_guard.guard()
    account = scene.payee.address
    submit(ContractCall("prop", "p", "guardian", "proposeAccountSeizure", (account, b"\x01" * 32)))
    scene.node.pass_time(7 * 86_400 + 1)
    clock.advance(days=7, seconds=2)
    submit(ContractCall("exec", "e", "treasurer", "executeAccountSeizure", (account,)))
    scene.finalise()
    assert _again(sending, Payout.State.FAILED).failure_code == "seized"
    assert _books(scene) == {"blocked": EARNED}
    assert payout_deeds.deliver_payouts() == 0
    assert blocked_property.sweep_property(actor=TESTER) == 0
    assert books.verify_books().verified


def test_a_payout_that_cannot_be_sent_is_a_case(scene: Scene, sending: Payout, monkeypatch):
    def broken(*_args, **_more):
        raise KeyError("not to be told")

    monkeypatch.setattr(chain_escrow, "withdraw", broken)
    assert payout_deeds.deliver_payouts() == 1
    (summary,) = Case.objects.filter(reason_codes=["MONEY_WORK_STUCK"]).values_list("summary", flat=True)
    assert summary.startswith("A payout keeps failing (KeyError)")
