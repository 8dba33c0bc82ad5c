"""The audit log as operators verify it, against somebody who owns the database."""

import json

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from compliance.base import audit, notes
from compliance.base.actor import Actor, system
from compliance.base.audit import AuditEvent, AuditSeal, chain_hash
from compliance.base.canonical import canonical_bytes, digest
from compliance.base.merkle import consistent, included, leaf_hash
from compliance.models import AuditCheckpoint, AuditNode, Case
from compliance.selectors.audit import EventFilters, chain_status, events, events_page
from compliance.selectors.audit_tree import consistency_proof, inclusion_proofs, tree
from compliance.services import checkpoints, log_alarms, parties, signing
from compliance.services.audit_verification import verify_log
from compliance.services.checkpoints import LogRewritten, make_checkpoint
from tests.compliance.services.log_tampering import chain_anew, tamper
from tests.factories.compliance import company, verified_company

pytestmark = pytest.mark.django_db

ACTOR = Actor("user", "alice", "Alice")
TAMPERING = {
    "an edit": "UPDATE compliance_auditevent SET actor = 'user:nobody' WHERE id = %(middle)s",
    "an edit with its hash": "UPDATE compliance_auditevent SET body_hash = repeat('a', 64) WHERE id = %(middle)s",
    "a gap": "DELETE FROM compliance_auditseal WHERE event_id = %(middle)s",
    "a removed event": "DELETE FROM compliance_auditseal WHERE event_id = %(middle)s; "
    "DELETE FROM compliance_auditevent WHERE id = %(middle)s",
    "a reordering": "UPDATE compliance_auditseal SET sequence = 100 WHERE sequence = 2; "
    "UPDATE compliance_auditseal SET sequence = 2 WHERE sequence = 3; "
    "UPDATE compliance_auditseal SET sequence = 3 WHERE sequence = 100",
    "another beginning": "UPDATE compliance_auditseal SET previous_hash = repeat('1', 64) WHERE sequence = 1",
    "a hash that is none": "UPDATE compliance_auditseal SET hash = 'x' WHERE event_id = %(middle)s",
}
# What leaves a chain that fits itself: only what was signed before can tell.
FORGERIES = {
    "an edited event": "UPDATE compliance_auditevent SET actor = 'user:nobody' WHERE id = %(middle)s",
    "a removed event": "DELETE FROM compliance_auditseal WHERE event_id = %(middle)s; "
    "DELETE FROM compliance_auditevent WHERE id = %(middle)s",
    "a tail cut off": "DELETE FROM compliance_auditseal WHERE event_id >= %(middle)s; "
    "DELETE FROM compliance_auditevent WHERE id >= %(middle)s",
    "everything removed": "DELETE FROM compliance_auditseal; DELETE FROM compliance_auditevent",
}


def write(count: int, name: str = "Company") -> None:
    for number in range(count):
        parties.register_party(company(f"{name} {number}", "SG"), actor=ACTOR)


@pytest.fixture
def chain(db):
    write(5)
    audit.seal_events()
    return list(AuditEvent.objects.order_by("id").values_list("id", flat=True))


def refused(capsys, *arguments):
    with pytest.raises(SystemExit) as caught:
        call_command("audit", "verify", *arguments)
    assert caught.value.code == 1
    return capsys.readouterr().err


def test_a_whole_chain_verifies(chain, capsys):
    call_command("audit", "verify")
    assert "holds: 5 events" in capsys.readouterr().out


@pytest.mark.parametrize("how", TAMPERING)
def test_tampering_is_detected(chain, capsys, how):
    tamper(TAMPERING[how], middle=chain[2])
    assert refused(capsys).strip()


@pytest.mark.parametrize("how", FORGERIES)
def test_a_log_chained_anew_is_detected_by_its_checkpoint(chain, capsys, how):
    make_checkpoint()
    tamper(FORGERIES[how], middle=chain[2])
    chain_anew()
    said = refused(capsys)
    assert "was rewritten" in said or "its tail is missing" in said


@pytest.mark.parametrize("how", FORGERIES)
def test_a_log_forged_with_its_checkpoints_is_detected_by_one_kept_elsewhere(chain, capsys, tmp_path, how):
    kept = tmp_path / "checkpoint.txt"
    kept.write_text(make_checkpoint().note)
    tamper(FORGERIES[how], "DELETE FROM compliance_auditcheckpoint", middle=chain[2])
    chain_anew()
    call_command("audit", "verify")
    assert str(kept) in refused(capsys, "--against", str(kept))


