"""A house restored from an old backup follows the chain from where the backup stood, and sends nothing twice."""

import pytest
from django.db import connections

from settlement.models import Hold
from settlement.services import chain_delivery, chain_escrow, chain_reconciliation, holds
from settlement.services.books import verify_books
from tests.contracts.anvil import Anvil
from tests.settlement.chain.scene import TESTER, Scene, build_scene
from tests.settlement.chain.test_lease_on_chain import TOTAL, _settled

pytestmark = pytest.mark.chain


@pytest.fixture
def standing(anvil: Anvil, chain_settings: None, transactional_db: None, clock) -> Scene:
    """A scene whose commits are real, so that a backup has them."""
    return build_scene(anvil)


def test_the_indexer_brings_an_old_backup_forward(standing: Scene, backup, clock):
    hold = standing.funded_hold()
    restore = backup()
    # What the backup does not know: the lease's end, and the withdrawal by its provider.
    standing.node.pass_time(3600)
    clock.advance(hours=1)
    holds.settle_hold(hold.pk, TOTAL, TESTER, billed_seconds=2880)
    chain_escrow.settle_escrow(hold.pk)
    chain_delivery.deliver()
    assert standing.withdraw(standing.payee)
    standing.finalise()
    after = standing.books()
    assert "payable" not in after

    restore()
    connections.close_all()
    assert Hold.objects.get(pk=hold.pk).state == Hold.State.OPEN
    standing.follow()
    assert Hold.objects.get(pk=hold.pk).state == Hold.State.SETTLED
    assert standing.books() == after
    # What it sends now takes numbers that the chain has not seen.
    _settled(standing)
    assert chain_reconciliation.reconcile_chain().balanced
    report = verify_books()
    assert report.verified, report.faults
