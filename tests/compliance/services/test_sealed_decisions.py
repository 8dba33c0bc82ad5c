"""Decisions and notes as the database holds them: no name in the open, all of it back for its readers, erasable."""

import importlib

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compliance.base.actor import Actor, system
from compliance.base.sealing import SealBroken, Subject, SubjectErased
from compliance.engine.personal import ERASED
from compliance.models import AuditEvent, Case, CaseNote, Decision, SubjectKey
from compliance.selectors import decisions
from compliance.selectors.case_notes import opened_notes
from compliance.selectors.cases import case_in_full, open_cases, open_requests_to
from compliance.services import cases, gate, subject_keys
from compliance.services.audit_verification import verify_log
from compliance.services.checkpoints import make_checkpoint
from tests.factories.compliance import OFFICER, lease_request, owner, person, verified_company

pytestmark = pytest.mark.django_db

ACTOR = Actor("user", "renter", "A renter")
OWNER = "Tan Mei Ling"
SECRETS = (OWNER, "1984-03-02", "Lion City Labs", "Brisbane Compute", "Kaya Optik", "kaya optik", "X-ray images")


@pytest.fixture
def provider():
    return verified_company("Brisbane Compute Pty Ltd", "AU")


@pytest.fixture
def lion_city():
    owners = (owner(person(OWNER, birth_date="1984-03-02"), 60), owner(person("Ong Kah Wei"), 40))
    return verified_company("Lion City Labs Pte Ltd", "SG", owners)


@pytest.fixture
def decision(lion_city, provider):
    """In review, since the renter computes for another; with its case."""
    user = {"kind": "other", "name": "Kaya Optik AG", "country": "CH"}
    return gate.evaluate(lease_request(lion_city, provider, end_user=user), actor=ACTOR)


