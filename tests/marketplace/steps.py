"""Steps that several tests take."""

from marketplace.models import Lease
from marketplace.services import sweeps


def again(lease: Lease) -> Lease:
    """The lease as it stands now."""
    return Lease.objects.select_related("hold", "clearance").get(pk=lease.pk)


def running(cast, agent, offer, **changes) -> Lease:
    """A lease whose workload has just been reported to run."""
    lease = cast.lease(offer, **changes)
    sweeps.sweep_leases()
    agent.sync()
    agent.sync(agent.workload(lease))
    return again(lease)
