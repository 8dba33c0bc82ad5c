"""Two renters and one last GPU: exactly one gets it, the other is told so, whatever the order of their steps."""

import threading

from django.db import connections

from compliance.base.errors import Refusal
from marketplace.models import Allocation, Lease
from marketplace.services import leases
from settlement.selectors.balances import available_minor
from tests.factories import marketplace as make


def race(*deeds):
    """What each deed gave or raised, all started at once on connections of their own."""
    results, start = [None] * len(deeds), threading.Barrier(len(deeds))

    def run(number, deed):
        start.wait()
        try:
            results[number] = deed()
        except Refusal as refusal:
            results[number] = refusal
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_two_renters_race_for_the_last_gpu(real_cast, monkeypatch):
    cast = real_cast
    agent = make.online_agent(cast.brisbane, cast.pia, gpus=f"{make.H100}:1")
    offer = make.offer_on(agent, cast.pia)
    # Both pass the early look and the gate before either locks a GPU.
    both_cleared, real, been = threading.Barrier(2), leases._take_gpus, set()

    def take(*given):
        if threading.get_ident() not in been:
            been.add(threading.get_ident())
            both_cleared.wait(30)
        return real(*given)

    monkeypatch.setattr(leases, "_take_gpus", take)

    results = race(
        lambda: make.open_lease(offer, cast.alice, cast.lion),
        lambda: make.open_lease(offer, cast.charlie, cast.strange),
    )
    won = [result for result in results if isinstance(result, Lease)]
    lost = [result for result in results if isinstance(result, leases.NoFreeGpu)]
    assert (len(won), len(lost)) == (1, 1), results
    assert lost[0].http_status == 409
    assert "another renter was first" in lost[0].message
    assert Allocation.objects.filter(closed_at=None).count() == 1
    assert Lease.objects.count() == 1
    loser = cast.strange if won[0].renter_id == cast.lion.pk else cast.lion
    assert available_minor(loser.party_id) == 100_000, "the loser's money was not touched"
    # hold_confirmed came on commit: the winner is funded without any sweep.
    assert Lease.objects.get(pk=won[0].pk).state == "funded"


def test_four_renters_race_for_two_gpus(real_cast):
    cast = real_cast
    agent = make.online_agent(cast.brisbane, cast.pia, gpus=f"{make.H100}:2")
    offer = make.offer_on(agent, cast.pia)
    people = [(cast.alice, cast.lion), (cast.bob, cast.lion), (cast.charlie, cast.strange), (cast.alice, cast.lion)]
    results = race(*[lambda user=user, of=of: make.open_lease(offer, user, of) for user, of in people])
    won = [result for result in results if isinstance(result, Lease)]
    # A loser may have met a lock that was let go again, so fewer than two may win; never more.
    assert 1 <= len(won) <= 2, results
    assert all(isinstance(result, Lease | leases.NoFreeGpu) for result in results), results
    taken = Allocation.objects.filter(closed_at=None).values_list("gpu_id", flat=True)
    assert len(taken) == len(set(taken)) == len(won)


def test_a_heartbeat_neither_blocks_a_request_nor_costs_it_the_gpu(real_cast):
    """Syncs write to the node and to its GPUs while renters come and go; nobody waits for ever, nobody is sent away."""
    cast = real_cast
    agent = make.online_agent(cast.brisbane, cast.pia, gpus=f"{make.H100}:8")
    offer = make.offer_on(agent, cast.pia)
    done = threading.Event()

    def beat():
        load, beats = 0, 0
        while not done.is_set():
            load = (load + 7) % 100
            metrics = [{"uuid": gpu["uuid"], "utilization": load, "temperature": 40} for gpu in agent.gpus]
            assert agent.post("sync", {"workloads": [], "gpu_metrics": metrics}).status_code == 200
            beats += 1
        return beats

    def rent():
        try:
            return [make.open_lease(offer, cast.alice, cast.lion) for _ in range(4)]
        finally:
            done.set()

    beats, made = race(beat, rent)
    assert beats > 3
    assert len({lease.pk for lease in made}) == 4
