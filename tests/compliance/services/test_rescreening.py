"""A list changes: whom it hits is frozen, with all that rests on them; a second run does nothing."""

import re
from dataclasses import replace
from uuid import uuid4

import pytest
from eth_utils.address import to_checksum_address

from compliance import tasks
from compliance.base.actor import Actor, system
from compliance.base.audit import AuditEvent
from compliance.base.errors import InvalidInput
from compliance.models import Case, Clearance, Match, PartyWallet, Restriction, Screening, WatchlistVersion
from compliance.selectors.cases import CaseFilters, case_page, open_cases
from compliance.selectors.restrictions import is_restricted
from compliance.services import cases, gate, index_files, parties, rescreening, screening
from compliance.services.watchlists import load_watchlist
from compliance.signals import clearances_revoked, party_restricted
from compliance.sources.catalogue import KNOWN_LISTS, SAMPLES
from tests.factories import proofs
from tests.factories.compliance import (
    OFFICER,
    SECOND_OFFICER,
    company,
    lease_request,
    load_sample_lists,
    owner,
    person,
    verified_company,
)

pytestmark = pytest.mark.django_db

ACTOR = Actor("user", "renter")
SWEEP = system("rescreening")
HIT = "Aurelian Compute GmbH"


def change_list():
    """The company is added to the list."""
    return load_watchlist("ofac_sdn", str(SAMPLES / "ofac_sdn_advanced_2.xml"), actor=system("tests"))


@pytest.fixture
def provider(db):
    return verified_company("Brisbane Compute Pty Ltd", "AU")


def settled():
    rescreening.rescreen_after_list_changes(actor=SWEEP)


def test_a_running_renter_is_hit(provider, django_capture_on_commit_callbacks):
    renter = verified_company(HIT, "DE")
    other = verified_company("Lion City Labs Pte Ltd", "SG")
    clearance = gate.require(lease_request(renter, provider), actor=ACTOR)
    untouched = gate.require(lease_request(other, provider), actor=ACTOR)
    settled()
    change_list()
    heard = []
    clearances_revoked.connect(lambda **told: heard.append(told["subject_ids"]), weak=False, dispatch_uid="t1")
    party_restricted.connect(lambda **told: heard.append(told["party_id"]), weak=False, dispatch_uid="t2")
    try:
        with django_capture_on_commit_callbacks(execute=True):
            done = rescreening.rescreen_after_list_changes(actor=SWEEP)
    finally:
        clearances_revoked.disconnect(dispatch_uid="t1")
        party_restricted.disconnect(dispatch_uid="t2")
    assert done == rescreening.Rescreened(versions=1, hits=1, frozen=1)
    assert heard == [[clearance.subject_id], renter.pk]
    clearance.refresh_from_db()
    untouched.refresh_from_db()
    assert (clearance.revoked_reason, untouched.revoked_at) == ("SCREENING_HIT", None)
    case = Case.objects.get(kind="screening_hit")
    assert (case.party, case.priority) == (renter, Case.Priority.URGENT)
    assert Restriction.objects.get(party=renter).case == case
    assert Screening.objects.filter(party=renter, trigger="list_change").exists()
    with pytest.raises(gate.ClearanceDenied):
        gate.require(lease_request(renter, provider, "rtx-3090"), actor=ACTOR)
    assert Case.objects.filter(kind="screening_hit").count() == 1

    again = rescreening.rescreen_after_list_changes(actor=SWEEP)
    assert again == rescreening.Rescreened(0, 0, 0)
    # Even a run that died before it could note its end does nothing twice.
    WatchlistVersion.objects.filter(state="current").update(rescreened_at=None)
    events = AuditEvent.objects.exclude(event="watchlist.rescreened").count()
    rescreening.rescreen_after_list_changes(actor=SWEEP)
    assert AuditEvent.objects.exclude(event="watchlist.rescreened").count() == events
    assert Restriction.objects.count() == Case.objects.filter(kind="screening_hit").count() == 1


