"""A law that its authority suspended: asked by a command, recorded by two officers, a fact of the gate, taken back."""

from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, transaction

from compliance.base.audit import AuditEvent
from compliance.base.clock import now as clock_now
from compliance.base.errors import Conflict, InvalidInput
from compliance.engine.decide import decide
from compliance.models import Case, Decision, LawSuspension
from compliance.selectors.ownership_answers import ownership_answers
from compliance.selectors.policies import pack_for
from compliance.services import cases, gate
from compliance.services.gate_facts import gather
from compliance.services.officers import FourEyesRequired
from compliance.services.suspensions import NotSuspendable, ask_suspension, take_back_suspension
from tests.factories import compliance as make
from tests.factories.compliance import OFFICER, OPERATOR, SECOND_OFFICER

LAW = "bis_affiliates_rule"
CITED = "92 FR 1234 (2026-11-09)"

pytestmark = pytest.mark.django_db


@pytest.fixture
def today(clock):
    return clock.now().date()


def ask(today, **more):
    days = {"starts_on": today - timedelta(days=5), "ends_on": today + timedelta(days=300), **more}
    return ask_suspension(LAW, days["starts_on"], days["ends_on"], CITED, actor=OPERATOR)


def release(suspension):
    cases.propose_disposition(suspension.case_id, "release", "law_is_suspended", "I read it.", actor=OFFICER)
    cases.approve_disposition(suspension.case_id, "So did I.", actor=SECOND_OFFICER)


def asked_of_the_gate():
    """What the affiliates rule's check says about an honest lease, and the decision that the gate kept."""
    renter, provider = make.verified_company("Tiger City", "SG"), make.verified_company("Wattle Compute", "AU")
    request = make.lease_request(renter, provider)
    gate.require(request, actor=OPERATOR)
    facts = gather(request, as_of=clock_now(), store=False).facts
    told = {check.code: check.detail for check in decide(facts, pack_for(facts.as_of)).checks}
    return Decision.objects.order_by("-created_at").first(), told["bis_affiliate"]


def test_nothing_is_suspended_until_two_officers_have_read_it(today):
    suspension = ask(today)
    assert "Suspended" not in asked_of_the_gate()[1]
    cases.propose_disposition(suspension.case_id, "release", "law_is_suspended", "I read it.", actor=OFFICER)
    with pytest.raises(FourEyesRequired):
        cases.approve_disposition(suspension.case_id, "Me again.", actor=OFFICER)
    assert "Suspended" not in asked_of_the_gate()[1]
    cases.approve_disposition(suspension.case_id, "So did I.", actor=SECOND_OFFICER)
    decision, told = asked_of_the_gate()
    assert told == f"Suspended by its authority until {suspension.ends_on}, as two officers recorded: {CITED}."
    assert gate.replay(decision.pk)
    answers = ownership_answers(make.verified_company("Aster Works", "SG").pk).tests
    assert {each.label for each in answers if not each.in_force} == {"Not an affiliate of a listed entity"}


def test_it_ends_by_its_day_and_may_be_taken_back_before(today, clock):
    suspension = ask(today)
    release(suspension)
    take_back_suspension(suspension.pk, actor=OFFICER)
    assert "Suspended" not in asked_of_the_gate()[1]
    with pytest.raises(Conflict):
        take_back_suspension(suspension.pk, actor=OFFICER)
    short = ask(today, ends_on=today + timedelta(days=1))
    release(short)
    assert "Suspended" in asked_of_the_gate()[1]
    clock.advance(days=1)
    assert "Suspended" not in asked_of_the_gate()[1]
    told = list(AuditEvent.objects.filter(event__startswith="law_suspension.").values_list("event", flat=True))
    assert told.count("law_suspension.asked") == 2
    assert told.count("law_suspension.taken_back") == 1


def test_a_refused_one_is_never_in_force(today):
    suspension = ask(today)
    cases.propose_disposition(suspension.case_id, "confirm", "law_is_in_force", "There is no such rule.", actor=OFFICER)
    cases.approve_disposition(suspension.case_id, "Right.", actor=SECOND_OFFICER)
    assert "Suspended" not in asked_of_the_gate()[1]


def test_only_laws_that_the_pack_names_and_only_for_a_year(today):
    with pytest.raises(NotSuspendable, match=LAW):
        ask_suspension("ofac_50_percent", today, today + timedelta(days=1), CITED, actor=OPERATOR)
    for more in ({"ends_on": today + timedelta(days=400)}, {"ends_on": today - timedelta(days=5)}):
        with pytest.raises(InvalidInput):
            ask(today, **more)
    with pytest.raises(InvalidInput):
        ask_suspension(LAW, today, today + timedelta(days=1), "trust me", actor=OPERATOR)
    assert not LawSuspension.objects.exists()
    assert not Case.objects.exists()


def test_the_same_question_is_asked_once_and_kept(today):
    assert ask(today).pk == ask(today).pk
    with pytest.raises(DatabaseError), transaction.atomic():
        LawSuspension.objects.all()._raw_delete("default")


def command(*arguments):
    out = StringIO()
    call_command("policy", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_asks_lists_and_takes_back(today):
    days = ("--from", str(today), "--until", str(today + timedelta(days=30)))
    assert "asks two officers" in command("suspend", LAW, *days, "--citation", CITED)
    suspension = LawSuspension.objects.get()
    assert "waits for two officers" in command("suspensions")
    release(suspension)
    assert "recorded, case 1" in command("suspensions")
    assert "counts again" in command("unsuspend", str(suspension.pk))
    assert "taken back on" in command("suspensions")
    with pytest.raises(CommandError, match="Only these laws"):
        command("suspend", "everything", *days, "--citation", CITED)
    assert date.fromisoformat(str(suspension.ends_on)) > today
