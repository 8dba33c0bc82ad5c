"""What a clearance rests on changes while its lease runs: the gate is asked again for whom the change touches."""

from datetime import timedelta
from decimal import Decimal

import pytest

from compliance.base import clock as clocks
from compliance.base.actor import system
from compliance.models import Case, Decision, IdentityVerification
from compliance.selectors.restrictions import is_restricted
from compliance.services import cases, gate, identity, identity_expiry, parties, place_signs, rescreening
from compliance.services.parties import OwnerInput, PartyInput
from compliance.services.watchlists import load_watchlist
from compliance.sources.catalogue import SAMPLES
from marketplace import tasks
from marketplace.models import Lease
from marketplace.services import metering, reassessments, suspensions
from marketplace.services.resumption import resume_lease
from tests.compliance.services.lists_by_hand import SDN
from tests.factories import marketplace as make
from tests.factories.packs import add_newer_pack
from tests.marketplace.steps import again, running

State, EndReason = Lease.State, Lease.EndReason
ACTOR = system("tests")
NAME = "marketplace.reassess_parties"


@pytest.fixture
def newer_pack(settings, tmp_path):
    """A pack newer than all others, as `put(old, new)` changes the tables of countries."""
    return lambda old, new: add_newer_pack(settings, tmp_path, old, new)


def sweep_all() -> int:
    """Every lease has had its turn."""
    return sum(reassessments.reassess_leases() for _ in each_turn())


def each_turn():
    """As many moments as there are turns, without waiting for them."""
    at = clocks.now()
    for turn in range(reassessments.ROUNDS):
        with clocks.use_clock(clocks.ManualClock(at + timedelta(seconds=turn * reassessments.SWEEP_SECONDS))):
            yield turn


def resumed_by_alice(cast, lease: Lease) -> Lease:
    """What was left of the lease, as a lease of its own."""
    return resume_lease(lease.pk, cast.alice, user=cast.alice, actor=cast.alice.as_actor())


def why(lease: Lease) -> set[str]:
    """The codes of the rules by which the newest decision about the lease refused."""
    refused = Decision.objects.exclude(outcome="ALLOW").get(subject_id=lease.pk)
    return {each["code"] for each in refused.reasons}


def test_a_lease_of_the_pack_before_is_asked_about_under_the_new_one_and_goes_on(cast, newer_pack):
    agent, offer = cast.supply()
    lease = running(cast, agent, offer)
    assert reassessments.reassess_leases() == 0
    assert again(lease).clearance_id == lease.clearance_id, "nothing changed, so nothing is renewed"
    label = newer_pack('members = ["MO"]', 'members = ["MO", "AQ"]')
    assert reassessments.reassess_leases() == 0
    renewed = again(lease)
    assert (renewed.state, renewed.clearance.decision.pack) == (State.RUNNING, label)
    assert reassessments.reassess_leases() == 0
    assert again(lease).clearance_id == renewed.clearance_id, "twice is once"


def test_a_lease_that_the_new_pack_would_not_allow_ends_at_the_next_sweep(cast, newer_pack):
    agent, offer = cast.supply()
    lease = running(cast, agent, offer)
    newer_pack('members = ["CU", "IR", "KP"]', 'members = ["CU", "IR", "KP", "SG"]')
    assert reassessments.reassess_leases() == 1
    stopping = again(lease)
    assert (stopping.state, stopping.end_reason) == (State.STOPPING, EndReason.CLEARANCE_LAPSED)
    assert "embargoed_country" in why(lease)
    assert reassessments.reassess_leases() == 0


def test_a_lease_of_yesterday_is_asked_about_again_because_rules_begin_and_end_by_the_day(cast, clock, settings):
    settings.GRIDCLEAR_CLEARANCE_SECONDS = 30 * 3600
    agent, offer = cast.supply()
    lease = running(cast, agent, offer, seconds=3 * 24 * 3600)
    clock.advance(hours=24)
    assert reassessments.reassess_leases() == 0
    renewed = again(lease)
    assert (renewed.state, renewed.clearance_id != lease.clearance_id) == (State.RUNNING, True)
    assert reassessments.reassess_leases() == 0
    assert again(lease).clearance_id == renewed.clearance_id


def test_an_identity_that_ran_out_ends_the_lease_by_the_word_that_is_sent(real_cast, doorbell):
    cast = real_cast
    agent, offer = cast.supply()
    lease = running(cast, agent, offer)
    held = IdentityVerification.objects.get(party_id=cast.lion.party_id, state="verified")
    past = clocks.now() - timedelta(seconds=1)
    IdentityVerification.objects.filter(pk=held.pk).update(expires_at=past, state_deadline_at=past)
    doorbell.names.clear()
    assert identity_expiry.expire_identities(actor=ACTOR) == 1
    assert NAME in doorbell.names
    tasks.reassess_parties(str(cast.lion.party_id))
    assert again(lease).state == State.STOPPING
    assert why(lease) & {"identity_level", "identity_expired"}


def test_an_identity_rejected_by_an_officer_ends_the_lease(real_cast, doorbell):
    cast = real_cast
    agent, offer = cast.supply()
    lease = running(cast, agent, offer)
    held = IdentityVerification.objects.get(party_id=cast.lion.party_id, state="verified")
    doorbell.names.clear()
    identity.reject_verification(held.pk, actor=cast.olga.as_actor())
    assert NAME in doorbell.names
    assert reassessments.reassess_leases_of([cast.lion.party_id]) == 1
    assert again(lease).state == State.STOPPING
    assert reassessments.reassess_leases_of([cast.lion.party_id]) == 0


