"""A hit suspends, freezes and opens a case; a release lets go, and what was left goes on as a lease of its own."""

import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from compliance.base.actor import system
from compliance.base.errors import Forbidden, NotFound
from compliance.models import Case, WatchlistVersion
from compliance.services import cases, gate, rescreening, restrictions
from marketplace.models import Lease
from marketplace.services import leases, metering, offers, renewals, suspensions
from marketplace.services.offers import OfferTerms
from marketplace.services.resumption import NotResumable, Remainder, remainder_of, resume_lease
from settlement.selectors.balances import available_minor
from tests.compliance.services.lists_by_hand import screening_list
from tests.factories import places
from tests.marketplace.steps import again, running

State, EndReason = Lease.State, Lease.EndReason
SWEEP = system("tests")
LISTED = (1, "LION CITY LABS PTE LTD", {"addresses": "Singapore, SG"})


def resume(cast, lease, **how):
    """Alice resumes the lease."""
    return resume_lease(lease.pk, cast.alice, user=cast.alice, actor=cast.alice.as_actor(), **how)


def suspended_after(cast, agent, offer, clock, seconds, **changes) -> tuple[Lease, uuid.UUID]:
    """A lease that ran so long and was suspended; and the restriction."""
    lease = running(cast, agent, offer, **changes)
    clock.advance(seconds=seconds)
    agent.sync(agent.workload(lease, seconds=seconds))
    row = restrictions.impose(cast.lion.party_id, "SANCTIONS_MATCH", actor=SWEEP)
    suspensions.sweep_restrictions()
    agent.sync(agent.workload(lease, "stopped", seconds))
    return again(lease), row.pk


def let_go(cast, restriction_id) -> None:
    """The restriction is lifted, and what waited for it has moved."""
    restrictions.propose_lift(restriction_id, "Withdrawn.", actor=cast.olga.as_actor())
    restrictions.lift(restriction_id, actor=cast.otto.as_actor())
    suspensions.sweep_restrictions()
    metering.settle_ended_leases()


def test_a_hit_on_a_list_suspends_and_a_release_by_two_officers_lets_the_lease_go_on(real_cast, clock, tmp_path):
    cast, path = real_cast, tmp_path / "us_csl.csv"
    WatchlistVersion.objects.filter(watchlist="us_csl").update(state="superseded")
    screening_list(path)
    rescreening.rescreen_after_list_changes(actor=SWEEP)
    agent, offer = cast.supply()
    lease = running(cast, agent, offer)
    clock.advance(seconds=1200)
    agent.sync(agent.workload(lease, seconds=1200))

    screening_list(path, LISTED)
    done = rescreening.rescreen_after_list_changes(actor=SWEEP)
    assert (done.hits, done.frozen) == (1, 1)
    stopped = again(lease)
    assert (stopped.state, stopped.hold.state) == (State.SUSPENDED, "frozen"), "by the signal alone"
    (desired,) = agent.sync(agent.workload(lease, seconds=1200))["desired"]
    assert desired["action"] == "stop"
    agent.sync(agent.workload(lease, "stopped", 1200))
    case = Case.objects.get(kind="screening_hit")
    assert case.state == "open"
    with pytest.raises(NotResumable):
        resume(cast, lease)
    with pytest.raises(gate.ClearanceDenied):
        cast.lease(offer)

    cases.propose_disposition(case.pk, "release", "different_party", "Another house.", actor=cast.olga.as_actor())
    assert again(lease).state == State.SUSPENDED
    cases.approve_disposition(case.pk, "Agreed.", actor=cast.otto.as_actor())
    assert (again(lease).state, again(lease).end_reason) == (State.ENDED, EndReason.COMPLIANCE_SUSPENDED)
    metering.settle_ended_leases()
    assert available_minor(cast.lion.party_id) == 100_000 - 83, "20 minutes at $2.49"

    left = remainder_of(again(lease))
    assert left == Remainder(2400, 249 - 83)
    resumed = again(resume(cast, lease))
    assert (resumed.resumes_id, resumed.max_seconds, resumed.max_spend_minor) == (lease.pk, 2400, 166)
    assert resumed.state == State.FUNDED
    assert resumed.clearance_id != lease.clearance_id
    same = ("offer_id", "gpu_count", "image", "command", "environment", "ports", "end_use", "end_user", "rail")
    assert all(getattr(resumed, name) == getattr(again(lease), name) for name in same)
    agent.sync()
    agent.sync(agent.workload(resumed))
    assert again(resumed).state == State.RUNNING
    clock.advance(seconds=2400)
    agent.sync(agent.workload(resumed, "exited", 2400, exit_code=0))
    metering.settle_ended_leases()
    assert again(resumed).state == State.SETTLED
    assert available_minor(cast.lion.party_id) == 100_000 - 249, "as if nothing had happened"


def test_it_is_resumed_once_however_often_it_is_asked(cast, clock):
    agent, offer = cast.supply()
    lease, hold = suspended_after(cast, agent, offer, clock, 600)
    let_go(cast, hold)
    deed = uuid.uuid4()
    first = resume(cast, lease, new_id=deed)
    assert first.pk == deed
    assert resume(cast, lease, new_id=deed).pk == deed
    with pytest.raises(leases.AlreadyResumed):
        resume(cast, lease)
    assert remainder_of(again(lease)) is None
    assert Lease.objects.filter(resumes=lease).count() == 1


def test_two_requests_that_pass_each_other_make_one_lease(cast, clock, monkeypatch):
    agent, offer = cast.supply()
    lease, hold = suspended_after(cast, agent, offer, clock, 600)
    let_go(cast, hold)
    left = remainder_of(again(lease))
    resume(cast, lease)
    monkeypatch.setattr("marketplace.services.resumption._is_resumed", lambda _: False)
    monkeypatch.setattr("marketplace.services.resumption.remainder_of", lambda _: left)
    with pytest.raises(leases.AlreadyResumed):
        resume(cast, lease)


