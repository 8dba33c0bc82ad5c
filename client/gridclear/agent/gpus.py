"""A GPU and its state, as the protocol writes them."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Gpu:
    """One device. `simulated` goes wherever the device goes."""

    uuid: str
    index: int
    name: str
    memory_mib: int
    pci_device_id: str
    driver_version: str
    simulated: bool


@dataclass(frozen=True)
class GpuMetric:
    """One device now: utilization in percent, temperature in degrees Celsius; None where it cannot tell."""

    uuid: str
    utilization: int | None
    memory_used_mib: int | None
    temperature: int | None

    def message(self) -> dict[str, Any]:
        """The entry in a sync."""
        return asdict(self)
