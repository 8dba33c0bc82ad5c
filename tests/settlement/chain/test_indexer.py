"""The indexer resumes anywhere, does nothing twice, and undoes what a reorganisation took away."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.db import connections, transaction

from compliance.base import clock as time
from compliance.base.audit import AuditEvent
from compliance.models import Case, Party
from compliance.services import chain_signer, restrictions
from settlement.models import (
    ChainAlarm,
    ChainBlock,
    ChainCursor,
    ChainEvent,
    ChainTransaction,
    Hold,
    PaymentProfile,
    Payout,
    Transfer,
)
from settlement.rails.chain import Chain, ChainUnavailable, Outcome
from settlement.rails.outside import NetworkInTransaction
from settlement.services import (
    books,
    chain_delivery,
    chain_effects,
    chain_escrow,
    chain_indexer,
    chain_reconciliation,
    holds,
    ledger,
    payout_deeds,
)
from settlement.services.chain_deposits import prepare_deposit
from settlement.services.chain_indexer import ReorganisationTooDeep, follow
from settlement.services.chain_postings import last_reversal_in_place, reversal_id
from settlement.services.chain_sender import ContractCall, submit
from settlement.tasks import follow_chain
from tests.contracts.anvil import Anvil
from tests.settlement.chain.scene import CAP, DOLLAR, TESTER, Scene, build_scene, wallet
from tests.settlement.chain.test_lease_on_chain import FEE, TOTAL, _request_payout, _settled

pytestmark = pytest.mark.chain


def _reorganise(node: Anvil, depth: int) -> None:
    """The last blocks are replaced by empty ones, and one more, so that the new chain is the longer."""
    node.rpc("anvil_reorg", depth, [])
    node.mine()


def _reorganise_with(node: Anvil, depth: int, raws: list[str]) -> None:
    """The last blocks are replaced by others that hold these transactions."""
    node.rpc("anvil_reorg", depth, [[raw, 0] for raw in raws])
    node.mine()


def test_steps_are_idempotent(scene: Scene):
    scene.funded_hold()
    events, transfers = ChainEvent.objects.count(), Transfer.objects.count()
    step = follow()
    assert (step.recorded, step.applied, step.rolled_back, step.caught_up) == (0, 0, 0, True)
    assert (ChainEvent.objects.count(), Transfer.objects.count()) == (events, transfers)


def test_it_catches_up_in_small_steps(scene: Scene):
    hold = scene.open_hold()
    assert scene.pay(prepare_deposit(hold.pk))
    scene.node.mine(20)
    follow(max_blocks=1)
    seen = [follow(max_blocks=3).block_number for _ in range(30)]
    assert seen == sorted(seen)
    assert seen[-1] == scene.node.web3.eth.block_number
    hold.refresh_from_db()
    assert hold.state == Hold.State.OPEN


def test_far_behind_it_does_not_read_every_block(scene: Scene):
    follow()
    scene.node.mine(chain_indexer.REMEMBERED_BLOCKS + 400)
    step = chain_indexer.catch_up()
    assert step.caught_up
    assert ChainBlock.objects.count() < chain_indexer.REMEMBERED_BLOCKS + 100


def test_a_crash_between_record_and_effect_loses_nothing(scene: Scene, monkeypatch):
    hold = scene.open_hold()
    assert scene.pay(prepare_deposit(hold.pk))
    scene.node.mine(settings.CHAIN_FINALITY_BLOCKS)

    def crash(event: ChainEvent) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(chain_effects, "apply", crash)
        with pytest.raises(SystemExit):
            scene.follow()
    assert scene.books() == {}
    assert ChainEvent.objects.filter(name="Deposited", applied_at=None).exists()
    scene.follow()
    hold.refresh_from_db()
    assert hold.state == Hold.State.OPEN
    assert scene.books() == {"contract": -CAP, "held": CAP}


def test_nothing_is_asked_of_the_chain_inside_a_transaction(scene: Scene):
    chain = scene.chain
    with transaction.atomic(), pytest.raises(NetworkInTransaction):
        chain.head()


def test_a_node_that_is_down_changes_nothing(scene: Scene, settings):
    settings.CHAIN_RPC_URL = "http://127.0.0.1:9"
    with pytest.raises(ChainUnavailable):
        follow()
    assert not ChainCursor.objects.exists()


# -- reorganisations -------------------------------------------------------------------------------------------


def test_a_deposit_that_vanishes_before_it_is_final_was_never_there(forking_scene: Scene):
    hold = forking_scene.open_hold()
    assert forking_scene.pay(prepare_deposit(hold.pk))
    forking_scene.follow()
    assert ChainEvent.objects.filter(name="Deposited", rolled_back_at=None).exists()
    _reorganise(forking_scene.node, 2)
    forking_scene.finalise()
    hold.refresh_from_db()
    assert hold.state == Hold.State.OPENING
    assert forking_scene.books() == {}
    assert not Transfer.objects.exists()
    assert ChainEvent.objects.filter(name="Deposited", rolled_back_at=None).count() == 0
    assert AuditEvent.objects.filter(event="chain.reorganised").exists()


@pytest.mark.parametrize("depth", [5, 12, 64])
def test_a_reorganisation_past_finality_is_reversed_and_the_lease_frozen(forking_scene: Scene, depth: int):
    forking_scene.node.mine(depth)
    hold = forking_scene.funded_hold()
    assert forking_scene.books() == {"contract": -CAP, "held": CAP}
    _reorganise(forking_scene.node, depth)
    forking_scene.finalise()
    hold.refresh_from_db()
    assert (hold.state, hold.frozen_reason) == (Hold.State.FROZEN, "deposit_vanished")
    assert forking_scene.books() == {}
    assert Transfer.objects.filter(kind="chain.deposited.reversed").count() == 1
    assert books.verify_books().verified
    assert chain_reconciliation.reconcile_chain().balanced


def test_a_deposit_that_comes_back_in_another_block_opens_the_hold_again(forking_scene: Scene):
    hold = forking_scene.open_hold()
    request = prepare_deposit(hold.pk)
    assert forking_scene.pay(request)
    forking_scene.finalise()
    block = ChainEvent.objects.get(name="Deposited").block_number
    depth = forking_scene.node.web3.eth.block_number - block + 2
    raws = _raw_transactions(forking_scene, block - 1, block)
    _reorganise_with(forking_scene.node, depth, raws)
    forking_scene.finalise()
    hold.refresh_from_db()
    assert (hold.state, hold.frozen_reason) == (Hold.State.OPEN, "")
    assert forking_scene.books() == {"contract": -CAP, "held": CAP}
    assert ChainEvent.objects.filter(name="Deposited").count() == 2
    assert books.verify_books().verified


def test_a_closing_that_vanishes_is_sent_again_and_the_books_agree(forking_scene: Scene):
    hold = _settled(forking_scene)
    settled = forking_scene.books()
    chain_delivery.deliver()
    close = ChainTransaction.objects.get(purpose="close")
    _reorganise(forking_scene.node, forking_scene.node.web3.eth.block_number - close.block_number + 1)
    forking_scene.follow()
    assert forking_scene.books() == {"contract": -CAP, "held": CAP - TOTAL, "accrued": TOTAL}
    close.refresh_from_db()
    assert (close.state, close.block_number) == (ChainTransaction.State.BROADCAST, None)
    chain_delivery.deliver()
    chain_delivery.deliver()
    forking_scene.finalise()
    chain_delivery.deliver()
    close.refresh_from_db()
    assert close.state == ChainTransaction.State.CONFIRMED
    assert forking_scene.books() == settled
    hold.refresh_from_db()
    assert hold.state == Hold.State.SETTLED
    assert chain_reconciliation.reconcile_chain().balanced
    assert books.verify_books().verified


def test_a_payout_that_vanishes_is_sent_again_and_paid_once(forking_scene: Scene):
    _settled(forking_scene)
    payout = _request_payout(forking_scene)
    payout_deeds.send_payout(payout.pk)
    chain_delivery.deliver()
    forking_scene.finalise()
    chain_delivery.deliver()
    paid = forking_scene.books()
    withdrawal = ChainTransaction.objects.get(purpose="withdraw")
    _reorganise(forking_scene.node, forking_scene.node.web3.eth.block_number - withdrawal.block_number + 1)
    forking_scene.follow()
    assert forking_scene.books()["paying"] == TOTAL - FEE
    chain_delivery.deliver()
    chain_delivery.deliver()
    forking_scene.finalise()
    assert forking_scene.books() == paid
    assert forking_scene.chain.token_balance(forking_scene.payee.address) == TOTAL - FEE
    assert Payout.objects.get(pk=payout.pk).state == Payout.State.SENT
    assert books.verify_books().verified


def test_money_that_moved_on_before_the_reorganisation_is_borne_by_suspense(forking_scene: Scene):
    _settled(forking_scene)
    chain_delivery.deliver()
    close = ChainTransaction.objects.get(purpose="close")
    _request_payout(forking_scene)
    _reorganise(forking_scene.node, forking_scene.node.web3.eth.block_number - close.block_number + 1)
    forking_scene.follow()
    stranded = forking_scene.books()
    assert stranded["suspense"] == -(TOTAL - FEE)
    assert stranded["paying"] == TOTAL - FEE
    chain_delivery.deliver()
    chain_delivery.deliver()
    forking_scene.finalise()
    assert "suspense" not in forking_scene.books()
    assert books.verify_books().verified


def test_a_chain_that_changed_below_all_memory_stops_everything(forking_scene: Scene):
    forking_scene.funded_hold()
    ChainBlock.objects.update(hash="0x" + "ab" * 32)
    ChainCursor.objects.update(block_hash="0x" + "cd" * 32)
    before = forking_scene.books()
    with pytest.raises(ReorganisationTooDeep):
        follow()
    assert forking_scene.books() == before


def _raw_transactions(scene: Scene, first: int, last: int) -> list[str]:
    """The signed transactions of the blocks, as they were sent."""
    found = []
    for number in range(first, last + 1):
        for sent in scene.node.web3.eth.get_block(number)["transactions"]:
            found.append(scene.node.rpc("debug_getRawTransaction", sent.to_0x_hex()))
    return found


# -- several at once -------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_followers_at_once_do_what_one_would(anvil: Anvil, chain_settings, clock):
    scene = build_scene(anvil)
    held = [scene.open_hold(amount=DOLLAR) for _ in range(3)]
    for hold in held:
        assert scene.pay(prepare_deposit(hold.pk))
    anvil.mine(settings.CHAIN_FINALITY_BLOCKS)

    def follow_alone(_: int) -> None:
        try:
            chain_indexer.catch_up()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(follow_alone, range(8)))
    assert Hold.objects.filter(state=Hold.State.OPEN).count() == 3
    assert scene.books() == {"contract": -3 * DOLLAR, "held": 3 * DOLLAR}
    assert ChainEvent.objects.filter(name="Deposited").count() == 3
    for hold in held:
        holds.settle_hold(hold.pk, 0, TESTER)
        chain_escrow.settle_escrow(hold.pk)
    scene.finalise()
    assert scene.books() == {"contract": -3 * DOLLAR, "available": 3 * DOLLAR}


def test_fees_of_charges_that_cannot_be_booked_yet_stop_nothing_and_are_a_case(scene: Scene):
    hold = scene.funded_hold()
    scene.node.pass_time(3600)
    submit(ContractCall("stolen", "settle", chain_signer.SETTLER, "settle", (scene.terms(hold), TOTAL)))
    chain_escrow.withdraw_fees(scene.payee.address, "fees:1")
    holds.freeze_hold(hold.pk, "sdn", actor=TESTER)
    scene.finalise()
    assert scene.books() == {"contract": FEE - CAP, "blocked": CAP, "suspense": -FEE}
    cases = Case.objects.order_by("created_at")
    assert {(case.kind, *case.reason_codes) for case in cases} == {(Case.Kind.MONEY_ALARM, "RECONCILIATION_DIFFERENCE")}
    assert [word in case.summary for word, case in zip((str(TOTAL), str(FEE)), cases, strict=True)] == [True, True]
    holds.unfreeze_hold(hold.pk, actor=TESTER)
    holds.settle_hold(hold.pk, TOTAL, TESTER)
    chain_escrow.settle_escrow(hold.pk)
    scene.finalise()
    assert scene.books() == {
        "contract": FEE - CAP,
        "payable": TOTAL - FEE,
        "fees": FEE,
        "available": CAP - TOTAL,
        "suspense": -FEE,
    }
    assert books.verify_books().verified


@pytest.mark.parametrize("fault", [ValueError("about somebody@example.org"), ledger.InsufficientFunds()])
def test_an_event_that_cannot_be_booked_is_an_alarm_and_wallets_are_frozen_nevertheless(
    scene: Scene, monkeypatch, fault: Exception
):
    hold = scene.open_hold()
    assert scene.pay(prepare_deposit(hold.pk))
    scene.node.mine(settings.CHAIN_FINALITY_BLOCKS)
    listed = Party.objects.create(kind="entity", name="Somebody Else Ltd", country="AU")
    PaymentProfile.objects.create(party=listed, payout_wallet=wallet("listed").address)
    restrictions.impose(listed.pk, "listed", actor=TESTER)

    def refuse(event: ChainEvent) -> None:
        raise fault

    with monkeypatch.context() as patched:
        patched.setitem(chain_effects._APPLY, "Deposited", refuse)
        follow_chain()
        follow_chain()
    alarm = ChainAlarm.objects.get(ended_at=None)
    assert (alarm.code, alarm.count) == ("effect_failed", 2)
    assert "somebody" not in alarm.detail
    assert scene.books() == {}
    assert scene.chain.account_frozen_until(wallet("listed").address) > scene.node.now()
    follow_chain()
    assert scene.books() == {"contract": -CAP, "held": CAP}
    assert not ChainAlarm.objects.filter(ended_at=None).exists()


@pytest.mark.parametrize("followed", [False, True], ids=["before_it_was_followed", "while_its_receipt_was_read"])
def test_a_closing_whose_block_vanishes_unnoticed_is_not_taken_for_done(
    forking_scene: Scene, monkeypatch, followed: bool
):
    hold = forking_scene.funded_hold()
    forking_scene.node.pass_time(3600)
    holds.settle_hold(hold.pk, TOTAL, TESTER)
    chain_escrow.settle_escrow(hold.pk)
    honest = Chain.outcome

    def outcome(self: Chain, transaction_hash: str) -> Outcome | None:
        found = honest(self, transaction_hash)
        monkeypatch.setattr(Chain, "outcome", honest)
        forking_scene.follow()
        _reorganise(forking_scene.node, 1)
        forking_scene.follow()
        return found

    if followed:
        monkeypatch.setattr(Chain, "outcome", outcome)
    chain_delivery.deliver()
    close = ChainTransaction.objects.get(purpose="close")
    assert close.state == ChainTransaction.State.BROADCAST
    if not followed:
        _reorganise(forking_scene.node, 1)
        forking_scene.follow()
    forking_scene.deliver()
    forking_scene.finalise()
    chain_delivery.deliver()
    close.refresh_from_db()
    hold.refresh_from_db()
    assert (close.state, hold.state) == (ChainTransaction.State.CONFIRMED, Hold.State.SETTLED)
    assert chain_reconciliation.reconcile_chain().balanced


def test_of_two_withdrawals_in_one_transaction_each_repeats_its_own(scene: Scene):
    """A contract of somebody's may pull for two accounts at once; in another block its logs have other numbers."""

    def withdrawal(block: str, log_index: int, account: str, **times: object) -> ChainEvent:
        return ChainEvent.objects.create(
            chain_id=scene.chain.deployment.chain_id,
            contract=scene.chain.deployment.escrow,
            block_number=7,
            block_hash=block,
            transaction_hash="0xaa",
            log_index=log_index,
            name="Withdrawn",
            args={"account": account, "amount": DOLLAR},
            **times,
        )

    gone = {"applied_at": time.now(), "rolled_back_at": time.now()}
    first, second = withdrawal("0x01", 3, "one", **gone), withdrawal("0x01", 5, "two", **gone)
    again, too = withdrawal("0x02", 0, "one"), withdrawal("0x02", 2, "two")
    assert last_reversal_in_place(too) == reversal_id(second)
    assert last_reversal_in_place(again) == reversal_id(first)
    assert last_reversal_in_place(withdrawal("0x02", 4, "three")) is None
