"""One key per subject: what it seals opens only where it belongs, is shown on record, and ends with the key."""

import os
import subprocess
import sys
from uuid import uuid4

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from compliance.base import master_keys
from compliance.base.audit import AuditEvent
from compliance.base.errors import InvalidInput, NotFound
from compliance.base.master_keys import HeldKeyring, UnknownMasterKey, add_master_key, keyring
from compliance.base.sealing import Context, SealBroken, Subject, SubjectErased
from compliance.models import SubjectKey
from compliance.selectors.sealed import Sealed, is_erased, open_many, open_sealed
from compliance.services import subject_keys
from tests.architecture.source import ROOT

SECRET = b"Passport of Wei Ling, 1980-01-01"
HERE = Context("compliance.document:1", "file")


@pytest.fixture
def subject(db):
    return Subject.party(uuid4())


@pytest.fixture
def key_file(tmp_path, settings):
    settings.GRIDCLEAR_MASTER_KEY_FILE = str(tmp_path / "keys" / "master.keys")
    return tmp_path / "keys" / "master.keys"


def test_what_is_sealed_opens_for_its_subject_record_and_purpose(subject):
    sealed = subject_keys.seal(subject, SECRET, HERE)
    assert SECRET not in sealed
    assert open_sealed(subject, sealed, HERE) == SECRET
    assert subject_keys.seal(subject, SECRET, HERE) != sealed, "each sealing has a nonce of its own"


@pytest.mark.parametrize(
    "elsewhere", [Context("compliance.document:2", "file"), Context("compliance.document:1", "selfie")]
)
def test_it_opens_in_no_other_place(subject, elsewhere):
    sealed = subject_keys.seal(subject, SECRET, HERE)
    with pytest.raises(SealBroken):
        open_sealed(subject, sealed, elsewhere)


def test_it_opens_for_no_other_subject(subject):
    other = Subject.party(uuid4())
    subject_keys.seal(other, b"x", HERE)
    with pytest.raises(SealBroken):
        open_sealed(other, subject_keys.seal(subject, SECRET, HERE), HERE)


@pytest.mark.parametrize("harm", [lambda s: s[:-1], lambda s: s[:5], lambda s: b"", lambda s: b"\x02" + s[1:]])
def test_altered_bytes_do_not_open(subject, harm):
    with pytest.raises(SealBroken):
        open_sealed(subject, harm(subject_keys.seal(subject, SECRET, HERE)), HERE)


def test_every_flipped_bit_is_noticed(subject):
    sealed = subject_keys.seal(subject, b"ab", HERE)
    for index in range(len(sealed)):
        with pytest.raises(SealBroken):
            open_sealed(subject, sealed[:index] + bytes([sealed[index] ^ 1]) + sealed[index + 1 :], HERE)


def test_a_subject_without_a_key_has_nothing_to_open(subject):
    with pytest.raises(NotFound):
        open_sealed(subject, b"\x01" + bytes(40), HERE)


def test_many_subjects_are_opened_by_one_query(subject, django_assert_num_queries):
    subjects = [Subject.party(uuid4()) for _ in range(5)]
    items = [Sealed(each, subject_keys.seal(each, str(each).encode(), HERE), HERE) for each in subjects]
    with django_assert_num_queries(1):
        assert open_many(items) == [str(each).encode() for each in subjects]


def test_what_a_person_is_shown_is_on_record(subject, olga):
    sealed = subject_keys.seal(subject, SECRET, HERE)
    assert subject_keys.reveal(subject, sealed, HERE, actor=olga, why="case 7") == SECRET
    event = AuditEvent.objects.get(event="personal_data.shown")
    assert (event.actor, event.subject_kind, event.subject_id) == (olga.ref, "compliance.document", "1")
    assert event.data == {"subject": str(subject), "what": "file", "why": "case 7"}