def test_what_is_wrong_with_one_party_keeps_nobody_else_unfrozen(provider, monkeypatch):
    names = (HIT, "Aurelian Compute", "AURELIAN COMPUTE GMBH")
    renters = sorted((verified_company(name, "DE") for name in names), key=lambda each: each.pk)
    settled()
    change_list()

    def broken(row, *, actor, handle=rescreening.list_hits.handle_screening):
        if row.party_id == renters[0].pk:
            raise RuntimeError("rows that nobody foresaw")
        return handle(row, actor=actor)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(rescreening.list_hits, "handle_screening", broken)
        for _ in range(2):
            with pytest.raises(rescreening.PartiesLeft, match="1 of 3"):
                settled()
    assert [is_restricted(each.pk) for each in renters] == [False, True, True]
    assert WatchlistVersion.objects.filter(state="current", rescreened_at=None).count() == 1
    assert Case.objects.filter(kind="list_alarm").count() == 1
    settled()
    assert all(is_restricted(each.pk) for each in renters)
    assert not WatchlistVersion.objects.filter(state="current", rescreened_at=None).exists()


def test_other_code_compares_anew(provider, monkeypatch):
    """What an older scorer passed over is not taken for clear by a newer one."""
    settled()
    first = screening.screen_party(provider.pk, trigger="gate")
    assert screening.screen_party(provider.pk, trigger="gate") == first
    assert first.compared_by == index_files.reader()
    monkeypatch.setattr(screening, "reader", lambda: "names are compared otherwise now")
    assert screening.screen_by_delta(provider, {}, None, trigger="list_change") is None
    again = screening.screen_party(provider.pk, trigger="gate")
    assert (again.pk != first.pk, again.compared_by) == (True, "names are compared otherwise now")
    assert screening.screen_party(provider.pk, trigger="gate") == again
    assert screening.screen_by_delta(provider, {}, None, trigger="list_change") == again


def test_the_release_of_the_case_lifts_the_freeze_for_good(provider):
    renter = verified_company(HIT, "SG")
    settled()
    change_list()
    settled()
    case = Case.objects.get(kind="screening_hit")
    cases.propose_disposition(case.pk, "release", "different_party", "Another register number.", actor=OFFICER)
    cases.approve_disposition(case.pk, "Agreed.", actor=SECOND_OFFICER)
    assert not is_restricted(renter.pk)
    assert set(Match.objects.filter(party=renter).values_list("state", flat=True)) == {"false_positive"}
    assert gate.require(lease_request(renter, provider), actor=ACTOR)
    # Another version of the list with the same entry does not bring the question back.
    load_watchlist("un_sc", str(SAMPLES / "un_consolidated.xml"), actor=system("tests"))
    WatchlistVersion.objects.filter(state="current").update(rescreened_at=None)
    rescreening.rescreen_all(actor=SWEEP)
    assert not is_restricted(renter.pk)


def test_a_match_is_released_only_because_the_listed_party_is_another(provider):
    verified_company(HIT, "SG")
    settled()
    change_list()
    settled()
    case = Case.objects.get(kind="screening_hit")
    with pytest.raises(InvalidInput, match="different_party"):
        cases.propose_disposition(case.pk, "release", "licence_held", "They hold a licence.", actor=OFFICER)
    case.refresh_from_db()
    assert case.state == Case.State.OPEN


def test_a_confirmation_keeps_the_freeze(provider):
    renter = verified_company(HIT, "DE")
    settled()
    change_list()
    settled()
    case = Case.objects.get(kind="screening_hit")
    cases.propose_disposition(case.pk, "confirm", "same_party", "Same register number.", actor=OFFICER)
    cases.approve_disposition(case.pk, "Agreed.", actor=SECOND_OFFICER)
    assert is_restricted(renter.pk)
    assert Match.objects.get(party=renter).state == "confirmed"


@pytest.mark.parametrize("share", [10, 60])
def test_what_a_hit_party_has_a_share_of_falls_with_it(provider, share):
    parent = parties.register_party(company(HIT, "DE"), actor=ACTOR)
    founder = person("Ng Hui Min")
    owners = (owner(parent.pk, share), owner(founder, 100 - share))
    renter = verified_company("Straits Render Farm Pte Ltd", "SG", owners)
    clearance = gate.require(lease_request(renter, provider, "rtx-3090"), actor=ACTOR)
    settled()
    change_list()
    settled()
    clearance.refresh_from_db()
    assert clearance.revoked_at is not None
    assert {row.party for row in Restriction.objects.all()} == {parent, renter}
    # One case freezes both, and its release frees both.
    assert {row.case.party for row in Restriction.objects.all()} == {parent}


