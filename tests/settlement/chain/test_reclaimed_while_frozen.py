"""The payer reclaimed on chain just before its lease was frozen here: what the chain has ended cannot stay frozen."""

import pytest

from compliance.models import Restriction
from settlement.models import Receipt
from settlement.rails.chain_contracts import ESCROW, calldata
from settlement.services import blocked_property, books, chain_reconciliation, holds
from tests.settlement.chain.scene import CAP, TESTER, Scene
from tests.settlement.chain.test_lease_on_chain import GRACE_SECONDS

pytestmark = pytest.mark.chain


def test_a_reclaim_that_becomes_final_during_a_freeze_ends_the_hold(scene: Scene):
    hold = scene.funded_hold()
    holds.capture(hold.pk, 2_000_000, 1, billed_seconds=60)
    scene.node.pass_time(max(1, int(hold.expires_at.timestamp()) + GRACE_SECONDS + 1 - scene.node.now()))
    reclaim = calldata(ESCROW, "reclaim", scene.terms(hold))
    assert scene.send(scene.payer, scene.chain.deployment.escrow, reclaim)
    Restriction.objects.create(party=scene.renter, reason_code="sdn", imposed_by="test")
    holds.freeze_hold(hold.pk, "sdn", actor=TESTER)
    scene.finalise()
    hold.refresh_from_db()
    assert (hold.state, hold.blocked_minor) == ("settled", 0)
    assert Receipt.objects.get(hold=hold).total_minor == 0
    assert scene.books() == {"contract": -CAP, "available": CAP}
    assert blocked_property.sweep_property(actor=TESTER) == 1
    assert scene.books() == {"contract": -CAP, "blocked": CAP}
    assert holds.unfreeze_hold(hold.pk, actor=TESTER).state == "settled"
    assert chain_reconciliation.reconcile_chain().balanced
    assert books.verify_books().verified
