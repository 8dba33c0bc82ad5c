# ruff: noqa: N802  (NVML's own names)
from types import SimpleNamespace
from uuid import uuid4

import pytest
from gridclear.agent import nvml
from gridclear.agent.inventory import InventorySource, gpu_source
from gridclear.agent.simulated import read_simulation
from gridclear.errors import AgentError


class Nvml:
    """What `pynvml` says on a machine with two H100s, the second of which tells no temperature."""

    NVML_TEMPERATURE_GPU = 0

    class NVMLError(Exception):
        pass

    def __init__(self, driver=True):
        self.driver, self.open = driver, 0

    def nvmlInit(self):
        if not self.driver:
            raise self.NVMLError("driver not loaded")
        self.open += 1

    def nvmlShutdown(self):
        self.open -= 1

    def nvmlSystemGetDriverVersion(self):
        return "580.95.05"

    def nvmlDeviceGetCount(self):
        return 2

    def nvmlDeviceGetHandleByIndex(self, index):
        return index

    def nvmlDeviceGetUUID(self, handle):
        return f"GPU-{handle}"

    def nvmlDeviceGetName(self, handle):
        return b"NVIDIA H100 80GB HBM3"  # bytes, as older libraries say it

    def nvmlDeviceGetMemoryInfo(self, handle):
        return SimpleNamespace(total=81559 * 1024 * 1024, used=1024 * 1024)

    def nvmlDeviceGetPciInfo(self, handle):
        return SimpleNamespace(pciDeviceId=0x233010DE)

    def nvmlDeviceGetUtilizationRates(self, handle):
        return SimpleNamespace(gpu=97)

    def nvmlDeviceGetTemperature(self, handle, sensor):
        if handle == 1:
            raise self.NVMLError("not supported")
        return 61


@pytest.fixture
def real_gpus(monkeypatch):
    library = Nvml()
    monkeypatch.setattr(nvml, "pynvml", library)
    return library


def test_real_gpus_are_told_as_nvml_sees_them(real_gpus):
    source = gpu_source("", node_id="n")
    first, _ = source.gpus()
    assert (first.uuid, first.index, first.name) == ("GPU-0", 0, "NVIDIA H100 80GB HBM3")
    assert (first.memory_mib, first.pci_device_id, first.driver_version) == (81559, "10de:2330", "580.95.05")
    assert first.simulated is False
    assert [metric.temperature for metric in source.metrics()] == [61, None]
    assert source.metrics()[0].utilization == 97
    assert real_gpus.open == 0


def test_simulation_beside_real_gpus_needs_a_clear_word(real_gpus):
    with pytest.raises(AgentError) as refused:
        gpu_source("NVIDIA B200:8", node_id="n")
    assert refused.value.code == "real_gpus_present"
    assert len(gpu_source("NVIDIA B200:8", node_id="n", beside_real=True).gpus()) == 8


@pytest.mark.parametrize("library", [None, Nvml(driver=False)])
def test_a_machine_without_a_driver_or_the_library_has_no_gpus(monkeypatch, library):
    monkeypatch.setattr(nvml, "pynvml", library)
    source = gpu_source("", node_id="n")
    assert source.gpus() == []
    assert source.metrics() == []


def test_simulated_gpus_say_so_and_measure_nothing(monkeypatch):
    monkeypatch.setattr(nvml, "pynvml", None)
    source = gpu_source("NVIDIA H100 80GB HBM3:2, NVIDIA GeForce RTX 3090:1", node_id="n")
    gpus = source.gpus()
    assert [gpu.name for gpu in gpus] == ["NVIDIA H100 80GB HBM3"] * 2 + ["NVIDIA GeForce RTX 3090"]
    assert [gpu.memory_mib for gpu in gpus] == [81559, 81559, 24576]
    assert all(gpu.simulated and gpu.driver_version == "simulated" and gpu.uuid.startswith("SIM-") for gpu in gpus)
    assert all(metric.utilization is None for metric in source.metrics())


def test_simulated_uuids_stay_the_same_for_a_node_and_differ_between_nodes(monkeypatch):
    monkeypatch.setattr(nvml, "pynvml", None)
    node, other = str(uuid4()), str(uuid4())

    def uuids(node_id):
        return [gpu.uuid for gpu in gpu_source("NVIDIA T4:2", node_id=node_id).gpus()]

    assert uuids(node) == uuids(node)
    assert not set(uuids(node)) & set(uuids(other))


@pytest.mark.parametrize(
    "text", ["", "H100", "H100:", ":2", "H100:0", "H100:-1", "H100:x", "H100:2,", "T4:65", "T4:٣x"]
)
def test_a_simulation_that_cannot_be_understood_is_refused(text):
    with pytest.raises(AgentError) as refused:
        read_simulation(text)
    assert refused.value.code == "bad_simulation"


def test_the_message_has_every_field_of_the_protocol(monkeypatch):
    monkeypatch.setattr(nvml, "pynvml", None)
    message = InventorySource(gpu_source("NVIDIA T4:1", node_id="n"), docker=False).inventory().message()
    assert set(message) == {
        "gpus", "cpu_count", "ram_mib", "disk_gib", "network_mbps", "os", "docker", "hostname",
    }  # fmt: skip
    assert set(message["gpus"][0]) == {
        "uuid", "index", "name", "memory_mib", "pci_device_id", "driver_version", "simulated",
    }  # fmt: skip
