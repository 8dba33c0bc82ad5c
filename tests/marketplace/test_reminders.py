"""Owners are told in time that a verification runs out, once for each reminder, whoever dies meanwhile."""

import pytest
from django.test import Client

from compliance.base.audit import AuditEvent
from compliance.selectors.identity import reminders_due
from compliance.services import identity_expiry
from marketplace.services import mail, reminders
from tests.cast import Cast
from tests.factories import proofs


def letters(mailoutbox, subject: str = "") -> list[tuple[str, str]]:
    return sorted((letter.to[0], letter.subject) for letter in mailoutbox if subject in letter.subject)


def test_reminders_come_thirty_seven_and_one_day_before(cast: Cast, clock, mailoutbox):
    clock.advance(days=334)
    assert reminders.remind_of_expiry() == 0
    clock.advance(days=1)
    assert reminders.remind_of_expiry() == 3
    assert letters(mailoutbox) == [
        ("alice@lion.example", "Renew your verification: 30 days left"),
        ("charlie@strange.example", "Renew your verification: 30 days left"),
        ("pia@brisbane.example", "Renew your verification: 30 days left"),
    ]
    assert reminders.remind_of_expiry() == 0
    clock.advance(days=23)
    assert reminders.remind_of_expiry() == 3
    clock.advance(days=6)
    assert reminders.remind_of_expiry() == 3
    assert len(letters(mailoutbox, "1 day left")) == 3
    assert AuditEvent.objects.filter(event="identity.reminded").count() == 9
    clock.advance(days=1)
    assert reminders.remind_of_expiry() == 0


def test_only_the_nearest_reminder_comes_after_a_silence(cast: Cast, clock, mailoutbox):
    clock.advance(days=364)
    reminders.remind_of_expiry()
    assert [subject for _, subject in letters(mailoutbox)] == ["Renew your verification: 1 day left"] * 3


def test_a_letter_goes_to_owners_alone_and_names_no_other(cast: Cast, clock, mailoutbox):
    clock.advance(days=340)
    reminders.remind_of_expiry()
    assert {address for letter in mailoutbox for address in letter.recipients()} == {
        "alice@lion.example",
        "charlie@strange.example",
        "pia@brisbane.example",
    }
    assert all(len(letter.recipients()) == 1 for letter in mailoutbox)


def test_a_renewal_under_way_silences_them(cast: Cast, clock, mailoutbox):
    clock.advance(days=340)
    proofs.submitted(cast.lion.party_id, "business", actor=cast.alice.as_actor())
    reminders.remind_of_expiry()
    assert "alice@lion.example" not in {letter.to[0] for letter in mailoutbox}


def test_a_sender_that_dies_is_followed_by_another(cast: Cast, clock, mailoutbox):
    clock.advance(days=340)
    (first, *_) = reminders_due()
    assert identity_expiry.claim_reminder(first) == 30
    assert identity_expiry.claim_reminder(first) is None, "somebody is at it"
    assert reminders.remind_of_expiry() == 2
    clock.advance(minutes=11)
    assert reminders.remind_of_expiry() == 1


def test_a_mail_server_that_is_down_loses_nothing(cast: Cast, clock, mailoutbox, monkeypatch):
    clock.advance(days=340)

    def fail(*_: object) -> None:
        raise ConnectionRefusedError

    with monkeypatch.context() as patch:
        patch.setattr(mail, "send", fail)
        assert reminders.remind_of_expiry() == 0
    clock.advance(minutes=11)
    assert reminders.remind_of_expiry() == 3


@pytest.mark.parametrize("days", [335, 365])
def test_the_page_says_so_too(cast: Cast, clock, days):
    clock.advance(days=days)
    client = Client()
    client.force_login(cast.alice)
    page = client.get("/verification").content.decode()
    assert ("Verified for 30 more days" in page) is (days == 335)
