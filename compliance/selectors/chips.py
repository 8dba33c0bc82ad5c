"""The accelerators that Gridclear knows, each classified."""

from compliance.engine.catalogue import Accelerator, Letter
from compliance.selectors import policies


def catalogue() -> list[Accelerator]:
    """Every accelerator, by name; `classification` says what it is under ECCN 3A090."""
    return sorted(policies.catalogue().accelerators, key=lambda each: each.name)


def accelerator(slug: str) -> Accelerator | None:
    """The accelerator of that slug."""
    return policies.catalogue().get(slug)


def slug_of_device(name: str, pci_id: str = "") -> str | None:
    """The slug of the accelerator whose driver reports this name; None is unknown, and counts as controlled.

    A name that the PCI id (`10de:2330`) contradicts is unknown.
    """
    return policies.catalogue().match_device(name, pci_id)


def letters() -> list[Letter]:
    """The letters of BIS that are known, newest first."""
    return sorted(policies.catalogue().letters, key=lambda each: each.dated, reverse=True)
