"""A question reaches the organization by one letter that says nothing of why."""

import smtplib

import pytest

from compliance.base.audit import AuditEvent
from compliance.models import Case
from compliance.services import cases
from marketplace.services import mail
from marketplace.services.question_letters import write_about_questions
from tests.cast import Cast

pytestmark = pytest.mark.django_db
QUESTION = "Whose hospital is it, and where?"


@pytest.fixture
def asked(cast: Cast, clock, mailoutbox) -> Case:
    """A case in which Alice's organization was asked something."""
    case = cases.open_case(
        kind="gate_review", summary="?", reason_codes=["X"], party=cast.lion.party, actor=cast.olga.as_actor()
    )
    cases.request_information(case.pk, QUESTION, actor=cast.olga.as_actor())
    mailoutbox.clear()
    case.refresh_from_db()
    return case


def test_owners_have_one_letter_that_says_nothing_of_why(cast: Cast, asked: Case, mailoutbox):
    assert [write_about_questions() for _ in range(2)] == [1, 0]
    (letter,) = mailoutbox
    assert (letter.to, letter.subject) == (["alice@lion.example"], "We have a question for you")
    assert f"{asked.state_deadline_at:%d %B %Y}" in letter.body
    for secret in ("hospital", "case", "match", "list", "review", "compliance", "olga", str(asked.pk)):
        assert secret not in letter.body.casefold().replace("verification", "")
    assert AuditEvent.objects.filter(event="case.party_told").count() == 1


def test_a_letter_that_was_not_taken_is_sent_later(cast: Cast, asked: Case, mailoutbox, monkeypatch, clock):
    send = mail.send

    def refuse(*_: object) -> None:
        raise smtplib.SMTPServerDisconnected

    monkeypatch.setattr(mail, "send", refuse)
    assert write_about_questions() == 0
    monkeypatch.setattr(mail, "send", send)
    assert write_about_questions() == 0, "another writer may be at it still"
    clock.advance(minutes=10)
    assert write_about_questions() == 1
    assert len(mailoutbox) == 1


def test_what_was_answered_before_the_letter_needs_none(cast: Cast, asked: Case, mailoutbox):
    cases.answer_request(asked.pk, "Ours.", actor=cast.alice.as_actor())
    assert write_about_questions() == 0
    assert mailoutbox == []
