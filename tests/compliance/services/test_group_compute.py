"""What a renter's whole group was cleared to compute, summed in SQL and handed to the engine as a fact."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from compliance.base.actor import Actor
from compliance.selectors.groups import group_of, group_use, used_by
from compliance.selectors.policies import catalogue, pack_for
from compliance.services import clearances, gate, parties
from compliance.services.parties import OwnerInput
from tests.factories.compliance import company, lease_request, owner, person, verified_company

pytestmark = pytest.mark.django_db
ACTOR = Actor("user", "renter", "A renter")
DAY = timedelta(days=1)


@pytest.fixture
def family(alice):
    """A parent with two daughters, a granddaughter, a half-held one and a stranger."""
    parent = parties.register_party(company("Sample Parent Ltd", "SG"), actor=alice)
    parties.declare_ownership(parent.pk, [owner(person("Founder Sample"), 40)], True, actor=alice)
    daughters = [
        verified_company(f"Daughter {name} Pte Ltd", "SG", (owner(parent.pk, share),))
        for name, share in (("One", 100), ("Two", "50.0001"))
    ]
    grand = verified_company("Granddaughter Pte Ltd", "SG", (owner(daughters[1].pk, 80),))
    half = verified_company("Half Pte Ltd", "SG", (owner(parent.pk, 50), owner(company("Other Ltd", "SG"), 50)))
    return parent, *daughters, grand, half


@pytest.fixture
def provider():
    return verified_company("Brisbane Compute Pty Ltd", "AU")


def test_the_group_is_everybody_linked_by_more_than_half(family):
    parent, one, two, grand, half = family
    group = {parent.pk, one.pk, two.pk, grand.pk}
    for member in (parent, one, two, grand):
        assert set(group_of(member.pk)) == group
    assert group_of(half.pk) == [half.pk]


def test_control_by_other_means_links_and_circles_end(family, alice):
    parent, one, _, _, half = family
    control = OwnerInput(one.pk, Decimal(0), Decimal(0), "otherInfluenceOrControl")
    parties.declare_ownership(half.pk, [control], True, actor=alice)
    parties.declare_ownership(parent.pk, [owner(half.pk, 60)], True, actor=alice)
    assert half.pk in group_of(parent.pk)
    assert len(group_of(half.pk)) == len(set(group_of(half.pk))) == 5


def test_what_was_taken_back_links_nobody(family, alice):
    parent, one, _, _, half = family
    parties.declare_ownership(half.pk, [owner(one.pk, 100)], True, actor=alice)
    assert half.pk in group_of(parent.pk)
    parties.undo_ownership(half.pk, actor=alice)
    assert group_of(half.pk) == [half.pk]
    assert half.pk not in group_of(parent.pk)


def test_time_counts_once_however_often_a_clearance_is_renewed(family, provider, clock):
    _, one, _, _, _ = family
    request = lease_request(one, provider, "rtx-3090", seconds=7200, gpu_count=3)
    start = clock.now()
    gate.require(request, actor=ACTOR)
    clock.advance(minutes=45)
    gate.require(replace(request, purpose="renewal"), actor=ACTOR)
    clock.advance(minutes=30)
    used = used_by([one.pk], start - DAY, clock.now(), but=provider.pk)
    assert [(each.slug, each.leases) for each in used] == [("rtx-3090", 1)]
    assert used[0].gpu_seconds == pytest.approx(75 * 60 * 3, abs=3)
    clock.advance(hours=5)
    assert used_by([one.pk], start - DAY, clock.now(), but=provider.pk)[0].gpu_seconds == pytest.approx(
        105 * 60 * 3, abs=3
    )
    assert used_by([one.pk], start - DAY, clock.now(), but=request.subject_id) == []
    assert used_by([one.pk], clock.now() - timedelta(minutes=1), clock.now(), but=provider.pk) == []


def test_a_lease_never_counts_for_more_than_it_asked(family, provider, clock):
    _, one, _, _, _ = family
    gate.require(lease_request(one, provider, "rtx-3090", seconds=300, gpu_count=2), actor=ACTOR)
    clock.advance(hours=2)
    (used,) = used_by([one.pk], clock.now() - DAY, clock.now(), but=provider.pk)
    assert used.gpu_seconds == 600


def test_a_revoked_clearance_counts_until_then(family, provider, clock):
    _, one, _, _, _ = family
    cleared = gate.require(lease_request(one, provider, "rtx-3090", gpu_count=1), actor=ACTOR)
    clock.advance(minutes=10)
    clearances.revoke([cleared], "test", actor=ACTOR)
    clock.advance(hours=1)
    (used,) = used_by([one.pk], clock.now() - DAY, clock.now(), but=provider.pk)
    assert used.gpu_seconds == pytest.approx(600, abs=1)


def test_the_sum_over_the_group_in_operations(family, provider, clock, django_assert_num_queries):
    parent, one, two, grand, _ = family
    for member, gpu, count in ((one, "rtx-3090", 4), (two, "h100-sxm", 2), (grand, "rtx-3090", 1)):
        gate.require(lease_request(member, provider, gpu, gpu_count=count, seconds=3600), actor=ACTOR)
    clock.advance(minutes=30)
    now = clock.now()
    with django_assert_num_queries(2):
        (found,) = group_use(parent.pk, now, pack_for(now), catalogue(), but=provider.pk)
    assert (found.window_days, found.parties, found.leases) == (90, 4, 3)
    assert found.controlled_gpu_seconds == pytest.approx(2 * 1800, abs=2)
    operations = 5 * 284 * 10**12 * 1800 + 2 * 1979 * 10**12 * 1800
    assert float(found.operations) == pytest.approx(operations, rel=0.01)
    assert float(found.tpp_seconds) == pytest.approx(5 * 2272 * 1800 + 2 * 15832 * 1800, rel=0.01)
    assert (found.gpus_at_once, Decimal(found.tpp_at_once)) == (7, 5 * 2272 + 2 * 15832)
    clock.advance(hours=2)  # none was renewed, so none stands any more; what they computed stays in the window
    (later,) = group_use(parent.pk, clock.now(), pack_for(now), catalogue(), but=provider.pk)
    assert (later.gpus_at_once, Decimal(later.tpp_at_once), later.leases) == (0, 0, 3)


def test_a_group_that_computes_too_much_is_looked_at_whoever_of_it_asks(alice, provider, clock, settings):
    """Five daughters of a parent in Beijing, on chips that nobody controls, together."""
    parent = parties.register_party(company("Jingchu Deep Systems Co Ltd", "CN"), actor=alice)
    parties.declare_ownership(parent.pk, [owner(company("Founder Co", "CN"), 40)], True, actor=alice)
    sisters = [verified_company(f"Sister {n} Pte Ltd", "SG", (owner(parent.pk, 100),)) for n in range(5)]
    month = 30 * 24 * 3600
    settings.GRIDCLEAR_CLEARANCE_SECONDS = month  # instead of hundreds of renewals

    def asked(sister, count, seconds=month):
        request = lease_request(
            sister,
            provider,
            "rtx-3090",
            gpu_count=count,
            seconds=seconds,
            end_use="Rendering of films",
            end_use_kind="no_model",
        )
        return gate.evaluate(request, actor=ACTOR)

    assert asked(sisters[0], 8).outcome == "ALLOW"  # 8 x 284e12 x 2.6e6 = 5.9e21 operations
    for sister in sisters[1:]:
        assert asked(sister, 100).outcome == "ALLOW"  # 7.4e22 each, asked for and not yet computed
    clock.advance(seconds=month)
    last = asked(sisters[0], 1, 3600)
    (reason,) = (each for each in last.reasons if each["code"] != "list_stale")
    assert (reason["code"], reason["kind"], reason["about"]) == ("group_compute_watched", "RED_FLAG", "rental")
    assert "6 parties of its group" in reason["sentence"]
    assert last.facts["group_use"][0]["leases"] == 5
    assert gate.replay(last.pk)
