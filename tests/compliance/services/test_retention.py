"""How long what is kept: clocks, classes, and the periods to the day."""

from datetime import timedelta
from uuid import uuid4

import pytest

from compliance.base import clock as platform_clock
from compliance.engine.personal import ERASED
from compliance.models import (
    Party,
    Report,
    RetentionClock,
)
from compliance.selectors.retention import kept, told_to_party
from compliance.services import (
    cases,
    gate,
    parties,
    report_drafts,
    restrictions,
    retention_clocks,
)
from compliance.services.erasure import StillKept, erase_due, erase_on_request
from tests.compliance.services.keeping import SWEEP, YEAR, at, lion, provider, sweep, until
from tests.factories.compliance import (
    OFFICER,
    RENTER_OWNER,
    SECOND_OFFICER,
    company,
    lease_request,
    verified_company,
)

__all__ = ["lion", "provider"]
pytestmark = pytest.mark.django_db


def test_a_party_that_never_dealt_goes_after_a_year(clock):
    dormant = parties.register_party(company("Dormant Ltd", "SG"), actor=RENTER_OWNER)
    clock.advance(days=360)
    assert sweep() == 0
    clock.advance(days=10)
    assert sweep() == 1
    assert sweep() == 0
    dormant.refresh_from_db()
    assert (dormant.name, dormant.country) == (ERASED, "SG")
    assert dormant.erased_at == clock.now()


def test_each_class_keeps_as_long_as_it_says(lion: Party, provider: Party, clock):
    assert until(lion).record_class == "identity"
    asked_at = clock.now()
    gate.evaluate(lease_request(lion, provider), actor=RENTER_OWNER)
    found = until(lion)
    # The verification is good for a year, and the relation ends with it.
    assert found.record_class == "identity"
    assert found.until >= asked_at + timedelta(days=6 * 365)
    refused = verified_company("Merlion Cloud Pte Ltd", "SG", headquarters_country="CN")
    gate.evaluate(lease_request(refused, provider), actor=RENTER_OWNER)
    assert until(refused).record_class == "sanctions"
    assert until(refused).until.year == asked_at.year + 10


def test_owners_are_kept_as_long_as_what_they_own(lion: Party, provider: Party, clock):
    gate.evaluate(lease_request(lion, provider), actor=RENTER_OWNER)
    tan = Party.objects.get(name="Tan Mei Ling")
    retention_clocks.refresh_clocks()
    assert [row.record_class for row in RetentionClock.objects.filter(party=tan)] == ["dormant"]
    (mine,), (theirs,) = kept([tan.pk]), kept([lion.pk])
    assert (mine.until, mine.record_class) == (theirs.until, theirs.record_class)
    clock.advance(days=2 * YEAR)
    assert sweep() == 0
    clock.advance(days=6 * YEAR)
    assert sweep() == Party.objects.filter(erased_at=clock.now()).count() >= 4
    assert Party.objects.filter(erased_at=None).count() == 0


def test_what_runs_or_is_restricted_does_not_end(lion: Party, clock):
    retention_clocks.refresh_clocks()
    retention_clocks.set_clocks("accounts", "settlement", [(lion.pk, None)])
    assert kept([lion.pk])[0].until is None
    clock.advance(days=30 * YEAR)
    assert erase_due(actor=SWEEP) == 0
    assert not Party.objects.filter(name="Tan Mei Ling", erased_at__isnull=False).exists()
    retention_clocks.set_clocks("accounts", "settlement", [])
    assert sweep() == 2


def test_a_class_that_the_schedule_does_not_know_keeps_for_ever(lion: Party, clock):
    retention_clocks.set_clocks("unheard_of", "somebody", [(lion.pk, clock.now())])
    clock.advance(days=30 * YEAR)
    assert sweep() == 0
    assert until(lion).until is None


def test_clocks_told_again_are_the_same_and_of_one_source_only(lion: Party, clock):
    for _ in range(2):
        retention_clocks.refresh_clocks()
        retention_clocks.set_clocks("dealings", "marketplace", [(lion.pk, clock.now()), (uuid4(), clock.now())])
    before = RetentionClock.objects.count()
    assert RetentionClock.objects.filter(record_class="dealings").count() == 1
    retention_clocks.set_clocks("dealings", "another", [])
    assert RetentionClock.objects.count() == before
    retention_clocks.set_clocks("dealings", "marketplace", [])
    assert RetentionClock.objects.count() == before - 1