def test_only_what_compliance_ended_is_resumed(cast, clock):
    agent, offer = cast.supply()
    lease = running(cast, agent, offer)
    with pytest.raises(NotResumable):
        resume(cast, lease)
    leases.stop_lease(lease.pk, cast.alice, actor=cast.alice.as_actor())
    agent.sync(agent.workload(lease, "stopped", 10))
    assert again(lease).state == State.ENDED
    with pytest.raises(NotResumable):
        resume(cast, lease)


def test_a_lease_whose_renewal_was_refused_goes_on_once_the_gate_clears_it(cast, clock):
    agent, offer = cast.supply()
    lease = running(cast, agent, offer)
    clock.advance(seconds=60)
    agent.sync(agent.workload(lease, seconds=60))
    party = again(lease).renter_party
    party.headquarters_country = "CN"
    party.save(update_fields=["headquarters_country"])
    assert renewals.renew_clearance(lease.pk) is False
    agent.sync(agent.workload(lease, "stopped", 60))
    metering.settle_ended_leases()
    assert again(lease).end_reason == EndReason.CLEARANCE_LAPSED
    with pytest.raises((gate.ClearanceDenied, gate.ClearanceInReview)):
        resume(cast, lease)
    party.headquarters_country = "SG"
    party.save(update_fields=["headquarters_country"])
    assert resume(cast, lease).max_seconds == 3540


def test_strangers_colleagues_without_the_role_and_providers_resume_nothing(cast, clock):
    agent, offer = cast.supply()
    lease, hold = suspended_after(cast, agent, offer, clock, 600)
    let_go(cast, hold)
    for who, refusal in ((cast.charlie, NotFound), (cast.pia, NotFound), (cast.olga, NotFound), (cast.fay, Forbidden)):
        with pytest.raises(refusal):
            resume_lease(lease.pk, who, user=who, actor=who.as_actor())
    assert resume_lease(lease.pk, cast.bob, user=cast.bob, actor=cast.bob.as_actor()).resumes_id == lease.pk


def test_there_is_an_end_to_it_and_a_little_is_nothing(cast, clock):
    agent, offer = cast.supply()
    lease, hold = suspended_after(cast, agent, offer, clock, 600)
    let_go(cast, hold)
    clock.advance(days=30)
    assert remainder_of(again(lease)) is None
    for version in WatchlistVersion.objects.filter(state="current"):
        WatchlistVersion.objects.filter(pk=version.pk).update(confirmed_at=clock.now())
    places.stand_there(agent.node_id, "AU", "AU-QLD", "Brisbane")
    agent.sync()
    almost, hold = suspended_after(cast, agent, offer, clock, 3590)
    let_go(cast, hold)
    assert remainder_of(again(almost)) is None


def test_the_price_of_today_holds_and_who_saw_another_is_told(cast, clock):
    agent, offer = cast.supply()
    lease, hold = suspended_after(cast, agent, offer, clock, 600)
    let_go(cast, hold)
    terms = OfferTerms(offer.gpu_count, 498, offer.min_seconds, offer.max_seconds)
    offers.change_offer(offer.pk, terms, user=cast.pia, actor=cast.pia.as_actor())
    with pytest.raises(leases.PriceChanged):
        resume(cast, lease, price_minor_per_gpu_hour=249)
    resumed = resume(cast, lease, price_minor_per_gpu_hour=498)
    assert (resumed.price_minor_per_gpu_hour, resumed.max_spend_minor) == (498, 249 - 41)


def test_what_is_left_may_be_shorter_than_the_provider_lets_to_others(cast, clock):
    agent, offer = cast.supply()
    offer.min_seconds = 3600
    offer.save(update_fields=["min_seconds"])
    lease, hold = suspended_after(cast, agent, offer, clock, 600)
    let_go(cast, hold)
    assert resume(cast, lease).max_seconds == 3000


def test_a_lease_that_waited_for_its_funds_is_resumed_whole(cast, clock):
    _, offer = cast.supply()
    wallet = "0x52908400098527886E0F7030069857D2E4169EE7"
    lease = cast.lease(offer, rail="escrow", wallet=wallet)
    row = restrictions.impose(cast.lion.party_id, "SANCTIONS_MATCH", actor=SWEEP)
    suspensions.sweep_restrictions()
    assert again(lease).state == State.FAILED
    let_go(cast, row.pk)
    assert remainder_of(again(lease)) == Remainder(3600, 249)
    resumed = resume(cast, lease)
    assert (resumed.rail, resumed.wallet_address, resumed.max_spend_minor) == ("escrow", wallet, 2_490_000)


def test_the_database_keeps_what_a_lease_resumes(cast, clock):
    agent, offer = cast.supply()
    lease, hold = suspended_after(cast, agent, offer, clock, 600)
    let_go(cast, hold)
    resumed = resume(cast, lease)
    with pytest.raises(IntegrityError), transaction.atomic():
        Lease.objects.filter(pk=resumed.pk).update(resumes=None)


def test_a_settlement_that_is_late_waits_for_nothing(cast, clock):
    agent, offer = cast.supply()
    lease, hold = suspended_after(cast, agent, offer, clock, 600)
    restrictions.propose_lift(hold, "Withdrawn.", actor=cast.olga.as_actor())
    restrictions.lift(hold, actor=cast.otto.as_actor())
    suspensions.sweep_restrictions()
    assert again(lease).state == State.ENDED
    assert again(lease).ended_at <= clock.now() + timedelta(seconds=1)
    assert resume(cast, lease).max_spend_minor == 207, "50 minutes at $2.49"