def test_nothing_is_shown_without_a_reason_or_a_key(subject, olga):
    sealed = subject_keys.seal(subject, SECRET, HERE)
    with pytest.raises(InvalidInput):
        subject_keys.reveal(subject, sealed, HERE, actor=olga, why=" ")
    with pytest.raises(SealBroken):
        subject_keys.reveal(subject, sealed, Context("compliance.document:2", "file"), actor=olga, why="case 7")
    assert not AuditEvent.objects.filter(event="personal_data.shown").exists()


def test_a_destroyed_key_opens_and_seals_nothing_ever_again(subject, olga):
    sealed = subject_keys.seal(subject, SECRET, HERE)
    assert subject_keys.destroy(subject, actor=olga, reason="erasure") is True
    assert subject_keys.destroy(subject, actor=olga, reason="erasure") is False
    for deed in (
        lambda: open_sealed(subject, sealed, HERE),
        lambda: subject_keys.reveal(subject, sealed, HERE, actor=olga, why="case 7"),
        lambda: subject_keys.seal(subject, SECRET, HERE),
    ):
        with pytest.raises(SubjectErased):
            deed()
    assert is_erased(subject)
    row = SubjectKey.objects.get()
    assert row.wrapped is None
    assert AuditEvent.objects.get(event="subject_key.destroyed").data == {"subject": str(subject), "reason": "erasure"}


def test_a_subject_may_be_erased_before_anything_was_sealed(subject, olga):
    assert subject_keys.destroy(subject, actor=olga, reason="erasure")
    with pytest.raises(SubjectErased):
        subject_keys.seal(subject, SECRET, HERE)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE compliance_subjectkey SET wrapped = %s, destroyed_at = NULL",
        "UPDATE compliance_subjectkey SET subject_id = 'another', wrapped = wrapped OR %s IS NULL",
        "DELETE FROM compliance_subjectkey WHERE %s IS NOT NULL",
    ],
)
def test_the_database_keeps_a_destroyed_key_destroyed(subject, olga, sql):
    subject_keys.seal(subject, SECRET, HERE)
    wrapped = bytes(SubjectKey.objects.get().wrapped)
    subject_keys.destroy(subject, actor=olga, reason="erasure")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, [wrapped])
    assert is_erased(subject)


def test_a_wrapped_key_moved_to_another_subject_does_not_unwrap(subject):
    other = Subject.party(uuid4())
    sealed = subject_keys.seal(subject, SECRET, HERE)
    subject_keys.seal(other, b"x", HERE)
    stolen = bytes(SubjectKey.objects.get(subject_id=subject.id).wrapped)
    SubjectKey.objects.filter(subject_id=other.id).update(wrapped=stolen)
    with pytest.raises(UnknownMasterKey):
        open_sealed(other, sealed, HERE)


def test_neither_key_nor_plaintext_lies_in_the_database(subject):
    subject_keys.seal(subject, SECRET, HERE)
    cipher = bytes(SubjectKey.objects.get().wrapped)
    plain = keyring().unwrap(
        cipher, keyring().current, f"gridclear-subject-key:{SubjectKey.objects.get().pk}:{subject}".encode()
    )
    assert len(plain) == 32
    assert plain not in cipher


def test_rotation_wraps_every_key_anew_and_what_is_sealed_stays(subject, olga, key_file, capsys, monkeypatch):
    monkeypatch.setattr(subject_keys, "REWRAP_BATCH", 2)
    subjects = [subject, *(Subject.party(uuid4()) for _ in range(4))]
    sealed = [subject_keys.seal(each, SECRET, HERE) for each in subjects]
    subject_keys.destroy(subjects[4], actor=olga, reason="erasure")
    call_command("subject_keys", "add-master", "2026-11")
    call_command("subject_keys", "status")
    assert "2026-11 (current): 0 keys\ndevelopment-1: 4 keys" in capsys.readouterr().out
    assert open_sealed(subject, sealed[0], HERE) == SECRET, "the older master key still unwraps"
    call_command("subject_keys", "rewrap")
    assert subject_keys.rewrap(actor=olga) == 0
    # Without its line the old key is gone; everything still opens, and the destroyed one stays destroyed.
    key_file.write_text(key_file.read_text().splitlines()[1] + "\n")
    assert [open_sealed(each, body, HERE) for each, body in zip(subjects[:4], sealed[:4], strict=True)] == [SECRET] * 4
    with pytest.raises(SubjectErased):
        open_sealed(subjects[4], sealed[4], HERE)
    assert sum(event.data["count"] for event in AuditEvent.objects.filter(event="subject_keys.rewrapped")) == 4


