"""The shapes of the agent protocol. Fields that a newer agent adds are ignored."""

from typing import Any

from rest_framework import serializers

BIG = 2**63 - 1


class WorkloadText(serializers.CharField):
    """What a workload wrote, made storable: a byte that PostgreSQL cannot keep must not hold up all that follows."""

    def to_internal_value(self, data: Any) -> str:
        """Text without NUL and lone surrogates."""
        text = str(super().to_internal_value(data))
        return text.replace("\x00", "").encode("utf-8", "replace").decode()


class EnrolWanted(serializers.Serializer[object]):
    """An agent's first word."""

    token = serializers.CharField(max_length=200)
    public_key = serializers.CharField(max_length=64)
    proof = serializers.CharField(max_length=128)
    agent_version = serializers.CharField(max_length=32, allow_blank=True, required=False, default="")


class GpuReported(serializers.Serializer[object]):
    """One device."""

    uuid = serializers.CharField(max_length=80)
    index = serializers.IntegerField(min_value=0, max_value=1023)
    name = serializers.CharField(max_length=120)
    memory_mib = serializers.IntegerField(min_value=1, max_value=100_000_000)
    pci_device_id = serializers.CharField(max_length=16, allow_blank=True, required=False, default="")
    driver_version = serializers.CharField(max_length=40, allow_blank=True, required=False, default="")
    simulated = serializers.BooleanField()


class InventoryReported(serializers.Serializer[object]):
    """What a machine has."""

    gpus = serializers.ListField(child=GpuReported(), max_length=64)
    cpu_count = serializers.IntegerField(min_value=0, max_value=100_000)
    ram_mib = serializers.IntegerField(min_value=0, max_value=1_000_000_000)
    disk_gib = serializers.IntegerField(min_value=0, max_value=100_000_000)
    network_mbps = serializers.IntegerField(
        min_value=0, max_value=100_000_000, required=False, default=0, allow_null=True
    )
    docker = serializers.BooleanField()


class WorkloadReported(serializers.Serializer[object]):
    """What an agent says of one workload."""

    lease_id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=["pulling", "running", "exited", "failed", "stopped"])
    usage_seconds = serializers.IntegerField(min_value=0, max_value=BIG)
    usage_sequence = serializers.IntegerField(min_value=0, max_value=BIG)
    usage_signature = serializers.CharField(max_length=88, required=False, allow_blank=True, default="")
    exit_code = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=-(2**31), max_value=2**31 - 1
    )
    error = WorkloadText(required=False, allow_null=True, allow_blank=True, default="")
    runtime = serializers.CharField(required=False, allow_blank=True, allow_null=True, default="")


class MetricReported(serializers.Serializer[object]):
    """One device's load."""

    uuid = serializers.CharField(max_length=80)
    utilization = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=100)
    memory_used_mib = serializers.IntegerField(required=False, allow_null=True, min_value=0)
    temperature = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=1000)


class SyncReported(serializers.Serializer[object]):
    """A heartbeat with everything in it."""

    workloads = serializers.ListField(child=WorkloadReported(), max_length=256)
    gpu_metrics = serializers.ListField(child=MetricReported(), required=False, max_length=64)


class LogLineReported(serializers.Serializer[object]):
    """One line."""

    sequence = serializers.IntegerField(min_value=0, max_value=BIG)
    stream = serializers.ChoiceField(choices=["stdout", "stderr"])
    at = serializers.DateTimeField()
    line = WorkloadText(allow_blank=True, trim_whitespace=False)


class LogsReported(serializers.Serializer[object]):
    """Lines of one lease."""

    lease_id = serializers.UUIDField()
    chunks = serializers.ListField(child=LogLineReported(), max_length=1000)
