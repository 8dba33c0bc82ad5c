"""The platform's officers, to whom a case can be given."""

from uuid import UUID

from django.db.models import QuerySet

from compliance.base.actor import Actor
from compliance.base.errors import NotFound
from marketplace.models import User


def officers() -> QuerySet[User]:
    """Everybody who decides cases, by name."""
    found = User.objects.filter(platform_role=User.PlatformRole.OFFICER, is_active=True)
    return found.order_by("name", "email")


def officer_named(key: str) -> Actor:
    """The officer with that id. Raises NotFound for anybody else."""
    try:
        found = officers().filter(pk=UUID(key)).first()
    except ValueError:
        found = None
    if found is None:
        raise NotFound("There is no such officer. Nothing was changed.")
    return found.as_actor()