def test_a_lost_master_key_is_told_by_name(subject, key_file):
    sealed = subject_keys.seal(subject, SECRET, HERE)
    key_file.unlink()
    add_master_key("another")
    with pytest.raises(UnknownMasterKey, match="development-1"):
        open_sealed(subject, sealed, HERE)


def test_the_key_file_is_its_owners_alone(key_file):
    keyring()
    assert key_file.stat().st_mode & 0o777 == 0o600
    assert key_file.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("name", ["development-2", "twice", "with space", "", "x" * 65])
def test_a_bad_name_of_a_master_key_is_refused(key_file, name):
    add_master_key("twice")
    before = key_file.read_text()
    with pytest.raises(CommandError):
        call_command("subject_keys", "add-master", name)
    assert key_file.read_text() == before


@pytest.mark.parametrize("line", ["no-key", "short c2hvcnQ=", "broken !!!"])
def test_a_malformed_key_file_is_refused_without_showing_it(key_file, line):
    key_file.parent.mkdir()
    key_file.write_text(line)
    with pytest.raises(ImproperlyConfigured) as told:
        keyring()
    assert line not in str(told.value)


class TestProduction:
    @pytest.fixture(autouse=True)
    def _production(self, settings, key_file):
        settings.GRIDCLEAR_DEVELOPMENT = False

    def test_a_missing_file_is_refused(self, key_file):
        with pytest.raises(ImproperlyConfigured, match="does not exist"):
            keyring()
        assert not key_file.exists()

    def test_a_development_key_is_refused(self, key_file, settings):
        settings.GRIDCLEAR_DEVELOPMENT = True
        keyring()
        settings.GRIDCLEAR_DEVELOPMENT = False
        with pytest.raises(ImproperlyConfigured, match="development key"):
            keyring()

    def test_a_file_that_others_may_read_is_refused(self, key_file):
        add_master_key("2026-11")
        key_file.chmod(0o640)
        with pytest.raises(ImproperlyConfigured, match="chmod 600"):
            keyring()

    def test_a_key_of_ones_own_is_taken(self, key_file):
        add_master_key("2026-11")
        assert keyring().current == "2026-11"


def make_keyring() -> HeldKeyring:
    return HeldKeyring({"from-the-service": bytes(range(32))})


def test_a_key_service_may_stand_in_for_the_file(subject, settings, key_file):
    settings.GRIDCLEAR_KEYRING = f"{__name__}.make_keyring"
    master_keys._made.cache_clear()
    try:
        sealed = subject_keys.seal(subject, SECRET, HERE)
        assert SubjectKey.objects.get().master_key_id == "from-the-service"
        assert open_sealed(subject, sealed, HERE) == SECRET
    finally:
        master_keys._made.cache_clear()
    assert not key_file.exists()


@pytest.mark.parametrize(("text", "refused"), [("development-1 AAAA", True), ("2026-11 AAAA", False)])
def test_production_settings_refuse_a_development_key(tmp_path, text, refused):
    file = tmp_path / "master.keys"
    file.write_text(text)
    code = (
        "from marketplace.config.settings.environment import key_file\n"
        f"assert key_file('GRIDCLEAR_MASTER_KEY_FILE') == {str(file)!r}\n"
    )
    environment = {**os.environ, "GRIDCLEAR_MASTER_KEY_FILE": str(file)}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert ("development key" in done.stderr) is refused
    assert (done.returncode != 0) is refused
