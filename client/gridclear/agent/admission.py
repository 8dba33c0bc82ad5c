"""Whether this node may run a lease's workload, from the server's word, the clearance and the GPUs here."""

from collections.abc import Mapping, Set

from gridclear.agent.clearance import Clearance, verify_clearance
from gridclear.agent.messages import Desired, Ticket
from gridclear.errors import AgentError

# Refusals that may be gone at the next sync: the server renews a clearance that lapsed on its way here, and a
# workload that is being stopped still holds its GPUs for a moment.
PASSING = frozenset({"clearance_expired", "gpu_busy"})


class Admission:
    """The node's own checks. `gpus` maps the uuid of each of its GPUs to whether it is simulated."""

    def __init__(self, *, node_id: str, clearance_keys: Mapping[str, str], gpus: Mapping[str, bool]) -> None:
        self._node_id = node_id
        self._keys = dict(clearance_keys)
        self._gpus = dict(gpus)

    def check(self, item: Desired, *, busy: Set[str], at: float) -> tuple[Ticket, Clearance]:
        """What may be run, and by what right. `busy` are the GPUs of other workloads, `at` is in unix seconds.

        Raises AgentError, whose code says which check failed.
        """
        ticket = item.ticket
        if ticket is None:
            raise AgentError("ticket_unreadable", "The job ticket cannot be understood.")
        clearance = self.verify(item, ticket, at=at)
        uuids = set(ticket.gpu_uuids)
        if len(uuids) != len(ticket.gpu_uuids) or not uuids <= self._gpus.keys():
            raise AgentError("gpu_unknown", "The ticket names GPUs that this node does not have.")
        if uuids & busy:
            raise AgentError("gpu_busy", "Another workload still holds one of these GPUs.")
        return ticket, clearance

    def verify(self, item: Desired, ticket: Ticket, *, at: float) -> Clearance:
        """The item's clearance, which permits what the ticket names. Raises ClearanceRefused."""
        return verify_clearance(
            item.clearance,
            keys=self._keys,
            lease_id=item.lease_id,
            node_id=self._node_id,
            gpu_count=len(ticket.gpu_uuids),
            at=at,
        )

    def simulated(self, ticket: Ticket) -> bool:
        """Whether any GPU of the ticket does not exist."""
        return any(self._gpus[uuid] for uuid in ticket.gpu_uuids)
