"""Running leases are charged in the contract in batches: whatever ends them, what was charged is the provider's."""

from datetime import timedelta

import pytest

from compliance.base import clock as time
from compliance.base.clock import ManualClock
from compliance.models import Case
from compliance.services import chain_signer
from settlement.models import ChainEvent, ChainJob, ChainTransaction, EscrowDeposit, Hold, Receipt, Transfer
from settlement.rails.chain_contracts import ESCROW, calldata
from settlement.rails.chain_deploy import GRACE_SECONDS
from settlement.selectors.earnings import earnings, earnings_lines
from settlement.services import (
    books,
    chain_charges,
    chain_delivery,
    chain_guard,
    chain_reconciliation,
    chain_sender,
    chain_work,
    holds,
)
from settlement.tasks import charge_leases
from tests.settlement.chain.scene import CAP, DOLLAR, RATE, TESTER, Scene
from tests.settlement.chain.test_indexer import _reorganise
from tests.settlement.chain.test_lease_on_chain import FEE, TOTAL
from tests.settlement.chain.test_seizures import _seize

pytestmark = pytest.mark.chain

HOUR = 3600


def fee(total: int) -> int:
    """What of it is the platform's."""
    return total * 500 // 10_000


def split(total: int) -> dict[str, int]:
    """Provider's and platform's parts of the total."""
    return {"payable": total - fee(total), "fees": fee(total)}


def run(scene: Scene, clock: ManualClock, hold: Hold, dollars: float, seconds: int = HOUR) -> None:
    """So much time has passed, by every clock, and the lease has cost so much in all."""
    pass_time(scene, clock, seconds)
    meter(hold, dollars)


def pass_time(scene: Scene, clock: ManualClock, seconds: int) -> None:
    scene.node.pass_time(seconds)
    clock.advance(seconds=seconds)