def test_a_new_genesis_under_a_chain_that_fits_is_detected(chain, capsys):
    chain_anew(genesis="1" * 64)
    assert "does not follow from the beginning" in refused(capsys)


def test_a_checkpoint_by_another_key_does_not_count(chain, capsys, settings, tmp_path):
    settings.GRIDCLEAR_EVIDENCE_KEY_FILE = str(tmp_path / "forger" / "evidence.pem")
    make_checkpoint()
    settings.GRIDCLEAR_EVIDENCE_KEY_FILE = str(tmp_path / "ours" / "evidence.pem")
    assert "not signed by a key of this platform" in refused(capsys)


def test_a_key_that_was_replaced_still_counts_while_its_public_half_lies_beside_the_new_one(
    chain, capsys, settings, tmp_path
):
    make_checkpoint()
    former = signing.evidence_key()
    settings.GRIDCLEAR_EVIDENCE_KEY_FILE = str(tmp_path / "evidence.pem")
    refused(capsys)
    (tmp_path / "2026.pub.pem").write_text(former.public_pem)
    call_command("audit", "verify")
    assert list(signing.evidence_public_keys()) == [signing.evidence_key().kid, former.kid]
    (tmp_path / "2025.pub.pem").write_text("no key")
    with pytest.raises(ImproperlyConfigured):
        signing.evidence_public_keys()


def test_the_row_of_a_checkpoint_says_what_its_note_says(chain, capsys):
    make_checkpoint()
    tamper("UPDATE compliance_auditcheckpoint SET root = repeat('0', 64)")
    assert "its note says otherwise" in refused(capsys)


def test_a_checkpoint_covers_everything_and_is_made_once(chain, clock, caplog):
    write(2, "Late")
    with caplog.at_level("INFO"):
        first = make_checkpoint()
    assert first.size == AuditSeal.objects.count() == 7
    assert first.root in caplog.text
    assert make_checkpoint() == first
    write(1, "Later")
    assert make_checkpoint().size == 8
    report = verify_log()
    assert (report.holds, report.witnesses, report.covered, report.links) == (True, 2, 8, 8)


def test_no_log_no_checkpoint():
    assert make_checkpoint() is None
    with pytest.raises(CommandError, match="empty"):
        call_command("audit", "checkpoint")
    assert verify_log().holds


@pytest.mark.parametrize("how", ["an edited event", "a removed event", "a tail cut off"])
def test_a_rewritten_log_is_not_signed_and_has_one_case(chain, how):
    make_checkpoint()
    tamper(FORGERIES[how], middle=chain[2])
    chain_anew()
    write(1, "Later")
    with pytest.raises(LogRewritten):
        make_checkpoint()
    for _ in range(2):
        log_alarms.checkpoint_or_alarm(actor=system("audit"))
        log_alarms.verify_or_alarm(actor=system("audit"))
    assert AuditCheckpoint.objects.count() == 1
    assert Case.objects.get().kind == Case.Kind.AUDIT_ALARM


def test_proofs_rest_on_few_rows_however_long_the_log(db, clock):
    subject = parties.register_party(company("Company", "SG"), actor=ACTOR)
    rows = [
        AuditEvent(at=clock.now(), event="x", actor="y", subject_kind="z", subject_id=str(subject.pk), body_hash="")
        for _ in range(1300)
    ]
    for row in rows:
        row.body_hash = digest(row.body())
    AuditEvent.objects.bulk_create(rows)
    checkpoint = make_checkpoint()
    assert (checkpoint.size, AuditNode.objects.count()) == (1301, 5)
    hashes = [leaf_hash(bytes.fromhex(each)) for each in AuditSeal.objects.values_list("hash", flat=True)]
    with CaptureQueriesContext(
        connection,
    ) as captured:
        proofs = inclusion_proofs([1, 256, 257, 700, 1301])
    assert len(captured) < 12
    for proof in proofs:
        path = [bytes.fromhex(each) for each in proof.path]
        leaf = hashes[proof.sequence - 1]
        assert included(leaf, proof.sequence - 1, 1301, path, bytes.fromhex(checkpoint.root))
    for old in (1, 255, 256, 257, 1024, 1300, 1301):
        path = [bytes.fromhex(each) for each in consistency_proof(old, 1301)]
        assert consistent(old, 1301, path, tree().root(old), tree().root(1301))
    assert verify_log().root == checkpoint.root
    tamper("DELETE FROM compliance_auditnode")
    with pytest.raises(LookupError):
        tree().root(1301)


