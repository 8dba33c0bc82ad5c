"""Past answers as officers see them: one whose state changed has ended, before the gate is asked again."""

import pytest

from compliance.base.actor import Actor
from compliance.models import Case, Decision, Finding, Screening
from compliance.selectors.answers import STATE_CHANGED, answers_about
from compliance.services import cases, gate, parties, past_answers
from compliance.services.past_answers import as_of_now
from tests.factories.compliance import OFFICER, SECOND_OFFICER, company, lease_request, owner, person, verified_company

pytestmark = pytest.mark.django_db

ACTOR = Actor("user", "renter")
CODE = "joint_headquarters"


def holders(one, two):
    """Two companies of China hold so much in percent; who is no matter for the rule holds the rest."""
    yield from (owner(company(f"Sample Holding {name}", "CN"), share) for name, share in (("One", one), ("Two", two)))
    yield owner(person("Ng Hui Min"), 100 - one - two)


@pytest.fixture
def renter(db):
    return verified_company("Lion City Labs Pte Ltd", "SG", tuple(holders(26, 26)))


@pytest.fixture
def answered(renter):
    """Two officers released what the gate asked about the renter and its owners."""
    provider = verified_company("Brisbane Compute Pty Ltd", "AU")
    request = lease_request(renter, provider)
    assert CODE in {reason["code"] for reason in gate.evaluate(request, actor=ACTOR).reasons}
    case = Case.objects.get(kind="gate_review")
    cases.propose_disposition(case.pk, "release", "licence_held", "A licence is on file.", actor=OFFICER)
    cases.approve_disposition(case.pk, "Agreed.", actor=SECOND_OFFICER)
    assert gate.evaluate(request, actor=ACTOR).outcome == "ALLOW"
    return request


def declare(renter, one, two):
    edges = {edge.owner.name: edge.owner_id for edge in renter.owners.select_related("owner")}
    told = [owner(edges["Sample Holding One"], one), owner(edges["Sample Holding Two"], two)]
    rest = owner(edges["Ng Hui Min"], 100 - one - two)
    parties.declare_ownership(renter.pk, [*told, *([rest] if one + two < 100 else [])], True, actor=ACTOR)


def ended(renter):
    return {each.about: each.ended_by for each in as_of_now(answers_about(renter)) if each.finding_id}


def test_an_answer_ends_when_only_what_it_rested_on_changes(renter, answered):
    assert ended(renter)[CODE] == ""
    declare(renter, 50, 50)
    renter.refresh_from_db()
    counts = [model.objects.count() for model in (Case, Decision, Screening)]
    assert ended(renter)[CODE] == STATE_CHANGED
    assert [model.objects.count() for model in (Case, Decision, Screening)] == counts, "asking changes nothing"
    # The party's own form alone does not tell it.
    assert {each.ended_by for each in answers_about(renter)} == {""}
    assert CODE in {reason["code"] for reason in gate.evaluate(answered, actor=ACTOR).reasons}


def test_an_answer_holds_while_it_is_asked_the_same_or_not_at_all(renter, answered):
    declare(renter, 26.0, 26)
    assert ended(renter)[CODE] == ""
    declare(renter, 4, 4)
    assert ended(renter).get(CODE) == ""


def test_only_so_many_decisions_are_asked_about(renter, answered, monkeypatch):
    declare(renter, 50, 50)
    monkeypatch.setattr(past_answers, "MOST_ASKED", 0)
    assert ended(renter)[CODE] == ""
    assert Finding.objects.exists()