def meter(hold: Hold, dollars: float) -> None:
    total = int(dollars * DOLLAR)
    holds.capture(hold.pk, total, total // 1000, billed_seconds=total * HOUR // RATE)


def charge(scene: Scene) -> int:
    """What was due was charged, and all of it is final. Returns how many leases were taken."""
    taken = chain_charges.charge_running_leases()
    scene.finalise()
    chain_delivery.deliver()
    return taken


def check(scene: Scene) -> None:
    """Contract and books agree, and the books with themselves."""
    assert chain_reconciliation.reconcile_chain().balanced
    report = books.verify_books()
    assert report.verified, report.faults


def test_a_running_lease_is_charged_twice_and_closed(scene: Scene, clock, settings):
    settings.GRIDCLEAR_ESCROW_CHARGE_SECONDS = 1800
    since = time.now()
    hold = scene.funded_hold()
    run(scene, clock, hold, 2, 1800)
    assert charge(scene) == 1
    assert scene.books() == {"contract": -CAP, "held": CAP - 2 * DOLLAR, **split(2 * DOLLAR)}
    assert scene.chain.entitlement(scene.payee.address) == 2 * DOLLAR - fee(2 * DOLLAR)
    assert charge(scene) == 0, "nothing new"
    check(scene)
    run(scene, clock, hold, 3.5, 1800)
    assert scene.books()["accrued"] == 1.5 * DOLLAR
    assert charge(scene) == 1
    assert scene.books() == {"contract": -CAP, "held": CAP - 3_500_000, **split(3_500_000)}
    check(scene)
    run(scene, clock, hold, 4, 600)
    holds.settle_hold(hold.pk, TOTAL, TESTER, billed_seconds=2880)
    chain_work.work()
    scene.finalise()
    hold.refresh_from_db()
    assert hold.state == Hold.State.SETTLED
    assert scene.books() == {"contract": -CAP, "available": CAP - TOTAL, **split(TOTAL)}
    receipt = Receipt.objects.get(hold=hold)
    assert (receipt.total_minor, receipt.fee_minor, receipt.refunded_minor) == (TOTAL, FEE, CAP - TOTAL)
    check(scene)
    span = {"pot": "escrow", "currency": "USDC", "since": since, "until": time.now() + timedelta(days=1)}
    told = earnings(scene.provider.pk, **span)
    assert (told.leases, told.seconds, told.gross_minor, told.fees_minor) == (1, 2880, TOTAL, FEE)
    assert told.earned_minor == told.closing_minor == TOTAL - FEE
    lines = list(earnings_lines(scene.provider.pk, **span))
    assert [line.gross_minor for line in lines] == [2 * DOLLAR, 1_500_000, DOLLAR // 2]
    assert [line.seconds for line in lines] == [None, None, 2880]


def test_it_is_charged_when_it_is_time_or_when_the_sum_is_large(scene: Scene, clock, settings):
    settings.GRIDCLEAR_ESCROW_CHARGE_AT_MINOR = 3 * DOLLAR
    hold = scene.funded_hold()
    run(scene, clock, hold, 2.9, HOUR - 1)
    assert charge(scene) == 0, "neither the time nor the sum"
    meter(hold, 3)
    assert charge(scene) == 1, "the sum"
    run(scene, clock, hold, 3.9, HOUR)
    assert charge(scene) == 0, "the time, but less than a dollar"
    meter(hold, 4)
    assert charge(scene) == 1, "the time, and a dollar"
    assert ChainTransaction.objects.filter(purpose="charge").count() == 2
    assert scene.books()["payable"] == TOTAL - FEE


def test_what_is_on_its_way_is_not_sent_again(scene: Scene, clock, settings):
    settings.GRIDCLEAR_ESCROW_CHARGE_AT_MINOR = DOLLAR
    hold = scene.funded_hold()
    run(scene, clock, hold, 2)
    assert chain_charges.charge_running_leases() == 1
    charge_leases()
    assert not ChainJob.objects.exists()
    assert ChainTransaction.objects.filter(purpose="charge").count() == 1


def test_a_stale_voucher_does_nothing(scene: Scene, clock):
    hold = scene.funded_hold()
    run(scene, clock, hold, 2)
    charge(scene)
    before = scene.books(), scene.chain.entitlement(scene.payee.address), Transfer.objects.count()
    lines = [(scene.terms(hold), 2 * DOLLAR), (scene.terms(hold), DOLLAR)]
    replay = chain_sender.ContractCall("replay", "charge", chain_signer.SETTLER, "settleBatch", (lines,))
    chain_sender.submit(replay)
    scene.finalise()
    # And from our side, had the record of what was sent been lost: it is the same, and is not sent.
    EscrowDeposit.objects.update(voucher_minor=0, voucher_at=None)
    Hold.objects.update(charged_minor=DOLLAR)
    assert chain_charges.charge_running_leases() == 1
    Hold.objects.update(charged_minor=2 * DOLLAR)
    assert ChainTransaction.objects.count() == 2
    assert (scene.books(), scene.chain.entitlement(scene.payee.address), Transfer.objects.count()) == before
    check(scene)


def test_a_reclaim_while_we_were_gone_leaves_the_provider_what_was_charged(scene: Scene, clock):
    hold = scene.funded_hold()
    run(scene, clock, hold, 2)
    charge(scene)
    meter(hold, 3)
    scene.node.pass_time(int(hold.expires_at.timestamp()) + GRACE_SECONDS + 1 - scene.node.now())
    assert scene.send(scene.payer, scene.chain.deployment.escrow, calldata(ESCROW, "reclaim", scene.terms(hold)))
    scene.finalise()
    hold.refresh_from_db()
    assert hold.state == Hold.State.SETTLED
    assert scene.books() == {"contract": -CAP, "available": CAP - 2 * DOLLAR, **split(2 * DOLLAR)}
    receipt = Receipt.objects.get(hold=hold)
    assert (receipt.total_minor, receipt.billed_seconds) == (2 * DOLLAR, 2 * DOLLAR * HOUR // RATE)
    check(scene)


def test_frozen_leases_are_left_out_and_block_nobody(scene: Scene, clock, settings):
    settings.GRIDCLEAR_ESCROW_CHARGE_SECONDS = 600
    ours, theirs, free = (scene.funded_hold() for _ in range(3))
    for hold in (ours, theirs):
        meter(hold, 1)
    run(scene, clock, free, 1, HOUR)
    holds.freeze_hold(ours.pk, "sdn", actor=TESTER)
    lease = bytes.fromhex(scene.lease_key(theirs)[2:])
    until = scene.node.now() + 600
    freeze = ("freeze", chain_signer.GUARDIAN, "freeze", (lease, b"case".ljust(32, b"\0"), until))
    chain_sender.submit(chain_sender.ContractCall("officer", *freeze))
    assert charge(scene) == 2, "one is frozen here, one is found frozen there"
    assert ChainEvent.objects.filter(name="Settled").count() == 1
    assert not ChainEvent.objects.filter(name="LineSkipped").exists()
    assert scene.books() == {"contract": -3 * CAP, "blocked": CAP, "held": 2 * CAP - 2 * DOLLAR, "accrued": DOLLAR} | (
        split(DOLLAR)
    )
    pass_time(scene, clock, 700)
    assert charge(scene) == 1, "thawed by itself"
    assert scene.books()["payable"] == 2 * (DOLLAR - fee(DOLLAR))
    check(scene)


def test_a_line_that_the_contract_leaves_out_is_tried_again(scene: Scene, clock, settings, monkeypatch):
    settings.GRIDCLEAR_ESCROW_CHARGE_SECONDS = 600
    early, other = scene.funded_hold(), scene.funded_hold()
    meter(early, 1)
    run(scene, clock, other, 1, 800)
    # The node that was asked is ahead of the one that takes the block.
    monkeypatch.setattr(chain_charges, "bound_of", lambda *_: CAP)
    meter(early, 4)
    assert charge(scene) == 2
    assert ChainEvent.objects.get(name="LineSkipped").args["leaseId"] == scene.lease_key(early)
    assert scene.books()["payable"] == DOLLAR - fee(DOLLAR)
    pass_time(scene, clock, HOUR)
    assert charge(scene) == 1
    assert scene.books()["payable"] == 5 * DOLLAR - 2 * fee(DOLLAR) - fee(3 * DOLLAR)
    check(scene)


def test_a_freeze_and_a_seizure_after_a_charge_are_about_the_rest(scene: Scene, clock):
    hold = scene.funded_hold()
    run(scene, clock, hold, 2)
    # The charge is in a block and not final when compliance freezes.
    chain_charges.charge_running_leases()
    holds.freeze_hold(hold.pk, "court order", actor=TESTER)
    assert scene.books() == {"contract": -CAP, "blocked": CAP}
    scene.finalise()
    hold.refresh_from_db()
    assert (hold.charged_minor, hold.blocked_minor) == (2 * DOLLAR, CAP - 2 * DOLLAR)
    assert scene.books() == {"contract": -CAP, "blocked": CAP - 2 * DOLLAR, **split(2 * DOLLAR)}
    chain_work.work()
    _seize(scene, hold)
    assert (hold.state, hold.failure_code) == (Hold.State.FAILED, "seized")
    assert scene.books() == {"contract": -CAP, "blocked": CAP - 2 * DOLLAR, **split(2 * DOLLAR)}
    assert chain_guard.guard() == 0
    check(scene)


def test_a_lease_that_was_charged_is_frozen_let_go_and_charged_on(scene: Scene, clock, settings):
    settings.GRIDCLEAR_ESCROW_CHARGE_SECONDS = 600
    hold = scene.funded_hold()
    run(scene, clock, hold, 1, 1800)
    charge(scene)
    meter(hold, 2)
    holds.freeze_hold(hold.pk, "sdn", actor=TESTER)
    chain_work.work()
    assert scene.books() == {"contract": -CAP, "blocked": CAP - DOLLAR, **split(DOLLAR)}
    holds.unfreeze_hold(hold.pk, actor=TESTER, clearance=scene.clearance(hold.subject_id))
    chain_work.work()
    assert scene.books() == {"contract": -CAP, "held": CAP - 2 * DOLLAR, "accrued": DOLLAR, **split(DOLLAR)}
    run(scene, clock, hold, 3, 1800)
    charge(scene)
    assert scene.books() == {"contract": -CAP, "held": CAP - 3 * DOLLAR, **split(3 * DOLLAR)}
    check(scene)


def test_what_may_be_credited_is_not_charged_before_the_end(scene: Scene, clock):
    hold = scene.funded_hold()
    Hold.objects.filter(pk=hold.pk).update(credit_bps=1_000)
    run(scene, clock, hold, 4)
    charge(scene)
    hold.refresh_from_db()
    # A tenth of what the last hour cost, as far as there was one, and a hundredth of a cent a step.
    credit = 4 * DOLLAR // 10
    assert 4 * DOLLAR - credit - 1_000 <= hold.charged_minor <= 4 * DOLLAR - credit
    holds.settle_hold(hold.pk, 4 * DOLLAR, TESTER, billed_seconds=2880, credit=holds.Credit(credit, "provider_lost"))
    chain_work.work()
    scene.finalise()
    receipt = Receipt.objects.get(hold=hold)
    assert (receipt.total_minor, receipt.credit_minor) == (4 * DOLLAR - credit, credit)
    assert scene.books() == {"contract": -CAP, "available": CAP - 4 * DOLLAR + credit, **split(4 * DOLLAR - credit)}
    check(scene)


def test_what_was_charged_stands_whatever_is_settled(scene: Scene, clock):
    hold = scene.funded_hold()
    run(scene, clock, hold, 2)
    charge(scene)
    for _ in range(2):
        holds.settle_hold(hold.pk, DOLLAR, TESTER, credit=holds.Credit(DOLLAR // 2, "provider_lost"))
    chain_work.work()
    scene.finalise()
    assert Receipt.objects.get(hold=hold).total_minor == 2 * DOLLAR
    assert scene.books() == {"contract": -CAP, "available": CAP - 2 * DOLLAR, **split(2 * DOLLAR)}
    check(scene)


@pytest.mark.parametrize("frozen", [False, True], ids=["open", "frozen"])
def test_a_charge_beyond_what_was_metered_is_booked_and_a_case(scene: Scene, clock, frozen: bool):
    hold = scene.funded_hold()
    run(scene, clock, hold, 1)
    stolen = ("charge", chain_signer.SETTLER, "settle", (scene.terms(hold), 3 * DOLLAR))
    chain_sender.submit(chain_sender.ContractCall("stolen", *stolen))
    if frozen:
        holds.freeze_hold(hold.pk, "sdn", actor=TESTER)
    scene.finalise()
    case = Case.objects.get()
    assert "more than was metered" in case.summary
    if frozen:
        assert scene.books() == {"contract": -CAP, "blocked": CAP - DOLLAR, **split(DOLLAR)}
        holds.unfreeze_hold(hold.pk, actor=TESTER)
    else:
        assert scene.books() == {"contract": -CAP, "held": CAP - 3 * DOLLAR, **split(3 * DOLLAR)}
        check(scene)
    holds.settle_hold(hold.pk, DOLLAR, TESTER)
    chain_work.work()
    scene.finalise()
    assert scene.books() == {"contract": -CAP, "available": CAP - 3 * DOLLAR, **split(3 * DOLLAR)}
    check(scene)


@pytest.mark.parametrize("final", [False, True], ids=["before_it_was_final", "after_it_was_final"])
def test_a_charge_that_vanishes_is_sent_again_and_booked_once(forking_scene: Scene, clock, final: bool):
    scene = forking_scene
    hold = scene.funded_hold()
    run(scene, clock, hold, 2)
    chain_charges.charge_running_leases()
    scene.finalise() if final else scene.follow()
    chain_delivery.deliver()
    charged = ChainTransaction.objects.get(purpose="charge")
    if final:
        assert scene.books()["payable"] == 2 * DOLLAR - fee(2 * DOLLAR)
    _reorganise(scene.node, scene.node.web3.eth.block_number - charged.block_number + 1)
    scene.follow()
    charged.refresh_from_db()
    assert charged.state == ChainTransaction.State.BROADCAST
    assert scene.books() == {"contract": -CAP, "held": CAP - 2 * DOLLAR, "accrued": 2 * DOLLAR}
    hold.refresh_from_db()
    assert hold.charged_minor == 0
    if final:
        # Compliance comes between: what comes back is taken from what is blocked.
        holds.freeze_hold(hold.pk, "sdn", actor=TESTER)
    scene.deliver()
    scene.finalise()
    rest = "blocked" if final else "held"
    assert scene.books() == {"contract": -CAP, rest: CAP - 2 * DOLLAR, **split(2 * DOLLAR)}
    assert ChainTransaction.objects.filter(purpose="charge").count() == 1
    check(scene)
