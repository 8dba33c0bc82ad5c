"""The audit log's root on a real chain, and a log that was forged with all its checkpoints held against it."""

import pytest
from django.core.management import CommandError, call_command

from compliance.base.actor import system
from compliance.models import AuditCheckpoint
from compliance.services import parties
from compliance.services.checkpoints import make_checkpoint
from settlement.models import ChainTransaction
from settlement.rails import chain as rail
from settlement.rails import chain_deploy, chain_node
from settlement.rails.chain import ChainUnavailable, connect
from settlement.services import anchors, chain_delivery, chain_indexer
from settlement.services.anchors import anchor_newest_checkpoint, anchored_roots
from settlement.tasks import anchor_audit_log
from tests.compliance.services.log_tampering import chain_anew, tamper
from tests.contracts.anvil import Anvil
from tests.factories.compliance import company

pytestmark = [pytest.mark.chain, pytest.mark.django_db]

DAY = 86_400


def write(count: int) -> None:
    for number in range(count):
        parties.register_party(company(f"Company {number}", "SG"), actor=system("tests"))


@pytest.fixture
def anchored(anvil: Anvil, chain_settings: None, settings, db: None, clock) -> None:
    """An anchor contract is named; five events and their checkpoint are there."""
    settings.CHAIN_ANCHOR_ADDRESS = chain_deploy.deploy_anchor(anvil.web3)
    write(5)
    make_checkpoint()


def test_the_root_is_anchored_once_and_the_log_holds_against_it(anchored, anvil: Anvil, capsys):
    row = anchor_newest_checkpoint()
    assert anchor_newest_checkpoint() is None
    chain_indexer.catch_up()
    chain_delivery.deliver()
    row.refresh_from_db()
    assert row.state == ChainTransaction.State.CONFIRMED
    (witness,) = anchored_roots()
    checkpoint = AuditCheckpoint.objects.get()
    assert (witness.size, witness.root.hex()) == (checkpoint.size, checkpoint.root)
    call_command("audit", "verify", "--anchors")
    assert "2 signed or anchored roots agree" in capsys.readouterr().out


def test_a_log_forged_with_all_its_checkpoints_is_told_by_the_chain(anchored, capsys):
    anchor_newest_checkpoint()
    tamper(
        "UPDATE compliance_auditevent SET actor = 'user:nobody' WHERE id = (SELECT min(id) FROM compliance_auditevent)",
        "DELETE FROM compliance_auditcheckpoint",
        "DELETE FROM settlement_chainattempt",
        "DELETE FROM settlement_chaintransaction",
    )
    chain_anew()
    make_checkpoint()
    call_command("audit", "verify")
    capsys.readouterr()
    with pytest.raises(SystemExit):
        call_command("audit", "verify", "--anchors")
    said = capsys.readouterr().err
    assert "anchor of" in said
    assert "was rewritten" in said


def test_a_tail_cut_off_with_its_checkpoints_is_told_by_the_chain(anchored, capsys):
    anchor_newest_checkpoint()
    tamper(
        "DELETE FROM compliance_auditcheckpoint",
        "DELETE FROM compliance_auditseal WHERE sequence > 2",
        "DELETE FROM compliance_auditevent e WHERE NOT EXISTS "
        "(SELECT 1 FROM compliance_auditseal s WHERE s.event_id = e.id)",
    )
    call_command("audit", "verify")
    with pytest.raises(SystemExit):
        call_command("audit", "verify", "--anchors")
    assert "its tail is missing" in capsys.readouterr().err


def test_the_next_anchor_waits_for_its_time_and_for_a_longer_log(anchored, clock):
    anchor_newest_checkpoint()
    write(1)
    make_checkpoint()
    assert anchor_newest_checkpoint() is None
    clock.advance(seconds=DAY)
    assert anchor_newest_checkpoint() is not None
    clock.advance(seconds=DAY)
    assert anchor_newest_checkpoint() is None
    assert [each.size for each in anchored_roots()] == [
        *AuditCheckpoint.objects.order_by("size").values_list("size", flat=True)
    ]


def test_a_reverted_anchor_is_tried_again(anchored, clock):
    row = anchor_newest_checkpoint()
    # As if the block that held it had refused it: the chain does not know this root.
    ChainTransaction.objects.filter(pk=row.pk).update(state=ChainTransaction.State.REVERTED)
    write(1)
    make_checkpoint()
    again = anchor_newest_checkpoint()
    assert again is not None
    assert again.pk != row.pk


def test_it_is_off_unless_a_contract_is_named(chain_settings, db, clock):
    write(1)
    make_checkpoint()
    assert anchor_newest_checkpoint() is None
    anchor_audit_log()
    assert not ChainTransaction.objects.exists()
    with pytest.raises(CommandError, match="no GridclearAnchor here"):
        call_command("audit", "verify", "--anchors")


def test_a_chain_without_a_root_of_ours_verifies_nothing(anchored):
    with pytest.raises(CommandError, match="nothing to verify against"):
        call_command("audit", "verify", "--anchors")


def test_a_node_that_is_down_loses_nothing(anchored, monkeypatch):
    def down(*_: object) -> None:
        raise ChainUnavailable

    with monkeypatch.context() as patched:
        patched.setattr(rail.Chain, "gas_for", down)
        anchor_audit_log()
        assert not ChainTransaction.objects.exists()
    anchor_audit_log()
    assert len(anchored_roots()) == 1


def test_many_anchors_are_read_in_pages(anchored, clock, monkeypatch):
    monkeypatch.setattr(chain_node, "ANCHORS_PER_CALL", 2)
    for _ in range(5):
        assert anchors.anchor_newest_checkpoint() is not None
        write(1)
        make_checkpoint()
        clock.advance(seconds=DAY)
    assert [each.size for each in anchored_roots()] == [5, 7, 9, 11, 13]  # sending an anchor is an event too


def test_the_command_deploys_the_contract_beside_those_that_stand(anvil: Anvil, settings, tmp_path, capsys, db):
    settings.CHAIN_RPC_URL, settings.STATE_DIR = anvil.url, tmp_path
    settings.CHAIN_ESCROW_ADDRESS = settings.CHAIN_TOKEN_ADDRESS = settings.CHAIN_ANCHOR_ADDRESS = ""
    settings.GRIDCLEAR_CHAIN_KEY_DIR = str(tmp_path / "keys")
    with anvil.undone():
        call_command("deploy_contracts")
        before = connect().deployment
        assert not rail.anchors()
        call_command("deploy_contracts", "--anchor")
        after = connect().deployment
        assert (after.escrow, bool(after.anchor)) == (before.escrow, True)
        assert rail.anchors()
        call_command("deploy_contracts", "--anchor")
        assert connect().deployment == after
