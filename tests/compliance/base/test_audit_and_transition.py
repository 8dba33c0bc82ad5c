"""The audit chain, the one transition, and the walls that guard their rows."""

import uuid

import pytest
from django.db import IntegrityError, connection, transaction

from compliance.base import audit
from compliance.base.actor import SYSTEM
from compliance.base.errors import IllegalTransition, StaleState
from compliance.base.transition import transition
from compliance.models import AuditEvent, AuditSeal, Case
from compliance.services.audit_verification import verify_log

pytestmark = pytest.mark.django_db


def make_case(**fields):
    return Case.objects.create(kind=Case.Kind.LIST_ALARM, state=Case.State.OPEN, summary="a list shrank", **fields)


def write_events(count: int) -> None:
    case = make_case()
    for number in range(count):
        audit.record("case.noted", actor=SYSTEM, subject=case, data={"number": number})


def tamper(sql: str, *params: object) -> None:
    """What somebody with the database's superuser could do: switch the guards off for a moment."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql, params)
        cursor.execute("SET LOCAL session_replication_role = origin")


def test_a_sealed_chain_verifies_and_sealing_twice_changes_nothing(clock):
    write_events(5)
    assert audit.seal_events() == 5
    assert audit.seal_events() == 0
    assert verify_log().holds
    assert list(AuditSeal.objects.values_list("sequence", flat=True)) == [1, 2, 3, 4, 5]


def test_sealing_goes_on_where_it_stopped(clock):
    write_events(3)
    assert audit.seal_events(limit=2) == 2
    assert audit.seal_events(limit=2) == 1
    assert verify_log().holds


def test_an_edited_event_is_detected(clock):
    write_events(3)
    audit.seal_events()
    tamper("UPDATE compliance_auditevent SET data = '{\"number\": 99}' WHERE id = %s", AuditEvent.objects.first().pk)
    assert any("was edited" in fault for fault in verify_log().faults)


def test_a_removed_link_is_detected(clock):
    write_events(3)
    audit.seal_events()
    tamper("DELETE FROM compliance_auditseal WHERE sequence = 2")
    faults = verify_log().faults
    assert any("link 2 is missing" in fault for fault in faults)


def test_two_links_exchanged_are_detected(clock):
    write_events(3)
    audit.seal_events()
    first, second = AuditSeal.objects.order_by("sequence")[:2]
    tamper("UPDATE compliance_auditseal SET event_id = -1 WHERE sequence = 1")
    tamper("UPDATE compliance_auditseal SET event_id = %s WHERE sequence = 2", first.event_id)
    tamper("UPDATE compliance_auditseal SET event_id = %s WHERE sequence = 1", second.event_id)
    assert not verify_log().holds


@pytest.mark.parametrize("sql", ["UPDATE compliance_auditevent SET event = 'x'", "DELETE FROM compliance_auditevent"])
def test_the_database_refuses_to_change_an_event(clock, sql):
    write_events(1)
    with pytest.raises(IntegrityError, match="rows are kept as written"), transaction.atomic():
        connection.cursor().execute(sql)
    assert AuditEvent.objects.count() == 1


def test_no_session_variable_opens_a_wall(clock):
    write_events(1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname FROM pg_trigger WHERE tgname LIKE 'pgtrigger_audit_event_immutable%'")
        name = cursor.fetchone()[0]
        cursor.execute("SELECT set_config('pgtrigger.ignore', %s, true)", ["{" + name + "}"])
    with pytest.raises(IntegrityError), transaction.atomic():
        connection.cursor().execute("UPDATE compliance_auditevent SET event = 'x'")


def test_a_transition_writes_its_event_and_its_changes(clock):
    case = make_case()
    later = clock.advance(seconds=7)
    transition(case, Case.State.AWAITING_PARTY, actor=SYSTEM, event="case.asked", assignee="user:1")
    case.refresh_from_db()
    assert (case.state, case.state_changed_at, case.assignee) == ("awaiting_party", later, "user:1")
    event = AuditEvent.objects.get()
    assert (event.event, event.subject_id, event.data) == (
        "case.asked",
        str(case.pk),
        {"from": "open", "to": "awaiting_party"},
    )


def test_a_transition_that_the_state_machine_lacks_changes_nothing(clock):
    case = make_case()
    transition(case, Case.State.CLOSED, actor=SYSTEM, event="case.closed")
    with pytest.raises(IllegalTransition):
        transition(case, Case.State.OPEN, actor=SYSTEM, event="case.reopened")
    assert AuditEvent.objects.count() == 1


def test_the_loser_of_a_race_changes_nothing(clock):
    case = make_case()
    stale = Case.objects.get(pk=case.pk)
    transition(case, Case.State.CLOSED, actor=SYSTEM, event="case.closed")
    with pytest.raises(StaleState):
        transition(stale, Case.State.AWAITING_PARTY, actor=SYSTEM, event="case.asked")
    assert Case.objects.get(pk=case.pk).state == "closed"
    assert AuditEvent.objects.count() == 1


def test_event_data_is_stored_as_it_was_hashed(clock):
    case = make_case()
    event = audit.record("case.noted", actor=SYSTEM, subject=case, data={"id": uuid.UUID(int=1), "n": 1})
    event.refresh_from_db()
    audit.seal_events()
    assert event.data == {"id": str(uuid.UUID(int=1)), "n": 1}
    assert verify_log().holds