# -- the periods, to the day -------------------------------------------------------------------------------------


def test_identity_is_kept_for_five_years_after_the_relation_and_no_day_less(lion: Party, clock):
    ends = lion.verifications.get().expires_at
    due = ends.replace(year=ends.year + 5)
    assert until(lion).until == due
    for moment in (ends, due - timedelta(days=1)):
        at(clock, moment)
        with pytest.raises(StillKept, match=rf"until {due:%Y-%m-%d} \(identity\)"):
            erase_on_request(lion.pk, actor=SWEEP)
        assert sweep() == 0
    at(clock, due + timedelta(seconds=1))
    erase_on_request(lion.pk, actor=SWEEP)
    assert Party.objects.get(pk=lion.pk).name == ERASED


def test_blocked_property_is_kept_for_ten_years_after_its_unblocking_and_no_day_less(clock):
    party = parties.register_party(company("Dormant Ltd", "SG"), actor=RENTER_OWNER)
    blocked = restrictions.impose(party.pk, "COURT_ORDER", actor=OFFICER, kind="blocked")
    clock.advance(days=12 * YEAR)
    with pytest.raises(StillKept, match=r"while it goes on \(sanctions\)"):
        erase_on_request(party.pk, actor=SWEEP)
    assert sweep() == 0
    restrictions.propose_lift(blocked.pk, "The order ended.", actor=OFFICER)
    restrictions.lift(blocked.pk, actor=SECOND_OFFICER)
    lifted = platform_clock.now()
    due = lifted.replace(year=lifted.year + 10)
    at(clock, due - timedelta(days=1))
    with pytest.raises(StillKept, match=rf"until {due:%Y-%m-%d} \(sanctions\)"):
        erase_on_request(party.pk, actor=SWEEP)
    assert sweep() == 0
    at(clock, due + timedelta(seconds=1))
    assert sweep() == 1


def test_a_refusal_is_kept_for_ten_years(provider: Party, clock):
    refused = verified_company("Merlion Cloud Pte Ltd", "SG", headquarters_country="CN")
    gate.evaluate(lease_request(refused, provider), actor=RENTER_OWNER)
    asked = platform_clock.now()
    at(clock, asked.replace(year=asked.year + 10) - timedelta(days=1))
    assert sweep() == 0
    for party in (refused, provider):
        with pytest.raises(StillKept, match="sanctions"):
            erase_on_request(party.pk, actor=SWEEP)


def test_an_annual_report_keeps_whom_it_is_about(clock):
    party = parties.register_party(company("Dormant Ltd", "SG"), actor=RENTER_OWNER)
    blocked = restrictions.impose(party.pk, "COURT_ORDER", actor=OFFICER, kind="blocked")
    now = platform_clock.now()
    at(clock, now.replace(year=now.year + 1, month=7, day=2))
    report_drafts.open_missing(actor=SWEEP)
    restrictions.propose_lift(blocked.pk, "The order ended.", actor=OFFICER)
    restrictions.lift(blocked.pk, actor=SECOND_OFFICER)
    Report.objects.exclude(kind="annual_blocked").update(
        state="not_required", proposed_by="a", approved_by="b", reason="x", state_changed_at=platform_clock.now()
    )
    assert Report.objects.filter(kind="annual_blocked", state="draft").exists()
    clock.advance(days=20 * YEAR)
    assert sweep() == 0
    assert until(party).until is None


@pytest.mark.parametrize(("kind", "record_class"), [("gate_review", "identity"), ("delisting", "sanctions")])
def test_while_an_officer_asks_nothing_goes(clock, kind: str, record_class: str):
    party = parties.register_party(company("Dormant Ltd", "SG"), actor=RENTER_OWNER)
    cases.open_case(kind=kind, summary="?", reason_codes=["x"], party=party, actor=SWEEP)
    clock.advance(days=30 * YEAR)
    assert sweep() == 0
    assert (until(party).until, until(party).record_class) == (None, record_class)
    told = [found.code for found, _ in told_to_party(party.pk)]
    assert "sanctions" not in told
