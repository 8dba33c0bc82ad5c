"""Who looks: every list and every object is fetched through `visible_to(viewer)`."""

from collections.abc import Collection
from typing import Protocol
from uuid import UUID


class Viewer(Protocol):
    """A user, or an API key acting for one organization."""

    @property
    def is_platform_staff(self) -> bool: ...

    def organization_ids(self) -> Collection[UUID]: ...
