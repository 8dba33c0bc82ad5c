"""Cases: deduplicated, asked about without tipping off, ended by four eyes."""

import pytest
from django.db import IntegrityError, transaction

from compliance.base.actor import SYSTEM
from compliance.base.errors import Conflict, Forbidden, InvalidInput, NotFound
from compliance.models import Case, Finding, Restriction
from compliance.selectors.restrictions import is_restricted
from compliance.services import cases, parties, restrictions
from compliance.services.findings import Question
from compliance.services.officers import FourEyesRequired
from compliance.services.parties import PartyInput
from compliance.signals import case_closed, restriction_lifted

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(lion):
    return opened(lion)


def opened(party, scope="end-user"):
    return cases.open_case(
        kind=Case.Kind.GATE_REVIEW,
        summary="The end user is not disclosed.",
        reason_codes=["END_USER_UNDISCLOSED"],
        party=party,
        scope=scope,
        questions=[Question(party.pk, "END_USER_UNDISCLOSED", scope)],
        actor=SYSTEM,
    )


def proposed(case, actor):
    return cases.propose_disposition(case.pk, "release", "end_user_known", "The end user is a hospital.", actor=actor)


def test_the_same_question_is_one_case_until_it_is_closed(lion, case, olga, otto):
    assert opened(lion).pk == case.pk
    assert opened(lion, "someone else").number == case.number + 1
    proposed(case, olga)
    cases.approve_disposition(case.pk, "Agreed.", actor=otto)
    assert opened(lion).pk != case.pk


def test_release_takes_a_second_officer(case, olga, otto):
    proposed(case, olga)
    with pytest.raises(FourEyesRequired):
        cases.approve_disposition(case.pk, "Agreed with myself.", actor=olga)
    assert not Finding.objects.exists()
    closed = cases.approve_disposition(case.pk, "Agreed.", actor=otto)
    assert (closed.state, closed.disposition) == ("closed", "release")
    finding = Finding.objects.get()
    assert (finding.reason_code, finding.scope, finding.subject_hash) == (
        "END_USER_UNDISCLOSED",
        "end-user",
        case.party.subject_hash,
    )
    assert (finding.proposed_by, finding.approved_by) == ("user:olga", "user:otto")


def test_confirm_takes_a_second_officer_and_writes_no_finding(case, olga, otto):
    cases.propose_disposition(case.pk, "confirm", "no_answer", "No answer came.", actor=olga)
    with pytest.raises(FourEyesRequired):
        cases.approve_disposition(case.pk, "Agreed.", actor=olga)
    assert cases.approve_disposition(case.pk, "Agreed.", actor=otto).disposition == "confirm"
    assert not Finding.objects.exists()


def test_the_database_demands_four_eyes_too(case):
    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.filter(pk=case.pk).update(disposition="release", proposed_by="user:olga", approved_by="user:olga")
    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.filter(pk=case.pk).update(disposition="confirm", approved_by="user:olga")


def test_only_officers_touch_a_case(case, alice, operator):
    for actor in (alice, operator, SYSTEM):
        for deed in (
            lambda a: cases.assign_case(case.pk, actor=a),
            lambda a: cases.add_note(case.pk, "x", actor=a),
            lambda a: cases.request_information(case.pk, "x", actor=a),
            lambda a: proposed(case, a),
            lambda a: cases.return_case(case.pk, "x", actor=a),
            lambda a: cases.approve_disposition(case.pk, "x", actor=a),
        ):
            with pytest.raises(Forbidden):
                deed(actor)
    case.refresh_from_db()
    assert case.state == "open"


def test_a_case_is_given_to_officers_alone(case, alice, olga, otto, operator):
    cases.assign_case(case.pk, actor=olga, to=otto)
    for nobody in (alice, operator, SYSTEM):
        with pytest.raises(Forbidden):
            cases.assign_case(case.pk, actor=olga, to=nobody)
        with pytest.raises(Forbidden):
            cases.give_back_case(case.pk, actor=nobody)
    case.refresh_from_db()
    assert case.assignee == "user:otto"
    cases.give_back_case(case.pk, actor=olga)
    case.refresh_from_db()
    assert case.assignee == ""


def test_a_question_and_its_answer(case, alice, olga):
    cases.request_information(case.pk, "Who will use the GPUs, and where do they sit?", actor=olga)
    case.refresh_from_db()
    assert case.state == "awaiting_party"
    cases.answer_request(case.pk, "St. Anna Hospital, Zurich.", actor=alice)
    case.refresh_from_db()
    assert case.state == "open"
    assert [note.kind for note in case.notes.all()] == ["request", "answer"]
    with pytest.raises(NotFound):
        cases.answer_request(case.pk, "And another thing.", actor=alice)


