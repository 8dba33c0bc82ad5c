"""The books follow a seizure: what was seized is blocked property until it leaves the contract."""

import pytest

from compliance.services import chain_signer
from compliance.services.chain_signer import GUARDIAN, TREASURER, signer_for
from settlement.models import Hold
from settlement.services import (
    books,
    chain_delivery,
    chain_escrow,
    chain_guard,
    chain_reconciliation,
    holds,
)
from settlement.services.chain_sender import ContractCall, submit
from tests.settlement.chain.scene import CAP, TESTER, Scene
from tests.settlement.chain.test_lease_on_chain import FEE, TOTAL, _settled

pytestmark = pytest.mark.chain

CASE = b"court order".ljust(32, b"\0")
DELAY = 7 * 24 * 3600


def _deed(scene: Scene, role: str, function: str, *arguments: object) -> None:
    """An officer's deed, with the role's key."""
    submit(ContractCall(f"{function}:{arguments!r}"[:120], function[:32], role, function, arguments))
    chain_delivery.deliver()


def _seize(scene: Scene, hold: Hold) -> None:
    lease = bytes.fromhex(scene.lease_key(hold)[2:])
    _deed(scene, GUARDIAN, "proposeSeizure", lease, CASE)
    scene.node.pass_time(DELAY)
    _deed(scene, TREASURER, "executeSeizure", scene.terms(hold))
    scene.finalise()
    hold.refresh_from_db()


def test_a_seized_lease_has_ended_and_its_rest_leaves_as_blocked_property(scene: Scene):
    hold = scene.funded_hold()
    scene.node.pass_time(3600)
    _deed(scene, chain_signer.SETTLER, "settle", scene.terms(hold), TOTAL)
    holds.freeze_hold(hold.pk, "court order", actor=TESTER)
    chain_escrow.freeze_escrow(hold.pk)
    _seize(scene, hold)
    assert (hold.state, hold.failure_code) == (Hold.State.FAILED, "seized")
    assert scene.books() == {"contract": -CAP, "blocked": CAP - TOTAL, "payable": TOTAL - FEE, "fees": FEE}
    assert chain_guard.guard() == 0, "nothing of it goes back"
    assert chain_reconciliation.reconcile_chain().balanced
    treasurer = signer_for(TREASURER).address
    _deed(scene, TREASURER, "withdraw", treasurer)
    scene.finalise()
    assert scene.books() == {"contract": -TOTAL, "payable": TOTAL - FEE, "fees": FEE}
    assert scene.chain.token_balance(treasurer) == CAP - TOTAL
    assert chain_reconciliation.reconcile_chain().balanced
    assert books.verify_books().verified


def test_a_lease_that_only_the_guardian_froze_is_seized_too(scene: Scene):
    hold = scene.funded_hold()
    lease = bytes.fromhex(scene.lease_key(hold)[2:])
    _deed(scene, GUARDIAN, "freeze", lease, CASE, scene.node.now() + 30 * 24 * 3600)
    _seize(scene, hold)
    assert (hold.state, hold.failure_code) == (Hold.State.FAILED, "seized")
    assert scene.books() == {"contract": -CAP, "blocked": CAP}


def test_a_seized_wallets_money_is_its_partys_blocked_property(scene: Scene):
    _settled(scene)
    until = scene.node.now() + 30 * 24 * 3600
    account = scene.payer.address
    _deed(scene, GUARDIAN, "freezeAccount", account, CASE, until)
    _deed(scene, GUARDIAN, "proposeAccountSeizure", account, CASE)
    scene.node.pass_time(DELAY)
    _deed(scene, TREASURER, "executeAccountSeizure", account)
    scene.finalise()
    assert scene.books() == {"contract": -CAP, "blocked": CAP - TOTAL, "payable": TOTAL - FEE, "fees": FEE}
    _deed(scene, TREASURER, "withdraw", signer_for(TREASURER).address)
    scene.finalise()
    assert scene.books() == {"contract": -TOTAL, "payable": TOTAL - FEE, "fees": FEE}
    assert chain_reconciliation.reconcile_chain().balanced
    assert books.verify_books().verified
