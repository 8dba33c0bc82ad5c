"""A lease that compliance ended is resumed: a lease of its own for what was left, on the same terms (ADR 0064)."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from compliance.base import clock
from compliance.base.actor import Actor
from compliance.base.errors import Conflict, NotFound
from compliance.selectors import restrictions
from marketplace.lease_pricing import cost_so_far_minor
from marketplace.models import Lease, User
from marketplace.models.viewer import Viewer
from marketplace.permissions import DEAL, require_role
from marketplace.services import leases
from marketplace.services.lease_terms import RAILS, USDC_UNITS_PER_CENT, LeaseRequest, usable_seconds

State, EndReason = Lease.State, Lease.EndReason
# Ends that were nobody's wish: a review, or a clearance that the gate did not renew.
RESUMABLE_ENDS = (EndReason.COMPLIANCE_SUSPENDED, EndReason.CLEARANCE_LAPSED)
RESUME_WITHIN = timedelta(days=30)
LEAST_SECONDS = 60


class NotResumable(Conflict):
    """There is nothing to resume, or not yet."""

    code = "not_resumable"
    default_message = "This lease cannot be resumed. Nothing was reserved or charged."


@dataclass(frozen=True, slots=True)
class Remainder:
    """What was left of a lease: seconds, and the most that they may cost in USD cents."""

    seconds: int
    most_cents: int


def remainder_of(lease: Lease) -> Remainder | None:
    """What can be resumed of the lease now; None where compliance did not end it, still looks at it, or little is left.

    One resumption each, within thirty days of the end.
    """
    over = lease.state in (State.ENDED, State.SETTLED, State.FAILED) and lease.end_reason in RESUMABLE_ENDS
    if not over or lease.ended_at is None or lease.ended_at <= clock.now() - RESUME_WITHIN:
        return None
    if _is_resumed(lease):
        return None
    if any(restrictions.is_restricted(party) for party in (lease.renter_party_id, lease.provider_party_id)):
        return None
    seconds = usable_seconds(lease) - lease.billed_seconds
    unit = USDC_UNITS_PER_CENT if lease.currency == RAILS["escrow"] else 1
    cents = (lease.max_spend_minor - cost_so_far_minor(lease)) // unit
    return Remainder(seconds, cents) if seconds >= LEAST_SECONDS and cents > 0 else None


def resume_lease(
    lease_id: UUID,
    viewer: Viewer,
    *,
    user: User,
    actor: Actor,
    new_id: UUID | None = None,
    price_minor_per_gpu_hour: int | None = None,
    address: str = "",
) -> Lease:
    """A new lease goes on with what was left, on the same offer and rail, and waits for its funds.

    The gate is asked as for any lease. Asking again with the same `new_id` returns the lease. Raises NotFound for
    anybody but the renter's people, Forbidden for a role that does not deal, NotResumable, AlreadyResumed, and all
    that `leases.request_lease` raises.
    """
    lease = Lease.objects.rented_by(viewer).select_related("hold", "renter").filter(pk=lease_id).first()
    if lease is None:
        raise NotFound
    require_role(user, lease.renter, *DEAL)
    made = Lease.objects.filter(pk=new_id, resumes=lease).first() if new_id else None
    if made is not None:
        return made
    if _is_resumed(lease):
        raise leases.AlreadyResumed
    left = remainder_of(lease)
    if left is None:
        raise NotResumable
    request = LeaseRequest(
        organization_id=lease.renter_id,
        offer_id=lease.offer_id,
        gpu_count=lease.gpu_count,
        seconds=left.seconds,
        rail=lease.rail,
        image=lease.image,
        end_use=lease.end_use,
        end_use_kind=lease.end_use_kind,
        end_user=dict(lease.end_user),
        max_spend_minor=left.most_cents,
        command=tuple(lease.command),
        environment=dict(lease.environment),
        ports=tuple(lease.ports),
        ssh_public_key=lease.ssh_public_key,
        payment_method=lease.hold.payment_method if lease.hold is not None and lease.rail == "card" else "",
        wallet=lease.wallet_address,
        lease_id=new_id,
        price_minor_per_gpu_hour=price_minor_per_gpu_hour,
        resumes_id=lease.pk,
        address=address,
    )
    return leases.request_lease(request, user=user, actor=actor)


def _is_resumed(lease: Lease) -> bool:
    return Lease.objects.filter(resumes=lease).exists()
