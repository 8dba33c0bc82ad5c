"""The audit chain as operators verify it, against somebody who owns the database."""

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from compliance.base import audit
from compliance.base.actor import Actor
from compliance.base.audit import AuditEvent, AuditSeal
from compliance.selectors.audit import EventFilters, chain_status, events, events_page
from compliance.services import parties
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
}


@pytest.fixture
def chain(db):
    for number in range(5):
        parties.register_party(company(f"Company {number}", "SG"), actor=ACTOR)
    audit.seal_events()
    return list(AuditEvent.objects.order_by("id").values_list("id", flat=True))


def tamper(sql, chain):
    """What a superuser of the database can do who first takes the wall down."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in ("compliance_auditevent", "compliance_auditseal"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(sql, {"middle": chain[2]})


def test_a_whole_chain_verifies(chain, capsys):
    call_command("audit", "verify")
    assert "holds: 5 events" in capsys.readouterr().out


@pytest.mark.parametrize("how", TAMPERING)
def test_tampering_is_detected(chain, capsys, how):
    tamper(TAMPERING[how], chain)
    with pytest.raises(SystemExit) as caught:
        call_command("audit", "verify")
    assert caught.value.code == 1
    assert capsys.readouterr().err.strip()


def test_the_wall_itself_refuses_an_edit(chain):
    for deed in (
        lambda: AuditEvent.objects.filter(pk=chain[0]).update(actor="x"),
        lambda: AuditEvent.objects.filter(pk=chain[0])._raw_delete("default"),
        lambda: AuditSeal.objects.filter(sequence=1).update(hash="x"),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            deed()


def test_verifying_seals_what_is_left(chain):
    parties.register_party(company("One more", "SG"), actor=ACTOR)
    assert chain_status().unsealed == 1
    call_command("audit", "verify")
    assert (chain_status().sealed, chain_status().unsealed) == (6, 0)


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
