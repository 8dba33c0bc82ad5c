"""The same false positive in many cases: proposed once, approved by another, undone whole until it is sealed."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from compliance.base.actor import SYSTEM, system
from compliance.base.audit import AuditEvent
from compliance.base.errors import Forbidden, IllegalTransition, InvalidInput, NotFound
from compliance.models import Case, CaseBatch, Match, Party, WatchlistVersion
from compliance.selectors.answers import answers_about
from compliance.selectors.case_batches import Entry, preview, progress_of, repeated_entries
from compliance.selectors.case_notes import opened_notes
from compliance.selectors.restrictions import is_restricted
from compliance.services import case_batches, cases, list_hits, parties, screening
from compliance.services.findings import Question
from compliance.services.officers import FourEyesRequired
from compliance.services.parties import PartyInput
from tests.compliance.services.lists_by_hand import screening_list
from tests.factories.compliance import load_sample_lists
from tests.factories.namesakes import WHY, case_of, entry, hit

pytestmark = pytest.mark.django_db

SWEEP = system("cases")
NAME = "Kestrel Harrow Logistics GmbH"
LISTED = (1, "KESTREL HARROW LOGISTICS GMBH", {"addresses": "Hamburg, DE", "ids": "HRB 4711, Registration Number, DE"})


@pytest.fixture
def path(tmp_path):
    """A list that names the company."""
    load_sample_lists()
    WatchlistVersion.objects.filter(watchlist="us_csl").update(state="superseded")
    screening_list(tmp_path / "us_csl.csv", LISTED)
    return tmp_path / "us_csl.csv"


@pytest.fixture
def namesakes(path, clock, alice):
    """Four companies of that name, each frozen, each with a case."""
    return [hit(country, NAME, actor=alice) for country in ("NL", "BE", "FR", "PL")]


def propose(chosen, actor, why=WHY) -> CaseBatch:
    """The batch, all its cases proposed."""
    batch = case_batches.propose_batch(entry(), [case_of(party).pk for party in chosen], why, actor=actor)
    case_batches.work_batch(batch.pk, actor=SWEEP)
    batch.refresh_from_db()
    return batch


def seal(batch, clock) -> CaseBatch:
    clock.advance(seconds=case_batches.SEAL_AFTER.total_seconds())
    case_batches.sweep_batches(actor=SWEEP)
    batch.refresh_from_db()
    return batch


def test_two_officers_release_what_they_chose_and_nothing_else(namesakes, clock, olga, otto):
    *chosen, left = namesakes
    assert repeated_entries()[0].cases == 4
    batch = propose(chosen, olga)
    assert batch.state == "proposed"
    assert {case_of(party).state for party in chosen} == {"awaiting_approval"}
    case_batches.approve_batch(batch.pk, "Struck off indeed.", actor=otto)
    case_batches.sweep_batches(actor=SWEEP)
    assert all(is_restricted(party.pk) for party in namesakes), "nothing takes effect before it is sealed"
    assert seal(batch, clock).state == "sealed"
    for party in chosen:
        case = case_of(party)
        assert (case.disposition, case.proposal_reason) == ("release", "different_party")
        assert (case.proposed_by, case.approved_by) == ("user:olga", "user:otto")
        assert not is_restricted(party.pk)
        assert set(Match.objects.filter(party=party).values_list("state", flat=True)) == {"false_positive"}
        assert [WHY in note.body for note in opened_notes(case.notes.all())] == [True, False]
    assert case_of(left).state == "open"
    assert is_restricted(left.pk)
    assert progress_of(batch) == {"released": 3}


def test_what_was_cleared_in_a_batch_asks_again_when_party_or_entry_changes(namesakes, path, clock, alice, olga, otto):
    batch = propose(namesakes, olga)
    case_batches.approve_batch(batch.pk, "Agreed.", actor=otto)
    seal(batch, clock)
    same, moved, *_ = namesakes
    list_hits.handle_screening(screening.screen_party(same.pk, trigger="gate"), actor=SYSTEM)
    assert Case.objects.filter(party=same).count() == 1, "the same facts and the same entry stay answered"
    parties.update_party(moved.pk, PartyInput("entity", NAME, "DE"), actor=alice)
    list_hits.handle_screening(screening.screen_party(moved.pk, trigger="gate"), actor=SYSTEM)
    assert Case.objects.filter(party=moved).count() == 2
    clock.advance(seconds=60)
    screening_list(path, (1, LISTED[1], {**LISTED[2], "addresses": "Rotterdam, NL"}))
    list_hits.handle_screening(screening.screen_party(same.pk, trigger="gate"), actor=SYSTEM)
    assert Case.objects.filter(party=same).count() == 2


def test_nobody_approves_their_own_batch(namesakes, olga):
    batch = propose(namesakes, olga)
    with pytest.raises(FourEyesRequired):
        case_batches.approve_batch(batch.pk, "Agreed with myself.", actor=olga)
    for by in ("", "user:olga"):
        with pytest.raises(IntegrityError), transaction.atomic():
            CaseBatch.objects.filter(pk=batch.pk).update(state="approved", approved_by=by)


def test_a_batch_is_undone_whole_until_it_is_sealed(namesakes, clock, olga, otto):
    batch = propose(namesakes, olga)
    case_batches.approve_batch(batch.pk, "Agreed.", actor=otto)
    clock.advance(seconds=case_batches.SEAL_AFTER.total_seconds() - 1)
    case_batches.undo_batch(batch.pk, actor=olga)
    assert seal(batch, clock).state == "undone"
    assert progress_of(batch) == {"returned": 4}
    for party in namesakes:
        case = case_of(party)
        assert (case.state, case.proposed_by, case.proposal_reason) == ("open", "", "")
        assert is_restricted(party.pk)
    again = propose(namesakes, otto)
    case_batches.approve_batch(again.pk, "Agreed.", actor=olga)
    assert seal(again, clock).state == "sealed"
    with pytest.raises(IllegalTransition):
        case_batches.undo_batch(again.pk, actor=olga)
    assert case_of(namesakes[0]).state == "closed"


def test_a_batch_that_nobody_approves_ends(namesakes, clock, olga, otto):
    batch = propose(namesakes, olga)
    clock.advance(hours=24)
    case_batches.sweep_batches(actor=SWEEP)
    batch.refresh_from_db()
    assert batch.state == "undone"
    assert {case_of(party).state for party in namesakes} == {"open"}
    with pytest.raises(IllegalTransition):
        case_batches.approve_batch(batch.pk, "Too late.", actor=otto)


def test_work_that_dies_half_way_is_done_by_the_next_run(namesakes, clock, olga, otto, monkeypatch):
    batch = propose(namesakes, olga)
    case_batches.approve_batch(batch.pk, "Agreed.", actor=otto)
    real, done = cases.approve_disposition, []

    def dies(case_id, *args, **kwargs):
        if len(done) == 2:
            raise ConnectionError("the worker was killed")
        done.append(case_id)
        return real(case_id, *args, **kwargs)

    monkeypatch.setattr(cases, "approve_disposition", dies)
    with pytest.raises(ConnectionError):
        seal(batch, clock)
    batch.refresh_from_db()
    assert (batch.state, progress_of(batch)) == ("sealing", {"released": 2, "proposed": 2})
    monkeypatch.undo()
    for _ in range(2):
        case_batches.sweep_batches(actor=SWEEP)
    batch.refresh_from_db()
    assert (batch.state, progress_of(batch)) == ("sealed", {"released": 4})
    events = AuditEvent.objects.filter(event="case.closed", subject_id__in=[str(case_of(p).pk) for p in namesakes])
    assert events.count() == 4


def test_a_case_that_became_another_question_is_left_out(namesakes, clock, alice, olga, otto):
    _, moved, returned, again = namesakes
    batch = propose(namesakes, olga)
    parties.update_party(moved.pk, PartyInput("entity", NAME, "DE"), actor=alice)
    cases.return_case(case_of(returned).pk, "Look once more.", actor=otto)
    cases.return_case(case_of(again).pk, "Look once more.", actor=otto)
    cases.propose_disposition(case_of(again).pk, "confirm", "same_party", "It is they.", actor=olga)
    case_batches.approve_batch(batch.pk, "Agreed.", actor=otto)
    assert seal(batch, clock).state == "sealed"
    assert [case_of(party).state for party in namesakes] == ["closed", "open", "open", "awaiting_approval"]
    why = dict(batch.items.values_list("case__party", "why_skipped"))
    assert [why[party.pk] for party in namesakes] == ["", "party_changed", "decided_otherwise", "decided_otherwise"]
    assert [is_restricted(party.pk) for party in namesakes] == [False, True, True, True]


def test_undoing_keeps_what_was_decided_otherwise(namesakes, olga, otto):
    batch = propose(namesakes, olga)
    cases.approve_disposition(case_of(namesakes[0]).pk, "This one is sure.", actor=otto)
    case_batches.undo_batch(batch.pk, actor=otto)
    case_batches.work_batch(batch.pk, actor=SWEEP)
    assert [case_of(party).state for party in namesakes] == ["closed", "open", "open", "open"]


def test_a_batch_without_a_case_left_ends(namesakes, olga, otto):
    batch = case_batches.propose_batch(entry(), [case_of(namesakes[0]).pk], WHY, actor=olga)
    cases.request_information(case_of(namesakes[0]).pk, "Where do you sit?", actor=otto)
    for _ in range(2):
        case_batches.work_batch(batch.pk, actor=SWEEP)
    batch.refresh_from_db()
    assert (batch.state, progress_of(batch)) == ("undone", {"skipped": 1})
    assert case_of(namesakes[0]).state == "awaiting_party"


def test_what_may_be_the_listed_party_wants_a_look_of_its_own(namesakes, olga):
    same = hit("NL", NAME, registration_number="HRB 4711")
    asked = namesakes[1]
    cases.request_information(case_of(asked).pk, "Where do you sit?", actor=olga)
    found = {each.case.party_id: each for each in preview(entry()).candidates}
    assert found[same.pk].why_not == "Registration agrees."
    assert found[asked.pk].why_not == "It waits for the party's answer."
    assert found[namesakes[0].pk].why_not == ""
    assert not found[namesakes[0].pk].chosen, "a strong match is never suggested"
    for party in (same, asked):
        with pytest.raises(case_batches.NotOneFalsePositive, match=f"Case {case_of(party).number} wants"):
            propose([namesakes[0], party], olga)
    assert not CaseBatch.objects.exists()


def test_a_party_that_resembles_two_entries_is_no_matter_for_a_batch(path, clock, olga):
    screening_list(path, LISTED, (2, "KESTREL HARROW LOGISTIK GMBH", {"addresses": "Berlin, DE"}))
    first, second = hit("NL", NAME), hit("BE", NAME)
    assert Match.objects.filter(party=first).count() == 2
    assert {each.why_not for each in preview(entry()).candidates} == {"The party resembles another entry too."}
    with pytest.raises(case_batches.NotOneFalsePositive):
        propose([first, second], olga)


@pytest.mark.parametrize("why", ["", "  ", "x" * 2001, f"It is not {NAME} of Rotterdam."])
def test_the_text_is_about_the_entry(namesakes, olga, why):
    with pytest.raises(InvalidInput):
        propose(namesakes, olga, why)
    assert not CaseBatch.objects.exists()


def test_a_batch_holds_cases_about_its_entry_alone(namesakes, lion, olga):
    other = cases.open_case(kind="gate_review", summary="Else.", reason_codes=["X"], party=lion, actor=SYSTEM)
    with pytest.raises(case_batches.NotOneFalsePositive):
        case_batches.propose_batch(entry(), [case_of(namesakes[0]).pk, other.pk], WHY, actor=olga)
    with pytest.raises(InvalidInput):
        case_batches.propose_batch(entry(), [], WHY, actor=olga)
    with pytest.raises(NotFound):
        preview(Entry("us_csl", "1", "an older wording"))


def test_only_officers_handle_batches(namesakes, alice, operator, olga):
    batch = propose(namesakes, olga)
    for actor in (alice, operator, SYSTEM):
        for deed in (
            lambda a: case_batches.propose_batch(entry(), [case_of(namesakes[0]).pk], WHY, actor=a),
            lambda a: case_batches.approve_batch(batch.pk, "x", actor=a),
            lambda a: case_batches.undo_batch(batch.pk, actor=a),
        ):
            with pytest.raises(Forbidden):
                deed(actor)


def test_the_preview_asks_as_much_of_many_cases_as_of_few(namesakes):
    with CaptureQueriesContext(
        connection,
    ) as few:
        preview(entry())
    for country in ("IT", "ES", "AT", "CZ"):
        hit(country, NAME)
    with CaptureQueriesContext(connection) as many:
        assert len(preview(entry()).candidates) == 8
    assert len(many) == len(few) <= 9


def test_answers_say_what_ended_them(namesakes, path, clock, alice, olga, otto):
    batch = propose(namesakes[:2], olga)
    case_batches.approve_batch(batch.pk, "Agreed.", actor=otto)
    seal(batch, clock)
    first, second = (Party.objects.get(pk=party.pk) for party in namesakes[:2])
    assert [(each.about, each.case_number, each.ended_by) for each in answers_about(first)] == [
        (LISTED[1], case_of(first).number, "")
    ]
    assert answers_about(namesakes[2]) == []
    parties.update_party(first.pk, PartyInput("entity", NAME, "DE"), actor=alice)
    assert [each.ended_by for each in answers_about(Party.objects.get(pk=first.pk))] == ["The party changed"]
    clock.advance(seconds=60)
    screening_list(path, (1, LISTED[1], {**LISTED[2], "addresses": "Rotterdam, NL"}))
    assert [each.ended_by for each in answers_about(second)] == ["The entry changed or went"]


def test_an_answer_to_a_reason_lapses(lion, clock, olga, otto):
    question = Question(lion.pk, "END_USER_UNDISCLOSED", "x")
    made = cases.open_case(
        kind="gate_review", summary="Whom?", reason_codes=["X"], party=lion, questions=[question], actor=SYSTEM
    )
    cases.propose_disposition(made.pk, "release", "end_user_known", "Named.", actor=olga)
    cases.approve_disposition(made.pk, "Agreed.", actor=otto)
    assert [each.ended_by for each in answers_about(lion)] == [""]
    clock.advance(days=180)
    assert [each.ended_by for each in answers_about(lion)] == ["It lapsed"]
