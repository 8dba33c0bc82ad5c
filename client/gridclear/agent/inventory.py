"""What this machine has: GPUs that NVML sees, or simulated ones that say so, and the host around them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from gridclear.agent.gpus import Gpu, GpuMetric
from gridclear.agent.host import Host, read_host
from gridclear.agent.nvml import RealGpus
from gridclear.agent.simulated import SimulatedGpus, read_simulation
from gridclear.errors import AgentError


class GpuSource(Protocol):
    """Where GPUs come from."""

    def gpus(self) -> list[Gpu]: ...

    def metrics(self) -> list[GpuMetric]: ...


@dataclass(frozen=True)
class Inventory:
    """Everything that the marketplace is told of this node."""

    gpus: Sequence[Gpu]
    host: Host
    docker: bool

    def message(self) -> dict[str, Any]:
        """The body of an inventory report."""
        return {"gpus": [asdict(gpu) for gpu in self.gpus], **asdict(self.host), "docker": self.docker}


class InventorySource:
    """The inventory and the metrics of this machine, read anew at each call."""

    def __init__(self, source: GpuSource, *, docker: bool) -> None:
        self._source = source
        self._docker = docker

    def inventory(self) -> Inventory:
        """What the machine has now."""
        return Inventory(self._source.gpus(), read_host(), self._docker)

    def metrics(self) -> list[GpuMetric]:
        """How busy and how warm each GPU is now."""
        return self._source.metrics()


def gpu_source(simulate: str, *, node_id: str, beside_real: bool = False) -> GpuSource:
    """Real GPUs, or the simulated ones that `simulate` asks for ("NAME:COUNT").

    Raises AgentError when real GPUs are present beside a simulation, unless `beside_real` asks for it: a
    machine that can compute should not pretend by mistake.
    """
    real = RealGpus()
    if not simulate:
        return real
    wanted = read_simulation(simulate)
    if real.gpus() and not beside_real:
        raise AgentError(
            "real_gpus_present",
            "This machine has real GPUs. Leave out --simulate-gpu, or add --simulate-beside-real-gpus.",
        )
    return SimulatedGpus(wanted, node_id)
