"""Two at once: real threads on a real database. Events, not sleeps, decide who waits for whom."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections

from compliance.base.actor import Actor, system
from compliance.models import Case, Clearance, Restriction, WatchlistVersion
from compliance.selectors.watchlists import current_versions
from compliance.services import cases, gate, restrictions, screening_index
from compliance.services.watchlists import load_watchlist
from compliance.sources.catalogue import SAMPLES
from tests.factories.compliance import OFFICER, lease_request, load_sample_lists, verified_company

pytestmark = pytest.mark.django_db(transaction=True)

ACTOR = Actor("user", "renter")
DEADLINE = 20


def in_thread(deed, *args, **kwargs):
    """The deed, on a database connection of its own that is closed afterwards."""
    try:
        return deed(*args, **kwargs)
    finally:
        connections.close_all()


def waits_for_a_lock(pool_done):
    """Whether another connection waits for a lock before the work is done."""
    while not pool_done():
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return True
    return False


def test_a_freeze_waits_for_the_answer_and_revokes_it(monkeypatch):
    renter = verified_company("Lion City Labs Pte Ltd", "SG")
    provider = verified_company("Brisbane Compute Pty Ltd", "AU")
    deciding, go_on = threading.Event(), threading.Event()
    decide = gate.decide

    def slow(facts, pack):
        deciding.set()
        assert go_on.wait(DEADLINE)
        return decide(facts, pack)

    monkeypatch.setattr(gate, "decide", slow)
    with ThreadPoolExecutor(2) as pool:
        answer = pool.submit(in_thread, gate.require, lease_request(renter, provider), actor=ACTOR)
        assert deciding.wait(DEADLINE)
        freeze = pool.submit(in_thread, restrictions.impose, renter.pk, "COURT_ORDER", actor=OFFICER)
        assert waits_for_a_lock(freeze.done)
        go_on.set()
        clearance = answer.result(DEADLINE)
        freeze.result(DEADLINE)
    clearance = Clearance.objects.get(pk=clearance.pk)
    assert clearance.revoked_reason == "COURT_ORDER"
    assert Restriction.objects.filter(party=renter, lifted_at=None).count() == 1


def test_answers_about_one_provider_do_not_wait_for_each_other(monkeypatch):
    first = verified_company("Lion City Labs Pte Ltd", "SG")
    second = verified_company("Orchard Analytics Pte Ltd", "SG")
    provider = verified_company("Brisbane Compute Pty Ltd", "AU")
    gate.require(lease_request(first, provider), actor=ACTOR)
    gate.require(lease_request(second, provider), actor=ACTOR)
    together = threading.Barrier(2)
    decide = gate.decide

    def met(facts, pack):
        # Both stand inside their transactions here; if one waited for the other, the barrier would break.
        together.wait(DEADLINE)
        return decide(facts, pack)

    monkeypatch.setattr(gate, "decide", met)
    with ThreadPoolExecutor(2) as pool:
        answers = [
            pool.submit(in_thread, gate.require, lease_request(renter, provider), actor=ACTOR)
            for renter in (first, second)
        ]
        assert {answer.result(DEADLINE).renter_party_id for answer in answers} == {first.pk, second.pk}


def test_the_same_question_opened_eight_times_at_once_is_one_case():
    def ask(scope):
        return cases.open_case(
            kind="gate_review", summary="Who?", reason_codes=["x"], scope=scope, actor=system("tests")
        ).number

    with ThreadPoolExecutor(8) as pool:
        same = [pool.submit(in_thread, ask, "same") for _ in range(4)]
        others = [pool.submit(in_thread, ask, f"other {number}") for number in range(4)]
        assert len({each.result(DEADLINE) for each in same}) == 1
        assert len({each.result(DEADLINE) for each in others}) == 4
    assert sorted(Case.objects.values_list("number", flat=True)) == [1, 2, 3, 4, 5]


def test_two_loads_of_one_list_leave_one_current():
    load_sample_lists()
    source = str(SAMPLES / "ofac_sdn_advanced_2.xml")
    with ThreadPoolExecutor(2) as pool:
        loads = [pool.submit(in_thread, load_watchlist, "ofac_sdn", source, actor=ACTOR) for _ in range(2)]
        for each in loads:
            each.result(DEADLINE)
    assert WatchlistVersion.objects.filter(watchlist="ofac_sdn", state="current").count() == 1
    assert not WatchlistVersion.objects.filter(state="loading").exists()


def test_threads_share_one_index(monkeypatch):
    load_sample_lists()
    monkeypatch.setattr(screening_index, "_built", None)
    built = []
    build = screening_index.entries_block
    monkeypatch.setattr(screening_index, "entries_block", lambda entries: built.append(1) or build(entries))
    versions = tuple(current_versions())
    with ThreadPoolExecutor(4) as pool:
        found = [pool.submit(in_thread, screening_index.current, versions) for _ in range(4)]
        assert len({id(each.result(DEADLINE)) for each in found}) == 1
    assert built == [1]