def test_a_wallet_that_is_listed_later_is_hit(tmp_path):
    listed = re.search(r"0x[0-9a-fA-F]{40}", (SAMPLES / "ofac_sdn_advanced_2.xml").read_text())[0]
    before = tmp_path / "sdn.xml"
    before.write_text((SAMPLES / "ofac_sdn_advanced.xml").read_text().replace(listed, "0x" + "11" * 20))
    load_watchlist("ofac_sdn", str(before), actor=system("tests"))
    provider = verified_company("Brisbane Compute Pty Ltd", "AU")
    unlinked = verified_company("Lion City Labs Pte Ltd", "SG")
    linked = verified_company("Orchard Analytics Pte Ltd", "SG")
    proofs.wallet(unlinked.pk, listed)
    gate.require(lease_request(unlinked, provider, rail="escrow", wallet=listed), actor=ACTOR)
    # The proof went to another since, and the clearance for the wallet is still live.
    PartyWallet.objects.all().delete()
    parties.link_wallet(linked.pk, to_checksum_address(listed), actor=ACTOR)
    gate.require(lease_request(linked, provider), actor=ACTOR)
    settled()
    change_list()
    settled()
    assert not Clearance.objects.filter(revoked_at=None).exists()
    for renter in (unlinked, linked):
        assert is_restricted(renter.pk)
        assert Case.objects.filter(kind="screening_hit", party=renter, priority=Case.Priority.URGENT).count() == 1
    assert not is_restricted(provider.pk)


def test_a_possible_match_opens_a_case_and_freezes_nobody(provider):
    renter = verified_company("Aurelian Computer Pte Ltd", "SG")
    clearance = gate.require(lease_request(renter, provider, "rtx-3090"), actor=ACTOR)
    settled()
    change_list()
    settled()
    clearance.refresh_from_db()
    assert set(Match.objects.filter(party=renter).values_list("strength", flat=True)) == {"weak"}
    assert Case.objects.get(kind="screening_hit").priority == Case.Priority.HIGH
    assert not is_restricted(renter.pk)
    assert clearance.revoked_at is None
    renewal = replace(gate.request_of(clearance.decision, node_id=clearance.node_id), purpose="renewal")
    with pytest.raises(gate.ClearanceInReview):
        gate.require(renewal, actor=ACTOR)


def test_the_queue_shows_the_most_urgent_first_in_pages(provider):
    verified_company(HIT, "DE")
    for number in range(5):
        cases.open_case(
            kind="gate_review", summary=f"Question {number}", reason_codes=["x"], scope=str(number), actor=SWEEP
        )
    settled()
    change_list()
    settled()
    page = case_page(CaseFilters(), page=1, per_page=4)
    assert page.rows[0].kind == "screening_hit"
    assert (page.total, page.pages, page.has_next, page.has_previous) == (6, 2, True, False)
    assert case_page(CaseFilters(kind="gate_review")).total == 5
    assert open_cases(CaseFilters(text="aurelian")).count() == 1
    assert case_page(CaseFilters(state="closed")).total == Case.objects.filter(state="closed").count() > 0


def test_the_tasks_bear_the_names_of_the_schedule_and_run_twice(settings, clock):
    load_sample_lists()
    scheduled = {name for name in settings.CELERY_BEAT_SCHEDULE if name.startswith("compliance.")}
    mine = {each.name: each for each in vars(tasks).values() if hasattr(each, "delay")}
    # What is sent out besides the beat's own tasks, with what it is told.
    told = {
        "compliance.fetch_list": ("un_sc",),
        "compliance.refresh_identity_check": (str(uuid4()),),
        "compliance.work_case_batch": (str(uuid4()),),
    }
    assert set(mine) == scheduled | set(told)
    clock.advance(days=8)
    for name, task in mine.items():
        task(*told.get(name, ()))
    counts = (Case.objects.count(), Restriction.objects.count(), Clearance.objects.count())
    for name, task in mine.items():
        task(*told.get(name, ()))
    assert (Case.objects.count(), Restriction.objects.count(), Clearance.objects.count()) == counts
    assert counts[0] == len(KNOWN_LISTS)
