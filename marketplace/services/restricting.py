"""An officer restricts whoever is named: a party, a side of a lease, the holder of a wallet or of an account."""

from collections.abc import Callable
from uuid import UUID

from compliance.base.actor import Actor
from compliance.base.errors import InvalidInput
from compliance.selectors.parties import holder_of_wallet
from compliance.services.restriction_orders import Order, order
from marketplace.models import Lease
from settlement.selectors.balances import holder_of_account


def restrict(wanted: Order, *, actor: Actor) -> UUID:
    """The party that the order's target leads to is restricted from now on; the restriction's id.

    Raises what `order` raises.
    """
    return order(party_named(wanted.target_kind, wanted.target_ref), wanted, actor=actor).pk


def party_named(kind: str, ref: str) -> UUID:
    """Whom the target leads to. Raises InvalidInput, for the field `target_ref`, when it leads to nobody."""
    find = _FIND.get(kind)
    found = find(ref.strip()) if find else None
    if found is None:
        words = "This leads to no party: copy the id or the address from its page."
        raise InvalidInput("The order names nobody. Nothing was changed.", errors={"target_ref": words})
    return found


def _uuid(ref: str) -> UUID | None:
    try:
        return UUID(ref)
    except ValueError:
        return None


def _side(column: str) -> Callable[[str], UUID | None]:
    def find(ref: str) -> UUID | None:
        lease_id = _uuid(ref)
        return Lease.objects.filter(pk=lease_id).values_list(column, flat=True).first() if lease_id else None

    return find


def _account(ref: str) -> UUID | None:
    found = _uuid(ref)
    return holder_of_account(found) if found else None


_FIND: dict[str, Callable[[str], UUID | None]] = {
    "party": _uuid,
    "renter": _side("renter_party_id"),
    "provider": _side("provider_party_id"),
    "wallet": holder_of_wallet,
    "account": _account,
}
