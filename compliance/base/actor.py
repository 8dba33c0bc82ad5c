"""Who does a deed. Audit events and officers' decisions name an Actor, never a foreign key upwards."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What an actor may do on the platform side."""

    OFFICER = "officer"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Actor:
    """A user, an API key, an agent or the system itself.

    `id` is stable and free of personal data; `label` is for people to read and never enters the hash chain.
    """

    kind: str
    id: str
    label: str = ""
    roles: frozenset[str] = frozenset()

    @property
    def ref(self) -> str:
        """`kind:id`, the form that is stored."""
        return f"{self.kind}:{self.id}"

    def has_role(self, role: str) -> bool:
        """Whether the actor holds the platform role."""
        return role in self.roles


SYSTEM = Actor("system", "gridclear", "Gridclear")


def system(part: str) -> Actor:
    """The actor for an automatic part of the platform, such as `metering` or `gate`."""
    return Actor("system", part, f"Gridclear {part}")
