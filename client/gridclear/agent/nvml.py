"""Real GPUs, through NVIDIA's management library."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gridclear.agent.gpus import Gpu, GpuMetric

try:
    import pynvml
except ImportError:  # the SDK without the extra `agent`
    pynvml = None

log = logging.getLogger("gridclear.agent")
MIB = 1024 * 1024


class RealGpus:
    """A GPU source that asks NVML; a machine without the library or a driver has no GPUs."""

    def gpus(self) -> list[Gpu]:
        """The devices that the driver sees now."""
        with _nvml() as ready:
            if not ready:
                return []
            driver = _text(pynvml.nvmlSystemGetDriverVersion())
            return [_gpu(index, handle, driver) for index, handle in enumerate(_handles())]

    def metrics(self) -> list[GpuMetric]:
        """How busy each device is now."""
        with _nvml() as ready:
            return [_metric(handle) for handle in _handles()] if ready else []


@contextmanager
def _nvml() -> Iterator[bool]:
    """Within the block NVML is initialised, where there is one."""
    if pynvml is None:
        yield False
        return
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        yield False
        return
    try:
        yield True
    finally:
        pynvml.nvmlShutdown()


def _handles() -> list[Any]:
    return [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]


def _gpu(index: int, handle: Any, driver: str) -> Gpu:
    pci = pynvml.nvmlDeviceGetPciInfo(handle)
    return Gpu(
        uuid=_text(pynvml.nvmlDeviceGetUUID(handle)),
        index=index,
        name=_text(pynvml.nvmlDeviceGetName(handle)),
        memory_mib=int(pynvml.nvmlDeviceGetMemoryInfo(handle).total) // MIB,
        # NVML packs device id (high half) and vendor id (low half): 0x233010DE is device 2330 of vendor 10DE.
        pci_device_id=f"{pci.pciDeviceId & 0xFFFF:04x}:{pci.pciDeviceId >> 16:04x}",
        driver_version=driver,
        simulated=False,
    )


def _metric(handle: Any) -> GpuMetric:
    memory = _or_none(lambda: int(pynvml.nvmlDeviceGetMemoryInfo(handle).used) // MIB)
    return GpuMetric(
        uuid=_text(pynvml.nvmlDeviceGetUUID(handle)),
        utilization=_or_none(lambda: int(pynvml.nvmlDeviceGetUtilizationRates(handle).gpu)),
        memory_used_mib=memory,
        temperature=_or_none(lambda: int(pynvml.nvmlDeviceGetTemperature(handle, pynvml.NVML_TEMPERATURE_GPU))),
    )


def _or_none(ask: Any) -> int | None:
    """What the device tells, or None: under MIG and virtualization some questions have no answer."""
    try:
        return int(ask())
    except pynvml.NVMLError:
        return None


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
