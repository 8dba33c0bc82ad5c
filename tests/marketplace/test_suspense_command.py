"""The command by which two officers move money out of suspense: each with their own password."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from compliance.models import Case
from compliance.services.cases import approve_disposition
from marketplace.management.commands import suspense
from settlement.models import Explanation
from settlement.selectors.suspense import in_suspense
from tests.factories import marketplace as make
from tests.settlement.test_explanations import case_of, strange

NOBODYS = "This is no officer's e-mail address and password"


@pytest.fixture
def word(monkeypatch):
    """What is typed when a password is asked for."""
    typed = {"password": make.PASSWORD}
    monkeypatch.setattr(suspense.getpass, "getpass", lambda prompt: typed["password"])
    return typed


def run(*words: object) -> str:
    told = StringIO()
    call_command("suspense", *map(str, words), stdout=told)
    return told.getvalue()


def explain(transfer, case_id, by: str) -> str:
    number = Case.objects.get(pk=case_id).number
    return run("explain", transfer, "--case", number, "--to", "chargebacks", "--why", "By hand.", "--by", by)


def test_one_explains_another_approves_and_the_list_tells(cast, word, db):
    transfer = strange(-150)
    assert str(transfer) in run("list")
    assert "waits for a second officer" in explain(transfer, case_of(), cast.olga.email)
    assert "explanation" in run("list")
    row = Explanation.objects.get()
    with pytest.raises(CommandError, match="another officer must approve"):
        run("approve", row.pk, "--why", "Yes.", "--by", cast.olga.email)
    assert "case is closed" in run("approve", row.pk, "--why", "Yes.", "--by", cast.otto.email)
    assert (in_suspense(), run("list")) == ([], "")


def test_the_page_of_the_case_is_the_second_door(cast, word, django_capture_on_commit_callbacks):
    case_id = case_of()
    explain(strange(-150), case_id, cast.olga.email)
    with django_capture_on_commit_callbacks(execute=True):
        approve_disposition(case_id, "Seen.", actor=cast.otto.as_actor())
    assert Explanation.objects.get().state == "booked"
    assert in_suspense() == []


def test_without_an_officers_password_nothing_is_said(cast, word, db):
    transfer, case_id = strange(-150), case_of()
    for email in (cast.ned.email, cast.pia.email, "nobody@gridclear.example"):
        with pytest.raises(CommandError, match=NOBODYS):
            explain(transfer, case_id, email)
    word["password"] = "wrong"
    with pytest.raises(CommandError, match=NOBODYS):
        explain(transfer, case_id, cast.olga.email)
    assert not Explanation.objects.exists()
