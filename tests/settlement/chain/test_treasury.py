"""The treasurer's commands: fees go to the platform's wallet, strays to quarantine, once each, and the books follow."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from compliance.models import AuditEvent
from compliance.services.chain_signer import TREASURER, signer_for
from settlement.models import ChainTransaction
from settlement.rails.chain_contracts import TOKEN, calldata
from settlement.services import books, chain_reconciliation
from tests.settlement.chain.scene import CAP, DOLLAR, Scene, wallet
from tests.settlement.chain.test_lease_on_chain import FEE, TOTAL, _settled

pytestmark = pytest.mark.chain


def _run(*arguments: str) -> str:
    out = StringIO()
    call_command("escrow", *arguments, stdout=out)
    return out.getvalue()


def test_fees_are_taken_once_and_the_books_follow(scene: Scene):
    _settled(scene)
    vault = wallet("the platform's vault").address
    said = _run("withdraw_fees", "--to", vault)
    sent = ChainTransaction.objects.get(purpose="withdraw_fees")
    assert sent.hash in said
    # Asked again while it is under way: the same.
    assert sent.hash in _run("withdraw_fees", "--to", vault)
    scene.deliver()
    scene.finalise()
    scene.deliver()
    assert scene.chain.token_balance(vault) == FEE
    assert scene.books() == {"contract": FEE - CAP, "payable": TOTAL - FEE, "available": CAP - TOTAL}
    with pytest.raises(CommandError, match="holds nothing of that kind"):
        _run("withdraw_fees", "--to", vault)
    assert ChainTransaction.objects.filter(purpose="withdraw_fees").count() == 1
    event = AuditEvent.objects.get(event="escrow.withdraw_fees_asked")
    assert (event.data["address"], event.data["hash"], event.actor) == (vault, sent.hash, "system:operator")
    assert chain_reconciliation.reconcile_chain().balanced
    assert books.verify_books().verified


@pytest.mark.parametrize("to", ["", "0x12", "0x" + 40 * "0", "the escrow", "lower case"])
def test_fees_go_to_no_senseless_address(scene: Scene, to: str):
    _settled(scene)
    address = {"the escrow": scene.chain.deployment.escrow, "lower case": scene.payee.address.lower()}.get(to, to)
    with pytest.raises(CommandError, match="valid checksum"):
        _run("withdraw_fees", "--to", address)
    assert not ChainTransaction.objects.filter(purpose="withdraw_fees").exists()


def test_strays_go_to_quarantine_and_nothing_that_is_owed_does(scene: Scene):
    hold = scene.funded_hold()
    with pytest.raises(CommandError, match="holds nothing of that kind"):
        _run("sweep")
    deployment, before = scene.chain.deployment, scene.books()
    assert scene.send(scene.payer, deployment.token, calldata(TOKEN, "transfer", deployment.escrow, 3 * DOLLAR))
    _run("sweep")
    scene.deliver()
    scene.finalise()
    # By default strays go to the treasurer's address.
    assert scene.chain.token_balance(signer_for(TREASURER).address) == 3 * DOLLAR
    assert scene.chain.token_balance(deployment.escrow) == hold.amount_minor
    assert scene.books() == before
    assert AuditEvent.objects.get(event="escrow.swept").data["amount_minor"] == str(3 * DOLLAR)
    assert chain_reconciliation.reconcile_chain().balanced


def test_another_tokens_address_is_checked(scene: Scene):
    with pytest.raises(CommandError, match="valid checksum"):
        _run("sweep", "--token", "0x12")
    assert not ChainTransaction.objects.filter(purpose="sweep").exists()