def test_a_sign_of_another_place_reviews_a_live_lease_and_a_sign_known_before_asks_nothing(real_cast, doorbell):
    cast = real_cast
    agent, offer = cast.supply()
    lease = running(cast, agent, offer)
    doorbell.names.clear()
    place_signs.see_country(cast.lion.party_id, "CN", "card")
    assert doorbell.names == [NAME]
    place_signs.see_country(cast.lion.party_id, "CN", "card")
    assert doorbell.names == [NAME], "the sign was known"
    tasks.reassess_parties(str(cast.lion.party_id))
    assert again(lease).state == State.STOPPING
    assert "location_conflict" in why(lease)


def test_a_change_of_owners_ends_the_clearance_at_once(real_cast):
    cast = real_cast
    agent, offer = cast.supply()
    lease = running(cast, agent, offer)
    other = OwnerInput(PartyInput("person", "Other Owner", "SG", birth_date="1970-01-01"), Decimal(100), Decimal(100))
    parties.declare_ownership(cast.lion.party_id, [other], True, actor=cast.alice.as_actor())
    assert (again(lease).state, again(lease).clearance.revoked_reason) == (State.SUSPENDED, "facts_changed")
    suspensions.sweep_restrictions()
    assert (again(lease).state, again(lease).end_reason) == (State.ENDED, EndReason.COMPLIANCE_SUSPENDED)


def test_what_sent_no_word_is_found_within_five_sweeps_and_others_are_left_alone(cast):
    agent, offer = cast.supply()
    lease = running(cast, agent, offer)
    theirs = make.open_lease(offer, cast.charlie, cast.strange)
    held = IdentityVerification.objects.get(party_id=cast.lion.party_id, state="verified")
    IdentityVerification.objects.filter(pk=held.pk).update(expires_at=clocks.now() - timedelta(seconds=1))
    assert sweep_all() == 1
    assert again(lease).state == State.STOPPING
    assert again(theirs).clearance_id == theirs.clearance_id
    assert sweep_all() == 0


def test_a_gate_that_fails_ends_nothing_and_the_next_sweep_tries_again(cast, monkeypatch):
    agent, offer = cast.supply()
    lease = running(cast, agent, offer)
    place_signs.see_country(cast.lion.party_id, "CN", "card")

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the gate is away")

    with monkeypatch.context() as patched:
        patched.setattr(gate, "preview", broken)
        assert sweep_all() == 0
    with monkeypatch.context() as patched:
        patched.setattr(gate, "require", broken)
        assert sweep_all() == 0
    assert again(lease).state == State.RUNNING
    assert sweep_all() == 1


def test_a_possible_match_freezes_nobody_its_lease_stops_when_the_gate_is_asked_and_a_release_resumes(
    cast, tmp_path, clock
):
    """As ADR 126 and the officers' guide say: a strong match would have suspended it at once and frozen its money."""
    agent, offer = cast.supply()
    lease = running(cast, agent, offer)
    clock.advance(seconds=60)
    agent.sync(agent.workload(lease, seconds=60))
    listed = (SAMPLES / "us_csl.csv").read_text()
    one = dict.fromkeys(listed.splitlines()[0].split(","), "")
    one |= {"source": SDN, "entity_number": "1", "type": "Entity", "programs": "SDGT", "name": "Lyon City Laps"}
    path = tmp_path / "us_csl.csv"
    path.write_text(f"{listed.rstrip()}\n{','.join(one.values())}\n")
    load_watchlist("us_csl", str(path), actor=ACTOR)
    rescreening.rescreen_after_list_changes(actor=ACTOR)
    case = Case.objects.get(kind="screening_hit", party_id=cast.lion.party_id)
    assert case.priority == Case.Priority.HIGH
    assert suspensions.sweep_restrictions() == 0
    assert (again(lease).state, is_restricted(cast.lion.party_id)) == (State.RUNNING, False)
    assert sweep_all() == 1
    stopping = again(lease)
    assert (stopping.state, stopping.end_reason) == (State.STOPPING, EndReason.CLEARANCE_LAPSED)
    assert why(lease) == {"sanctions_possible_match"}
    before = case.state_deadline_at
    case.refresh_from_db()
    assert case.priority == Case.Priority.URGENT, "somebody waits now"
    assert case.state_deadline_at < before

    agent.sync(agent.workload(lease, "stopped", 60))
    metering.settle_ended_leases()
    settled = again(lease)
    assert (settled.state, settled.hold.state) == (State.SETTLED, "settled"), "nothing was frozen"
    with pytest.raises(gate.ClearanceInReview):
        resumed_by_alice(cast, lease)
    cases.propose_disposition(case.pk, "release", "different_party", "Another house.", actor=cast.olga.as_actor())
    cases.approve_disposition(case.pk, "Agreed.", actor=cast.otto.as_actor())
    resumed = again(resumed_by_alice(cast, lease))
    assert (resumed.resumes_id, resumed.max_seconds) == (lease.pk, lease.max_seconds - 60)
    assert sweep_all() == 0
