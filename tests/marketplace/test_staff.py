"""Who becomes an officer or an operator, and who cannot."""

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from compliance.base.actor import system
from compliance.base.audit import AuditEvent
from compliance.base.errors import InvalidInput, NotFound
from marketplace.models import User
from marketplace.services import staff

ACTOR = system("tests")


def test_a_person_is_appointed_once_and_dismissed(db):
    User.objects.create_user("wanda@gridclear.example", "a-long-enough-password-26")
    for _ in range(2):
        assert staff.appoint("Wanda@gridclear.example ", "officer", actor=ACTOR).is_officer
    assert AuditEvent.objects.filter(event="user.appointed").count() == 1
    call_command("appoint", "wanda@gridclear.example", "none")
    assert not User.objects.get(email="wanda@gridclear.example").is_platform_staff


def test_a_login_is_made_with_the_appointment(db, monkeypatch):
    monkeypatch.setattr("getpass.getpass", lambda _: "a-long-enough-password-26")
    call_command("appoint", "vera@gridclear.example", "officer", "--create")
    assert User.objects.get(email="vera@gridclear.example").is_officer
    with pytest.raises(CommandError, match="There is an account"):
        call_command("appoint", "vera@gridclear.example", "officer", "--create")


def test_whoever_deals_here_cannot_judge(cast):
    with pytest.raises(staff.MemberCannotJudge):
        staff.appoint(cast.alice.email, "officer", actor=ACTOR)
    assert not User.objects.get(pk=cast.alice.pk).is_officer


def test_a_stranger_or_an_unknown_role_is_refused(db):
    with pytest.raises(NotFound):
        staff.appoint("nobody@gridclear.example", "officer", actor=ACTOR)
    with pytest.raises(InvalidInput):
        staff.appoint("nobody@gridclear.example", "king", actor=ACTOR)
    with pytest.raises(CommandError, match="Nobody here uses this"):
        call_command("appoint", "nobody@gridclear.example", "officer")
