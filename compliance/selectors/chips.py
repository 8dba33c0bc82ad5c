"""The accelerators that Gridclear knows, each classified."""

from compliance.engine.chips import Accelerator
from compliance.selectors import policies


def catalogue() -> list[Accelerator]:
    """Every accelerator, by name; `classification` says what it is under ECCN 3A090."""
    return sorted(policies.catalogue().accelerators, key=lambda each: each.name)


def accelerator(slug: str) -> Accelerator | None:
    """The accelerator of that slug."""
    return policies.catalogue().get(slug)


def slug_of_device(name: str) -> str | None:
    """The slug of the accelerator whose driver reports this name; None is unknown, and counts as controlled."""
    return policies.catalogue().match_device_name(name)
