"""A decision made again as of another day: its rules, its figures and its lists, and what was used said clearly."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from compliance.base import clock as present
from compliance.base.actor import Actor
from compliance.base.clock import ManualClock, use_clock
from compliance.base.errors import InvalidInput
from compliance.engine.packs import NoPackInForce
from compliance.models import Case, Decision, Screening
from compliance.selectors.watchlists import versions_as_of
from compliance.services import gate
from compliance.services.past_decisions import NoListThen, decided_as_of
from compliance.services.watchlists import load_watchlist
from compliance.sources.catalogue import SAMPLES
from tests.factories.compliance import company, lease_request, owner, verified_company

pytestmark = pytest.mark.django_db
ACTOR = Actor("user", "renter", "A renter")
# The grown sample of OFAC's list has this party, and the first has not.
NEW = "Aurelian Compute GmbH"
LONG_AGO = datetime(2019, 12, 1, tzinfo=UTC)


@pytest.fixture
def list_of_long_ago(clock, tmp_path):
    """OFAC's sample list was loaded in 2019."""
    path = tmp_path / "sdn_2019.xml"
    path.write_text((SAMPLES / "ofac_sdn_advanced.xml").read_text().replace("2026</Year>", "2019</Year>", 1))
    with use_clock(ManualClock(LONG_AGO)):
        load_watchlist("ofac_sdn", str(path), actor=ACTOR)


@pytest.fixture
def decision(list_of_long_ago, clock):
    """A company of Beijing asked for H100s in Brisbane."""
    renter = verified_company("Jingchu Sample Co Ltd", "CN")
    provider = verified_company("Brisbane Compute Pty Ltd", "AU")
    return gate.evaluate(lease_request(renter, provider, end_use="Weather"), actor=ACTOR)


def codes(past):
    return {reason.code for reason in past.outcome.reasons}


def told(*words):
    out = StringIO()
    call_command("replay_decision", *words, stdout=out)
    return out.getvalue()


def test_the_rules_of_the_day_answer(decision):
    assert "headquarters" in codes(decided_as_of(decision.pk, present.now()))
    before = decided_as_of(decision.pk, datetime(2023, 11, 16, 12, tzinfo=UTC))
    assert (before.pack.label, before.reached_back) == ("gridclear@2026-11-24", True)
    assert "headquarters" not in codes(before), "the rule holds from 2023-11-17"
    after = decided_as_of(decision.pk, datetime(2023, 11, 17, 12, tzinfo=UTC))
    assert (after.pack.label, after.reached_back) == ("gridclear@2026-11-24", False)
    assert "headquarters" in codes(after)
    assert decided_as_of(decision.pk, datetime(2026, 11, 25, 12, tzinfo=UTC)).pack.label == "gridclear@2026-11-25"


def test_the_figures_of_the_day_answer(decision):
    first = decided_as_of(decision.pk, datetime(2022, 9, 1, tzinfo=UTC))
    assert first.catalogue == "accelerators@2026-11-01"
    assert decided_as_of(decision.pk, datetime(2026, 11, 25, tzinfo=UTC)).catalogue == "accelerators@2026-11-25"
    assert first.facts.chips[0].figures is not None


def test_the_lists_of_the_day_answer(list_of_long_ago, clock):
    """Whom OFAC has listed since then is a match today, and was none."""
    load_watchlist("ofac_sdn", str(SAMPLES / "ofac_sdn_advanced_2.xml"), actor=ACTOR)
    provider = verified_company("Brisbane Compute Pty Ltd", "AU")
    renter = verified_company("Sister Pte Ltd", "SG", (owner(company(NEW, "DE"), 60),))
    taken = gate.evaluate(lease_request(renter, provider, "rtx-3090"), actor=ACTOR)
    assert [hit["listed_name"] for hit in taken.facts["hits"]] == [NEW]
    past = decided_as_of(taken.pk, datetime(2025, 1, 1, tzinfo=UTC))
    assert past.facts.hits == ()
    old, new = (
        next(row for row in versions_as_of(moment) if row.watchlist_id == "ofac_sdn")
        for moment in (past.as_of, clock.now())
    )
    assert old in past.versions
    assert (old.row_count, new.row_count) == (6, 7)
    assert old.sha256 in {each.version for each in past.facts.lists}
    now = decided_as_of(taken.pk, clock.now())
    assert [hit.listed_name for hit in now.facts.hits] == [NEW]
    assert "ofac_50_percent" in codes(now) - codes(past)


def test_nothing_is_stored(decision):
    before = (Decision.objects.count(), Screening.objects.count(), Case.objects.count())
    decided_as_of(decision.pk, datetime(2024, 1, 1, tzinfo=UTC))
    assert (Decision.objects.count(), Screening.objects.count(), Case.objects.count()) == before


def test_the_command_says_what_was_used(decision):
    answer = told(str(decision.pk), "--as-of", "2022-03-01")
    assert f"Decided on {decision.created_at:%Y-%m-%d} by {decision.pack}: DENY." in answer
    assert "As of 2022-03-01T23:59:59" in answer
    assert "rules    gridclear@2026-11-24" in answer
    assert "no pack was in force yet" in answer
    assert "figures  accelerators@2026-11-01" in answer
    (version,) = versions_as_of(datetime(2022, 3, 1, tzinfo=UTC))
    assert f"list     ofac_sdn: SHA-256 {version.sha256[:16]}, 6 entries, fetched 2019-12-01" in answer
    assert "no pack was in force yet" not in told(str(decision.pk), "--as-of", "2024-03-01")


def test_a_day_that_nothing_speaks_of_is_refused(decision, clock):
    with pytest.raises(NoPackInForce, match="hold only from 2020-01-01"):
        decided_as_of(decision.pk, datetime(2019, 12, 31, tzinfo=UTC))
    with pytest.raises(InvalidInput, match="not come yet"):
        decided_as_of(decision.pk, clock.now() + timedelta(days=1))
    for day in ("2019-12-31", "2999-01-01", "yesterday", "2026-13-01"):
        with pytest.raises(CommandError):
            told(str(decision.pk), "--as-of", day)


def test_a_day_before_the_first_list_is_refused(clock):
    provider = verified_company("Brisbane Compute Pty Ltd", "AU")
    renter = verified_company("Lion City Labs Pte Ltd", "SG")
    taken = gate.evaluate(lease_request(renter, provider), actor=ACTOR)
    with pytest.raises(NoListThen, match=f"the first was loaded on {clock.now():%Y-%m-%d}"):
        decided_as_of(taken.pk, datetime(2025, 1, 1, tzinfo=UTC))
