"""The catalogue of GPU models follows compliance's catalogue of accelerators."""

from compliance.selectors import chips
from marketplace.models import GpuModel


def sync_catalogue() -> int:
    """Every accelerator that compliance knows is a GpuModel with the same figures; returns how many there are.

    A model that compliance dropped stays, as controlled: leases point to it, and the gate treats it as unknown.
    """
    accelerators = chips.catalogue()
    GpuModel.objects.bulk_create(
        [
            GpuModel(
                slug=each.slug,
                name=each.name,
                vendor=each.vendor,
                memory_gib=each.memory_gib,
                eccn=each.classification.eccn,
                controlled=each.classification.controlled,
            )
            for each in accelerators
        ],
        update_conflicts=True,
        unique_fields=["slug"],
        update_fields=["name", "vendor", "memory_gib", "eccn", "controlled"],
    )
    GpuModel.objects.exclude(pk__in=[each.slug for each in accelerators]).update(eccn="unknown", controlled=True)
    return len(accelerators)


def slug_of_device(device_name: str, pci_device_id: str = "") -> str | None:
    """The model that reports this device name; None for a name that compliance does not know. Never a guess."""
    return chips.slug_of_device(device_name, pci_device_id)
