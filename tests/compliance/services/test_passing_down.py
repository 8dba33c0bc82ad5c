"""What holds a listed party holds whatever it owns to half or more, with or without a running lease."""

import pytest

from compliance.base.actor import system
from compliance.models import Case, Match, Party, Report, Restriction
from compliance.selectors.restrictions import is_restricted
from compliance.services import cases, ownership, restrictions
from compliance.services.rescreening import rescreen_all
from tests.factories.compliance import OFFICER, SECOND_OFFICER, load_sample_lists, owner, verified_company

pytestmark = pytest.mark.django_db

SWEEP = system("tests")


@pytest.fixture
def listed(db) -> Party:
    """A company that bears the name of one whose property OFAC blocks; not yet found."""
    load_sample_lists()
    entry = Match._meta.get_field("listed_party").related_model.objects
    name = entry.filter(kind="entity", blocked=True, authority="OFAC").order_by("primary_name").first().primary_name
    return verified_company(name, "SG", address="1 Quay Street", registration_number="201912345K")


@pytest.fixture
def idle(db) -> Party:
    """A company with nothing running."""
    return verified_company("Harbour Idle Holdings Pte Ltd", "SG")


def own(owned: Party, *shares: tuple[Party, int]) -> None:
    owners = [owner(each.pk, share) for each, share in shares]
    ownership.declare_ownership(owned.pk, owners, complete=False, actor=SWEEP)


def decide(case: Case, disposition: str, reason: str) -> None:
    cases.propose_disposition(case.pk, disposition, reason, "I looked.", actor=OFFICER)
    cases.approve_disposition(case.pk, "So did I.", actor=SECOND_OFFICER)


def case_of(party: Party) -> Case:
    return Case.objects.get(party=party, kind=Case.Kind.SCREENING_HIT)


def kinds_of(party: Party) -> list[str]:
    rows = Restriction.objects.filter(party=party, lifted_at=None)
    return sorted(rows.values_list("kind", flat=True))


def test_a_hit_freezes_what_the_party_owns_and_a_confirmation_blocks_it(listed, idle):
    own(idle, (listed, 50))
    rescreen_all(actor=SWEEP)
    assert kinds_of(idle) == ["freeze"]
    decide(case_of(listed), "confirm", "same_party")
    assert kinds_of(idle) == ["blocked", "freeze"]
    assert {row.party for row in Report.objects.filter(kind=Report.Kind.BLOCKED)} == {listed, idle}


def test_less_than_half_holds_nobody(listed, idle):
    own(idle, (listed, 49))
    rescreen_all(actor=SWEEP)
    decide(case_of(listed), "confirm", "same_party")
    assert kinds_of(idle) == []


def test_shares_of_two_who_are_held_are_added_up(listed, idle):
    """OFAC FAQ 399."""
    other = verified_company("Quay Thirty Pte Ltd", "SG")
    own(other, (listed, 90))
    own(idle, (listed, 20), (other, 30))
    rescreen_all(actor=SWEEP)
    assert kinds_of(other) == kinds_of(idle) == ["freeze"]


def test_who_is_sold_to_a_held_party_is_held(listed, idle):
    rescreen_all(actor=SWEEP)
    decide(case_of(listed), "confirm", "same_party")
    assert not is_restricted(idle.pk)
    own(idle, (listed, 60))
    assert kinds_of(idle) == ["blocked", "freeze"]
    own(idle, (listed, 10))
    assert kinds_of(idle) == ["blocked", "freeze"], "property that is blocked stays so until two officers release it"


def test_a_release_frees_what_no_other_holds(listed, idle):
    own(idle, (listed, 60))
    rescreen_all(actor=SWEEP)
    decide(case_of(listed), "release", "different_party")
    assert kinds_of(listed) == kinds_of(idle) == []


def test_a_release_frees_nothing_that_another_holds(listed, idle):
    other = verified_company(listed.name, "SG", address="2 Quay Street", registration_number="201912346M")
    own(idle, (listed, 50), (other, 50))
    rescreen_all(actor=SWEEP)
    for case in (case_of(listed), case_of(other)):
        assert kinds_of(idle) == ["freeze"]
        decide(case, "release", "different_party")
    assert kinds_of(idle) == []


def test_what_an_officer_ordered_by_itself_is_not_passed_down(listed, idle):
    own(idle, (listed, 60))
    restrictions.impose(listed.pk, "OTHER", actor=OFFICER)
    own(idle, (listed, 70))
    assert kinds_of(idle) == []
