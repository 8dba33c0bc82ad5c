"""Who may decide: only people with the officer's role, never the system."""

from compliance.base.actor import Actor, Role
from compliance.base.errors import Forbidden


class FourEyesRequired(Forbidden):
    """The officer who proposed a disposition cannot approve it."""

    code = "four_eyes_required"
    default_message = (
        "You proposed this disposition, so another officer must approve it. Nothing was changed; ask a colleague."
    )


def require_officer(actor: Actor) -> None:
    """The actor is a compliance officer. Raises Forbidden otherwise."""
    if actor.kind == "system" or not actor.has_role(Role.OFFICER):
        raise Forbidden("Only a compliance officer may do this. Nothing was changed.")


def require_second(first: str, actor: Actor, did: str = "", must: str = "") -> None:
    """The actor is another than `first`, who `did` the first half; another `must` do the second.

    Raises FourEyesRequired, which says so, or speaks of a disposition where it is told neither.
    """
    if actor.ref == first:
        words = f"You {did} this, so another officer must {must} it. Nothing was changed." if did else None
        raise FourEyesRequired(words)
