"""The same Idempotency-Key acts once."""

import threading
from datetime import timedelta

from django.db import connections
from django.test import Client

from compliance.base import clock as time
from marketplace.models import IdempotencyRecord, Lease
from marketplace.services import idempotency, leases
from settlement.selectors.balances import available_minor
from tests.marketplace.test_api_errors import body_of, problem, send


def browser(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_key_is_needed(cast):
    _, offer = cast.supply()
    alice = browser(cast.alice)
    answer = alice.post("/api/v1/leases", body_of(offer), "application/json")
    assert problem(answer, 400) == "idempotency_key_needed"
    assert problem(send(alice, "/api/v1/leases", body_of(offer), key="x" * 129), 400) == "idempotency_key_needed"
    assert not Lease.objects.exists()


def test_the_same_request_gets_the_same_answer_and_acts_once(cast):
    _, offer = cast.supply()
    alice = browser(cast.alice)
    first = send(alice, "/api/v1/leases", body_of(offer))
    second = send(alice, "/api/v1/leases", body_of(offer))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second["Idempotent-Replayed"] == "true"
    assert Lease.objects.count() == 1
    assert available_minor(cast.lion.party_id) == 100_000 - 249


def test_another_body_under_the_same_key_is_refused(cast):
    _, offer = cast.supply()
    alice = browser(cast.alice)
    send(alice, "/api/v1/leases", body_of(offer))
    answer = send(alice, "/api/v1/leases", body_of(offer, seconds=7200))
    assert problem(answer, 422) == "idempotency_key_reused"
    assert Lease.objects.count() == 1


def test_keys_of_organizations_do_not_meet(cast):
    _, offer = cast.supply()
    assert send(browser(cast.alice), "/api/v1/leases", body_of(offer)).status_code == 201
    assert send(browser(cast.charlie), "/api/v1/leases", body_of(offer)).status_code == 201
    assert Lease.objects.count() == 2


def test_a_refusal_is_remembered_and_a_shape_error_frees_the_key(cast):
    _, offer = cast.supply()
    alice = browser(cast.alice)
    cast.lease(offer, gpu_count=2)
    first = send(alice, "/api/v1/leases", body_of(offer))
    assert problem(first, 409) == "no_free_gpu"
    leases.stop_lease(Lease.objects.get().pk, cast.alice, actor=cast.alice.as_actor())
    again = send(alice, "/api/v1/leases", body_of(offer))
    assert (problem(again, 409), again["Idempotent-Replayed"]) == ("no_free_gpu", "true")
    assert send(alice, "/api/v1/leases", {"offer_id": 1}, key="new").status_code == 422
    assert send(alice, "/api/v1/leases", body_of(offer), key="new").status_code == 201


def test_two_at_once_act_once(real_cast):
    _, offer = real_cast.supply()
    statuses, start = [], threading.Barrier(3)

    def run() -> None:
        client = browser(real_cast.alice)
        start.wait()
        statuses.append(send(client, "/api/v1/leases", body_of(offer)).status_code)
        connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) <= {201, 409}
    assert 201 in statuses
    assert Lease.objects.count() == 1


def test_a_request_that_died_is_taken_over_and_finds_what_it_made(cast, clock):
    _, offer = cast.supply()
    alice = browser(cast.alice)
    lease_id = send(alice, "/api/v1/leases", body_of(offer)).json()["id"]
    # The answer was never written down: the process died after the lease was made.
    IdempotencyRecord.objects.update(completed_at=None, status_code=None, body=None, created_at=time.now())
    assert problem(send(alice, "/api/v1/leases", body_of(offer)), 409) == "request_in_progress"
    clock.advance(seconds=60)
    answer = send(alice, "/api/v1/leases", body_of(offer))
    assert (answer.status_code, answer.json()["id"]) == (201, lease_id)
    assert Lease.objects.count() == 1


def test_answers_are_forgotten_after_a_day(cast, clock):
    _, offer = cast.supply()
    send(browser(cast.alice), "/api/v1/leases", body_of(offer))
    clock.advance(seconds=timedelta(hours=23).total_seconds())
    assert idempotency.forget_old_answers() == 0
    clock.advance(seconds=timedelta(hours=2).total_seconds())
    assert idempotency.forget_old_answers() == 1