def as_stored(table: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT string_agg(t::text, ' ') FROM compliance_{table} t")
        return cursor.fetchone()[0] or ""


def erase(party_id) -> None:
    subject_keys.destroy(Subject.party(party_id), actor=system("tests"), reason="test")


def test_the_row_holds_nobodys_name_and_its_reader_gets_every_byte(decision):
    stored = as_stored("decision")
    assert not [secret for secret in SECRETS if secret in stored]
    found = decisions.decision(decision.pk)
    assert (found.facts, found.checks, found.reasons) == (decision.facts, decision.checks, decision.reasons)
    assert any("Kaya Optik AG" in reason["sentence"] for reason in found.reasons)
    assert found.erased == ()
    assert gate.replay(decision.pk)
    assert gate.request_of(Decision.objects.get(pk=decision.pk)).end_user["name"] == "Kaya Optik AG"


def test_a_review_is_summed_up_without_a_name(decision):
    case = Case.objects.get(kind=Case.Kind.GATE_REVIEW)
    assert case.summary == "Not passed: The renter computes for itself."
    assert list(open_cases()) == [case]
    assert any("Kaya Optik AG" in reason["sentence"] for reason in case_in_full(case.pk).reasons)


def test_many_decisions_are_opened_with_one_query(lion_city, provider):
    for _ in range(6):
        gate.evaluate(lease_request(lion_city, provider), actor=ACTOR)
    rows = list(Decision.objects.all())
    with CaptureQueriesContext(connection) as captured:
        opened = decisions.opened(rows)
        decisions.opened(opened)
    assert len(captured) == 1
    assert {row.facts["renter"]["name"] for row in opened} == {"Lion City Labs Pte Ltd"}
    assert len(list(decisions.opened_one_by_one(Decision.objects.all()))) == 6


def test_an_erased_owner_is_gone_from_the_decision_and_it_says_so(decision, lion_city, capsys):
    before = make_checkpoint()
    (tan,) = [party for party in decision.facts["parties"] if party["name"] == OWNER]
    erase(tan["id"])
    found = decisions.decision(decision.pk)
    (gone,) = [party for party in found.facts["parties"] if party["id"] == tan["id"]]
    assert (gone["name"], gone["birth_date"], gone["kind"]) == (ERASED, ERASED, "person")
    assert found.facts["renter"]["name"] == "Lion City Labs Pte Ltd"
    # A sentence may name anybody among the facts: it went with the first of them.
    assert {reason["sentence"] for reason in found.reasons} == {ERASED}
    assert [reason["code"] for reason in found.reasons] == [reason["code"] for reason in decision.reasons]
    assert [reason["citation"] for reason in found.reasons] == [reason["citation"] for reason in decision.reasons]
    with pytest.raises(gate.DecisionErased):
        gate.replay(decision.pk)
    with pytest.raises(CommandError, match="cannot be replayed: personal data"):
        call_command("replay_decision", str(decision.pk))
    with pytest.raises(gate.DecisionErased):
        gate.request_of(found)
    call_command("policy", "simulate", decision.pack)
    assert "0 of the last 1 decisions" in capsys.readouterr().out
    report = verify_log()
    assert report.holds
    assert report.covered == before.size


def test_a_sealed_part_moved_to_another_decision_does_not_open(lion_city, provider):
    first, second = (gate.evaluate(lease_request(lion_city, provider), actor=ACTOR) for _ in range(2))
    other = Decision.objects.get(pk=first.pk)
    swapped = Decision.objects.get(pk=second.pk)
    swapped.sealed = other.sealed
    with pytest.raises(SealBroken):
        decisions.opened([swapped])


def test_the_gate_still_answers_about_a_party_with_an_erased_owner(lion_city, provider, decision):
    erase(decision.facts["parties"][0]["id"])
    again = gate.evaluate(lease_request(lion_city, provider), actor=ACTOR)
    found = decisions.decision(again.pk)
    assert found.facts == again.facts
    assert gate.replay(again.pk)


def test_notes_are_sealed_under_the_party_of_the_case_and_read_as_they_were_written(decision, lion_city):
    case = Case.objects.get(kind=Case.Kind.GATE_REVIEW)
    cases.add_note(case.pk, f"Looked {OWNER} up.", actor=OFFICER)
    cases.request_information(case.pk, "For whom do you compute?", actor=OFFICER)
    cases.answer_request(case.pk, "For Kaya Optik AG.", actor=Actor("user", "x", "Tan Mei Ling"))
    stored = as_stored("casenote")
    assert not [secret for secret in SECRETS if secret in stored]
    assert [note.body for note in case_in_full(case.pk).notes] == [
        f"Looked {OWNER} up.",
        "For whom do you compute?",
        "For Kaya Optik AG.",
    ]
    rows = list(CaseNote.objects.all())
    with CaptureQueriesContext(connection) as captured:
        notes = opened_notes(rows)
    assert len(captured) == 1
    assert {note.author_label for note in notes} == {OFFICER.label, "Tan Mei Ling"}
    erase(lion_city.pk)
    assert {note.body for note in case_in_full(case.pk).notes} == {ERASED}
    with pytest.raises(SubjectErased):
        cases.add_note(case.pk, "Once more.", actor=OFFICER)


def test_a_question_reaches_the_party_in_its_words(decision, lion_city):
    case = Case.objects.get(kind=Case.Kind.GATE_REVIEW)
    cases.request_information(case.pk, "For whom do you compute?", actor=OFFICER)
    (asked,) = open_requests_to(lion_city.pk)
    assert (asked.body, asked.case) == ("For whom do you compute?", case)
    assert open_requests_to(lion_city.pk, decision.pk) == []


def test_what_is_about_no_party_is_not_sealed():
    case = cases.open_case(
        kind=Case.Kind.LIST_ALARM, summary="A list shrank.", reason_codes=["LIST_ALARM"], actor=system("tests")
    )
    cases.add_note(case.pk, "Asked the publisher.", actor=OFFICER)
    assert CaseNote.objects.get().body == "Asked the publisher."
    assert not SubjectKey.objects.exists()


def test_rows_from_before_are_sealed_by_the_migration_to_the_same_bytes(decision, lion_city):
    case = Case.objects.get(kind=Case.Kind.GATE_REVIEW)
    note = cases.add_note(case.pk, f"Looked {OWNER} up.", actor=OFFICER)
    whole = decisions.decision(decision.pk)
    # As these rows stood before there were seals.
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE compliance_decision DISABLE TRIGGER USER")
    Decision.objects.update(facts=whole.facts, checks=whole.checks, reasons=whole.reasons, sealed={})
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE compliance_decision ENABLE TRIGGER USER")
    CaseNote.objects.update(body=note.body, author_label=note.author_label, sealed={})
    Case.objects.filter(pk=case.pk).update(summary=f"The renter computes for another: Kaya Optik AG, {OWNER}.")
    assert OWNER in as_stored("decision") + as_stored("casenote")

    migration = importlib.import_module("compliance.migrations.0008_seal_old_records")
    with connection.schema_editor(atomic=False) as editor:
        migration.seal_old_records(apps, editor)
        between = as_stored("decision")
        migration.seal_old_records(apps, editor)
    assert as_stored("decision") == between
    stored = as_stored("decision") + as_stored("casenote")
    assert not [secret for secret in SECRETS if secret in stored]
    case.refresh_from_db()
    assert case.summary == "Not passed: The renter computes for itself."
    again = decisions.decision(decision.pk)
    assert (again.facts, again.checks, again.reasons) == (whole.facts, whole.checks, whole.reasons)
    assert gate.replay(decision.pk)
    assert case_in_full(case.pk).notes[0].body == note.body
    event = AuditEvent.objects.get(event="personal_data.sealed")
    assert event.data == {"decisions": 1, "notes": 1}
    make_checkpoint()
    assert verify_log().holds
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT bool_and(tgenabled = 'O') FROM pg_trigger WHERE tgrelid = 'compliance_decision'::regclass "
            "AND NOT tgisinternal"
        )
        assert cursor.fetchone()[0] is True
