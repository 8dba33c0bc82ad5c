"""A release's answers are withdrawn by one officer: what they let through is asked anew, and a strong match freezes."""

import pytest

from compliance.base.audit import AuditEvent
from compliance.base.errors import Conflict, Forbidden, InvalidInput, NotFound
from compliance.models import Case, Finding, Match, Party, Screening
from compliance.selectors.case_notes import opened_notes
from compliance.selectors.hits import present_matches
from compliance.selectors.restrictions import is_restricted
from compliance.services import cases, list_hits, screening
from compliance.services.withdrawals import withdraw_answers
from compliance.signals import facts_moved
from tests.factories import namesakes
from tests.factories.compliance import OFFICER, OPERATOR, RENTER_OWNER, SECOND_OFFICER, load_sample_lists

pytestmark = pytest.mark.django_db


def released(case: Case) -> Case:
    cases.propose_disposition(case.pk, "release", "different_party", "Another company.", actor=OFFICER)
    return cases.approve_disposition(case.pk, "So I see it.", actor=SECOND_OFFICER)


@pytest.fixture
def party(clock) -> Party:
    """A company that bears a listed name, and was said to be another one."""
    load_sample_lists()
    (found,) = namesakes.of_a_listed_party(["NL"])
    released(namesakes.case_of(found))
    return found


def case_of(party: Party) -> Case:
    return Case.objects.filter(party=party).order_by("number")[0]


def test_what_was_another_party_is_asked_again_and_a_strong_match_freezes(party: Party, clock):
    assert not present_matches({party.pk: party})
    assert not is_restricted(party.pk)
    before = Match.objects.filter(party=party, state="false_positive").count()
    assert before
    assert withdraw_answers(case_of(party).pk, "The registers say otherwise.", actor=OFFICER) >= before
    assert {row.state for row in Match.objects.filter(party=party)} == {"open"}
    (again,) = Case.objects.filter(party=party).exclude(state="closed")
    assert again.kind == Case.Kind.SCREENING_HIT
    strong = Match.objects.filter(party=party, strength="strong").exists()
    assert is_restricted(party.pk) == strong
    events = set(AuditEvent.objects.values_list("event", flat=True))
    assert {"case.answers_withdrawn", "match.reopened"} <= events
    (note,) = [note for note in opened_notes(case_of(party).notes.all()) if "withdrawn" in note.body]
    assert note.author == OFFICER.ref
    assert "registers" not in str(list(AuditEvent.objects.values_list("data", flat=True)))


def test_later_screenings_carry_a_withdrawn_answer_no_more(party: Party, clock):
    Screening.objects.filter(party=party).update(list_versions={})
    screening.screen_party(party.pk, trigger="gate")
    assert Match.objects.filter(party=party, state="false_positive").count() >= 2
    withdraw_answers(case_of(party).pk, "No.", actor=OFFICER)
    assert not Match.objects.filter(party=party, state="false_positive").exists()
    Screening.objects.filter(party=party).update(list_versions={})
    row = screening.screen_party(party.pk, trigger="gate")
    assert {match.state for match in list_hits.pending_matches(row)} == {"open"}


def test_findings_end_and_whoever_is_served_is_judged_again(party: Party, clock, django_capture_on_commit_callbacks):
    told: list[list[object]] = []

    def listen(party_ids: list[object], what: str, **_: object) -> None:
        told.append([what, *party_ids])

    facts_moved.connect(listen)
    try:
        case = case_of(party)
        with django_capture_on_commit_callbacks(execute=True):
            withdraw_answers(case.pk, "No.", actor=OFFICER)
    finally:
        facts_moved.disconnect(listen)
    assert ["answer", party.pk] in told
    assert not Finding.objects.filter(case=case, expires_at__gt=clock.now()).exists()


def test_what_holds_no_more_or_was_no_release_is_not_withdrawn(party: Party, clock):
    case = case_of(party)
    withdraw_answers(case.pk, "No.", actor=OFFICER)
    with pytest.raises(Conflict):
        withdraw_answers(case.pk, "Again.", actor=OFFICER)
    (again,) = Case.objects.filter(party=party).exclude(state="closed")
    with pytest.raises(NotFound):
        withdraw_answers(again.pk, "It is open.", actor=OFFICER)


def test_only_an_officer_with_a_reason_withdraws(party: Party, clock):
    case = case_of(party)
    for nobody in (OPERATOR, RENTER_OWNER):
        with pytest.raises(Forbidden):
            withdraw_answers(case.pk, "No.", actor=nobody)
    for reason in ("", " ", "x" * 4_001):
        with pytest.raises(InvalidInput):
            withdraw_answers(case.pk, reason, actor=OFFICER)
    assert Match.objects.filter(party=party, state="false_positive").exists()
