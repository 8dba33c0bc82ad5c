"""GPUs that do not exist, for development; each says so wherever it is named."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

from gridclear.agent.gpus import Gpu, GpuMetric
from gridclear.errors import AgentError

MOST = 64
# Memory as nvidia-smi reports it for the board, in MiB; first word of the name that fits.
MEMORY_MIB = {
    "B200": 183_359,
    "H200": 143_771,
    "H100 NVL": 95_830,
    "H100": 81_559,
    "H20": 97_871,
    "A100-SXM4-40GB": 40_960,
    "A100": 81_920,
    "L40S": 46_068,
    "RTX 4090": 24_564,
    "RTX 3090": 24_576,
    "T4": 15_360,
}
UNKNOWN_MEMORY_MIB = 16_384


@dataclass(frozen=True)
class Simulation:
    """So many devices of one name."""

    name: str
    count: int


def read_simulation(text: str) -> list[Simulation]:
    """What "NAME:COUNT" asks for; several are joined by commas. Raises AgentError when it cannot be understood."""
    wanted = []
    for part in text.split(","):
        name, colon, count = part.strip().rpartition(":")
        if not colon or not name.strip() or not count.strip().isdecimal() or int(count) < 1:
            raise AgentError("bad_simulation", f'{part.strip()!r} is not of the form "NVIDIA H100 80GB HBM3:2".')
        wanted.append(Simulation(name.strip(), int(count)))
    if sum(item.count for item in wanted) > MOST:
        raise AgentError("bad_simulation", f"At most {MOST} GPUs can be simulated on one node.")
    return wanted


class SimulatedGpus:
    """A GPU source that invents devices; their uuids stay the same for the same node."""

    def __init__(self, wanted: Sequence[Simulation], node_id: str) -> None:
        names = [item.name for item in wanted for _ in range(item.count)]
        self._gpus = [
            Gpu(
                uuid=f"SIM-{uuid5(NAMESPACE_URL, f'gridclear:{node_id}:{index}:{name}')}",
                index=index,
                name=name,
                memory_mib=_memory(name),
                pci_device_id="",
                driver_version="simulated",
                simulated=True,
            )
            for index, name in enumerate(names)
        ]

    def gpus(self) -> list[Gpu]:
        """The invented devices."""
        return list(self._gpus)

    def metrics(self) -> list[GpuMetric]:
        """Nothing is measured on a device that does not exist."""
        return [GpuMetric(gpu.uuid, None, None, None) for gpu in self._gpus]


def _memory(name: str) -> int:
    return next((mib for word, mib in MEMORY_MIB.items() if word in name), UNKNOWN_MEMORY_MIB)