def test_a_proposal_can_be_returned(case, olga, otto):
    proposed(case, olga)
    returned = cases.return_case(case.pk, "Which hospital?", actor=otto)
    assert (returned.state, returned.proposed_by) == ("open", "")


def test_a_party_that_changed_after_the_proposal_stops_the_release(case, lion, alice, olga, otto):
    proposed(case, olga)
    parties.update_party(lion.pk, PartyInput("entity", "Other Name", "SG"), actor=alice)
    with pytest.raises(cases.PartyChanged):
        cases.approve_disposition(case.pk, "Agreed.", actor=otto)
    cases.return_case(case.pk, "The name changed.", actor=otto)
    proposed(case, olga)
    cases.approve_disposition(case.pk, "Agreed.", actor=otto)
    lion.refresh_from_db()
    assert Finding.objects.get().subject_hash == lion.subject_hash


def test_a_closed_case_stays_closed(case, olga, otto):
    proposed(case, olga)
    cases.approve_disposition(case.pk, "Agreed.", actor=otto)
    for deed in (
        lambda: cases.add_note(case.pk, "x", actor=olga),
        lambda: proposed(case, olga),
        lambda: cases.approve_disposition(case.pk, "x", actor=olga),
    ):
        with pytest.raises(Conflict):
            deed()


@pytest.mark.parametrize(
    ("disposition", "reason"), [("drop", "same_party"), ("release", "same_party"), ("confirm", "")]
)
def test_dispositions_carry_a_fitting_reason(case, olga, disposition, reason):
    with pytest.raises(InvalidInput):
        cases.propose_disposition(case.pk, disposition, reason, "Because.", actor=olga)


def test_release_lifts_what_the_case_froze_and_nothing_else(lion, case, olga, otto, django_capture_on_commit_callbacks):
    heard = []
    restriction_lifted.connect(lambda **kw: heard.append(("lifted", kw["party_id"])), weak=False, dispatch_uid="t1")
    case_closed.connect(lambda **kw: heard.append(("closed", kw["case_id"])), weak=False, dispatch_uid="t2")
    try:
        restrictions.impose(lion.pk, "SCREENING_HIT", case=case, actor=SYSTEM)
        other = restrictions.impose(lion.pk, "COURT_ORDER", actor=olga)
        proposed(case, olga)
        with django_capture_on_commit_callbacks(execute=True):
            cases.approve_disposition(case.pk, "Agreed.", actor=otto)
    finally:
        restriction_lifted.disconnect(dispatch_uid="t1")
        case_closed.disconnect(dispatch_uid="t2")
    assert sorted(heard) == sorted([("lifted", lion.pk), ("closed", case.pk)])
    assert is_restricted(lion.pk)
    with pytest.raises(Forbidden):
        restrictions.lift(other.pk, actor=SYSTEM)
    with pytest.raises(restrictions.LiftNotProposed):
        restrictions.lift(other.pk, actor=otto)
    restrictions.propose_lift(other.pk, "The order was withdrawn.", actor=otto)
    with pytest.raises(FourEyesRequired):
        restrictions.lift(other.pk, actor=otto)
    assert is_restricted(lion.pk)
    restrictions.lift(other.pk, actor=olga)
    assert not is_restricted(lion.pk)


def test_imposing_twice_is_imposing_once(lion, case):
    first = restrictions.impose(lion.pk, "SCREENING_HIT", case=case, actor=SYSTEM)
    assert restrictions.impose(lion.pk, "SCREENING_HIT", case=case, actor=SYSTEM).pk == first.pk
    assert Restriction.objects.count() == 1


def test_overdue_cases_are_escalated_once_per_deadline(case, olga, clock):
    clock.advance(days=3)
    assert cases.escalate_overdue(actor=SYSTEM) == 1
    assert cases.escalate_overdue(actor=SYSTEM) == 0
    case.refresh_from_db()
    assert case.priority == Case.Priority.URGENT
    assert case.escalated_at == clock.now()
    cases.request_information(case.pk, "Who will use the GPUs?", actor=olga)
    clock.advance(days=14)
    assert cases.escalate_overdue(actor=SYSTEM) == 1
    case.refresh_from_db()
    assert case.state == "open"
