"""A lease or a node that cannot be swept holds up no other, and officers have a case about it."""

import pytest

from compliance.models import Case
from marketplace.services import lease_course, sweeps
from tests.marketplace.steps import again

pytestmark = pytest.mark.django_db


def test_a_lease_that_cannot_be_stopped_stops_no_other(cast, clock, monkeypatch):
    agent, offer = cast.supply()
    bad, good = (cast.lease(offer, gpu_count=1) for _ in range(2))
    sweeps.sweep_leases()
    agent.sync()
    agent.sync(agent.workload(bad), agent.workload(good))
    stop = lease_course.stop

    def failing(lease, *args, **more):
        if lease.pk == bad.pk:
            raise KeyError("not to be told")
        return stop(lease, *args, **more)

    monkeypatch.setattr(lease_course, "stop", failing)
    clock.advance(days=1)
    assert [sweeps.sweep_leases() for _ in range(2)] == [1, 0]
    assert (again(bad).state, again(good).state) == ("running", "stopping")
    case = Case.objects.get(reason_codes=["MONEY_WORK_STUCK"])
    assert "The deadline of a lease keeps failing (KeyError)" in case.summary
    assert "not to be told" not in case.summary
    monkeypatch.setattr(lease_course, "stop", stop)
    sweeps.sweep_leases()
    assert again(bad).state == "stopping"
