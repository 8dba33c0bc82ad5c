"""Seizures and taken fees whose block vanishes: undone where they had taken effect, done once when they come back."""

from collections.abc import Callable

import pytest

from compliance.services.chain_signer import GUARDIAN, SETTLER, TREASURER, signer_for
from settlement.models import ChainEvent, ChainTransaction, Transfer
from settlement.services import books, chain_delivery, chain_escrow, chain_reconciliation, holds
from tests.settlement.chain.conftest import FINALITY
from tests.settlement.chain.scene import CAP, TESTER, Scene
from tests.settlement.chain.test_indexer import _reorganise
from tests.settlement.chain.test_lease_on_chain import FEE, TOTAL
from tests.settlement.chain.test_seizures import CASE, DELAY, _deed

pytestmark = pytest.mark.chain

Books = dict[str, int]
SETTLED: Books = {"contract": -CAP, "payable": TOTAL - FEE, "fees": FEE, "available": CAP - TOTAL}


def _seizure(scene: Scene) -> tuple[Callable[[], object], Books, Books]:
    """A lease whose rest is about to be seized, one dollar of it being earned; the books before and after."""
    hold = scene.funded_hold()
    scene.node.pass_time(3600)
    _deed(scene, SETTLER, "settle", scene.terms(hold), TOTAL)
    holds.freeze_hold(hold.pk, "court order", actor=TESTER)
    chain_escrow.freeze_escrow(hold.pk)
    _deed(scene, GUARDIAN, "proposeSeizure", bytes.fromhex(scene.lease_key(hold)[2:]), CASE)
    scene.node.pass_time(DELAY)
    after = {"contract": -CAP, "blocked": CAP - TOTAL, "payable": TOTAL - FEE, "fees": FEE}
    return (
        lambda: _deed(scene, TREASURER, "executeSeizure", scene.terms(hold)),
        {"contract": -CAP, "blocked": CAP},
        after,
    )


def _account_seizure(scene: Scene) -> tuple[Callable[[], object], Books, Books]:
    """A wallet whose entitlement is about to be seized."""
    _settle(scene)
    account = scene.payer.address
    _deed(scene, GUARDIAN, "freezeAccount", account, CASE, scene.node.now() + 30 * 24 * 3600)
    _deed(scene, GUARDIAN, "proposeAccountSeizure", account, CASE)
    scene.node.pass_time(DELAY)
    after = {"contract": -CAP, "blocked": CAP - TOTAL, "payable": TOTAL - FEE, "fees": FEE}
    return lambda: _deed(scene, TREASURER, "executeAccountSeizure", account), SETTLED, after


def _taken_fees(scene: Scene) -> tuple[Callable[[], object], Books, Books]:
    """Fees that are about to be taken."""
    _settle(scene)
    after = {"contract": FEE - CAP, "payable": TOTAL - FEE, "available": CAP - TOTAL}
    to = signer_for(TREASURER).address
    return lambda: _deed(scene, TREASURER, "withdrawFees", to), SETTLED, after


def _settle(scene: Scene) -> None:
    hold = scene.funded_hold()
    scene.node.pass_time(3600)
    holds.settle_hold(hold.pk, TOTAL, TESTER, billed_seconds=2880)
    chain_escrow.settle_escrow(hold.pk)
    chain_delivery.deliver()
    scene.finalise()


@pytest.mark.parametrize(
    ("event", "prepare"),
    [("Seized", _seizure), ("AccountSeized", _account_seizure), ("FeesWithdrawn", _taken_fees)],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_vanishes_is_undone_and_what_comes_back_is_done_once(forking_scene: Scene, event: str, prepare):
    scene = forking_scene
    deed, before, after = prepare(scene)
    scene.finalise()
    scene.deliver()
    assert scene.books() == before
    deed()
    scene.follow()
    assert ChainEvent.objects.get(name=event).applied_at is None
    # Too young to have taken effect: gone with its block, nothing was ever booked.
    _reorganise(scene.node, 1)
    scene.finalise()
    assert scene.books() == before
    assert not Transfer.objects.filter(kind=f"chain.{event.lower()}").exists()
    # Our sender sends the same bytes again.
    scene.deliver()
    scene.finalise()
    scene.deliver()
    _agrees(scene, event, after)
    # Final, and gone all the same.
    _reorganise(scene.node, FINALITY + 3)
    scene.follow()
    assert scene.books() == before
    assert Transfer.objects.filter(kind=f"chain.{event.lower()}.reversed").count() == 1
    assert books.verify_books().verified
    for _ in range(2):
        scene.deliver()
        scene.finalise()
    _agrees(scene, event, after)
    assert Transfer.objects.filter(kind=f"chain.{event.lower()}").count() == 2


def _agrees(scene: Scene, event: str, expected: Books) -> None:
    """Books and chain say the same, and the event stands once."""
    assert scene.books() == expected
    assert ChainEvent.objects.filter(name=event, rolled_back_at=None).count() == 1
    assert chain_reconciliation.reconcile_chain().balanced
    assert books.verify_books().verified
    assert not ChainTransaction.objects.filter(state=ChainTransaction.State.REVERTED).exists()