def test_an_event_is_proven_to_somebody_who_has_the_key_and_nothing_else(chain, capsys):
    with pytest.raises(CommandError, match="No checkpoint covers"):
        call_command("audit", "prove", str(chain[1]))
    call_command("audit", "checkpoint")
    note = capsys.readouterr().out
    call_command("audit", "prove", str(chain[1]))
    proof = json.loads(capsys.readouterr().out)
    assert proof["checkpoint"] == note
    signed = notes.parse(note)
    assert signed.verifies([signing.evidence_key().public_raw])
    body_hash = digest(proof["event"])
    assert json.loads(canonical_bytes(proof["event"])) == proof["event"]
    assert proof["hash"] == chain_hash(proof["previous_hash"], proof["sequence"], proof["event_id"], body_hash)
    path = [bytes.fromhex(each) for each in proof["path"]]
    leaf = leaf_hash(bytes.fromhex(proof["hash"]))
    assert included(leaf, proof["sequence"] - 1, signed.checkpoint.size, path, signed.checkpoint.root)
    with pytest.raises(CommandError, match="no sealed event"):
        call_command("audit", "prove", "0")


def test_an_auditor_sees_that_the_log_only_grew(chain, capsys):
    old = make_checkpoint()
    write(3, "Later")
    new = make_checkpoint()
    call_command("audit", "consistency", str(old.size), str(new.size))
    path = [bytes.fromhex(each) for each in json.loads(capsys.readouterr().out)["path"]]
    assert consistent(old.size, new.size, path, bytes.fromhex(old.root), bytes.fromhex(new.root))
    for sizes in (("0", "5"), ("5", "99"), ("6", "5")):
        with pytest.raises(CommandError, match="leads from"):
            call_command("audit", "consistency", *sizes)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"no checkpoint\n"])
def test_a_file_that_is_no_checkpoint_is_refused(chain, tmp_path, content):
    path = tmp_path / "kept.txt"
    path.write_bytes(content)
    with pytest.raises(CommandError, match="cannot be taken as a checkpoint"):
        call_command("audit", "verify", "--against", str(path))
    with pytest.raises(CommandError, match="cannot be taken as a checkpoint"):
        call_command("audit", "verify", "--against", str(tmp_path / "absent"))


def test_the_wall_itself_refuses_an_edit(chain):
    make_checkpoint()
    for deed in (
        lambda: AuditEvent.objects.filter(pk=chain[0]).update(actor="x"),
        lambda: AuditEvent.objects.filter(pk=chain[0])._raw_delete("default"),
        lambda: AuditSeal.objects.filter(sequence=1).update(hash="x"),
        lambda: AuditCheckpoint.objects.update(root="x"),
        lambda: AuditCheckpoint.objects.all()._raw_delete("default"),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            deed()


def test_verifying_seals_what_is_left(chain):
    write(1, "One more")
    assert chain_status().unsealed == 1
    call_command("audit", "verify")
    assert (chain_status().sealed, chain_status().unsealed) == (6, 0)


def test_a_straggler_beyond_the_look_back_is_sealed_by_the_next_whole_run(chain, monkeypatch):
    tamper("DELETE FROM compliance_auditseal WHERE event_id = %(last)s", last=chain[-1])
    monkeypatch.setattr(audit, "LOOK_BACK", 0)
    tamper(
        "UPDATE compliance_auditseal SET event_id = %(last)s WHERE event_id = %(four)s", last=chain[4], four=chain[3]
    )
    assert audit.seal_events(recent=True) == 0
    assert audit.seal_events() == 1


def test_the_origin_names_the_installation(settings):
    settings.GRIDCLEAR_BASE_URL = "https://market.example:8443"
    assert checkpoints.origin() == "market.example:8443/audit"


def test_events_are_found_by_what_they_are(chain, clock):
    lion = verified_company("Lion City Labs Pte Ltd", "SG")
    assert {event.event for event in events(EventFilters(event="identity."))} == {
        "identity.submitted",
        "identity.verified",
    }
    mine = events(EventFilters(subject_kind="compliance.party", subject_id=str(lion.pk)))
    assert [event.event for event in mine] == ["party.ownership_declared", "party.registered"]
    assert {event.actor for event in events(EventFilters(actor="user:officer-1"))} == {"user:officer-1"}
    assert events(EventFilters(since=clock.now())).count() + events(EventFilters(until=clock.now())).count() == (
        AuditEvent.objects.count()
    )
    page = events_page(page=99, per_page=3)
    assert page.number == page.pages
    assert page.has_previous
    assert not page.has_next
