"""Leases as renters meet them: requested and stopped."""

import uuid
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.errors import Conflict, NotFound
from compliance.services import gate, parties, place_signs
from marketplace.errors import NotARenter
from marketplace.models import Allocation, Gpu, Lease, Node, Offer, Organization, User
from marketplace.models.viewer import Viewer
from marketplace.permissions import DEAL, require_role
from marketplace.services import lease_course
from marketplace.services.lease_terms import LeaseRequest, Price, check_request, price_of
from settlement.services import holds
from settlement.services.hold_terms import HoldTerms
from settlement.services.walls import Clearance

ONE_LEASE_PER_GPU = "one_open_allocation_per_gpu"
ONE_RESUMPTION = "marketplace_lease_resumes_id"
TRIES = 3


class NoFreeGpu(Conflict):
    """Somebody else has the GPUs."""

    code = "no_free_gpu"
    default_message = (
        "The GPUs of this offer are taken: another renter was first. Nothing was reserved or charged; choose another "
        "offer or try again later."
    )


class OfferNotActive(Conflict):
    """The offer takes no new leases."""

    code = "offer_not_active"
    default_message = "This offer takes no new leases. Nothing was reserved or charged; choose another offer."


class PriceChanged(Conflict):
    """The offer's price is another than the renter saw."""

    code = "price_changed"
    default_message = (
        "The offer's price has changed since you saw it. Nothing was reserved or charged; look at the new price, and "
        "ask again if it suits you."
    )


class NodeNotOnline(Conflict):
    """The node gives no sign of life."""

    code = "node_not_online"
    default_message = "The offer's node is not online. Nothing was reserved or charged; choose another offer."


class OwnOffer(Conflict):
    """Renter and provider are one."""

    code = "own_offer"
    default_message = "An organization cannot lease its own offer. Nothing was reserved or charged."


class AlreadyResumed(Conflict):
    """What was left of the lease was taken up before."""

    code = "already_resumed"
    default_message = "This lease was resumed already. Nothing was reserved or charged."


class LeaseOver(Conflict):
    """There is nothing left to stop."""

    code = "lease_over"
    default_message = "This lease is over or is being stopped already. Nothing was changed."


def request_lease(request: LeaseRequest, *, user: User, actor: Actor) -> Lease:
    """GPUs are allocated, the money is asked for, and the lease waits for funds.

    The gate is asked first, outside any transaction, about the very id that the lease will have; then the GPUs, the
    lease and its hold come to be together or not at all. Asking again with the same `lease_id` returns the lease.

    Raises FieldsInvalid, NotFound, Forbidden, NotARenter, OwnOffer, OfferNotActive, NodeNotOnline, PriceChanged,
    NoFreeGpu, what the gate raises (ClearanceDenied, ClearanceInReview), MalformedWallet, and what settlement
    raises for the money.
    """
    renter = _renter(request, user)
    if request.lease_id is not None and (made := _made_before(request.lease_id, renter)) is not None:
        return made
    offer = _offer(request, renter)
    check_request(request, offer)
    if request.price_minor_per_gpu_hour not in (None, offer.price_minor_per_gpu_hour):
        raise PriceChanged
    _require_someone_free(request, offer)
    if request.rail == "escrow":
        parties.link_wallet(renter.party_id, request.wallet, actor=actor)
    lease_id = request.lease_id or uuid.uuid4()
    price = price_of(request, offer)
    place_signs.see_address(renter.party_id, request.address, "request")
    clearance = gate.require(_question(request, lease_id, renter, offer, price), actor=actor)
    sketch = _sketch(request, lease_id, renter, offer, price, clearance.pk, user)
    for attempt in range(1, TRIES + 1):
        try:
            return _make(sketch, request, clearance, actor)
        except NoFreeGpu:
            # A lock that was passed over may have been somebody's who is gone already.
            if attempt == TRIES or free_gpus_of(offer.node_id, offer.gpu_model_id) < request.gpu_count:
                raise
    raise NoFreeGpu


def stop_lease(lease_id: UUID, viewer: Viewer, *, actor: Actor, user: User | None = None) -> Lease:
    """The lease is being stopped on the renter's word; time counts no further than now.

    `user` is who must hold the role: the viewer itself, where it is a person. Raises NotFound for anybody but the
    renter's people, Forbidden for a role that does not deal, LeaseOver.
    """
    found = Lease.objects.rented_by(viewer).select_related("renter").filter(pk=lease_id).first()
    person = viewer if isinstance(viewer, User) else user
    if found is None or person is None:
        raise NotFound
    require_role(person, found.renter, *DEAL)
    with transaction.atomic():
        lease = lease_course.locked(lease_id)
        if lease.state == Lease.State.PENDING_FUNDS:
            lease_course.fail(lease, Lease.EndReason.RENTER_STOPPED, actor=actor)
        elif lease.state in (Lease.State.FUNDED, Lease.State.STARTING, Lease.State.RUNNING):
            lease_course.stop(lease, Lease.EndReason.RENTER_STOPPED, actor=actor)
        else:
            raise LeaseOver
    return lease


def free_gpus_of(node_id: UUID, gpu_slug: str, *, simulated_too: bool = True) -> int:
    """How many GPUs of the model on the node could be leased now."""
    gpus = _free().filter(node_id=node_id, gpu_model_id=gpu_slug)
    return (gpus if simulated_too else gpus.filter(simulated=False)).count()


def _made_before(lease_id: UUID, renter: Organization) -> Lease | None:
    """The lease that a request with this id made; its answer may have been lost on the way."""
    made = Lease.objects.filter(pk=lease_id).first()
    if made is not None and made.renter_id != renter.pk:
        raise Conflict("This id is taken. Nothing was reserved or charged; leave it out, or choose another.")
    return made


def _renter(request: LeaseRequest, user: User) -> Organization:
    renter = Organization.objects.filter(pk=request.organization_id).first()
    if renter is None:
        raise NotFound
    require_role(user, renter, *DEAL)
    if not renter.is_renter:
        raise NotARenter
    return renter


def _offer(request: LeaseRequest, renter: Organization) -> Offer:
    offers = Offer.objects.select_related("node", "organization", "gpu_model")
    offer = offers.filter(pk=request.offer_id).first()
    if offer is None:
        raise NotFound
    if offer.organization.party_id == renter.party_id:
        raise OwnOffer
    if offer.state != Offer.State.ACTIVE:
        raise OfferNotActive
    if offer.node.state != Node.State.ONLINE:
        raise NodeNotOnline
    return offer


def _require_someone_free(request: LeaseRequest, offer: Offer) -> None:
    """Who cannot win the race anyway need not be examined for it; the lock below decides for the others."""
    if free_gpus_of(offer.node_id, offer.gpu_model_id) < request.gpu_count:
        raise NoFreeGpu


def _free() -> QuerySet[Gpu]:
    taken = Allocation.objects.filter(gpu=OuterRef("pk"), closed_at=None)
    return Gpu.objects.filter(~Exists(taken), present=True)


def _take_gpus(request: LeaseRequest, offer: Offer) -> list[Gpu]:
    """Free GPUs of the node, locked. Rows that another request holds are passed over rather than waited for."""
    free = _free().filter(node_id=offer.node_id, gpu_model_id=offer.gpu_model_id)
    gpus = list(free.select_for_update(skip_locked=True, of=("self",)).order_by("index")[: request.gpu_count])
    if len(gpus) < request.gpu_count:
        raise NoFreeGpu
    return gpus


def _make(lease: Lease, request: LeaseRequest, clearance: Clearance, actor: Actor) -> Lease:
    """GPUs, lease, allocations and hold come to be together, or none of them. Raises NoFreeGpu."""
    try:
        with transaction.atomic():
            gpus = _take_gpus(request, lease.offer)
            lease.save(force_insert=True)
            Allocation.objects.bulk_create([Allocation(gpu=gpu, lease=lease) for gpu in gpus])
            audit.record("lease.requested", actor=actor, subject=lease, data=_summary(lease))
            hold = holds.open_hold(
                clearance=clearance,
                rail=lease.rail,
                renter_party_id=lease.renter_party_id,
                payee_party_id=lease.provider_party_id,
                subject_id=lease.pk,
                amount_minor=lease.max_spend_minor,
                currency=lease.currency,
                terms=HoldTerms(lease.rate_minor_per_hour, _longest_end(lease), credit_bps=lease.sla_credit_bps),
                idempotency_key=f"lease-{lease.pk}",
                payment_method=request.payment_method,
                wallet=lease.wallet_address,
                actor=actor,
            )
            Lease.objects.filter(pk=lease.pk).update(hold_id=hold.id)
    except IntegrityError as error:
        if ONE_LEASE_PER_GPU in str(error):
            raise NoFreeGpu from error
        if ONE_RESUMPTION in str(error):
            raise AlreadyResumed from error
        raise
    return Lease.objects.get(pk=lease.pk)


def _question(
    request: LeaseRequest, lease_id: UUID, renter: Organization, offer: Offer, price: Price
) -> gate.GateRequest:
    return gate.GateRequest(
        purpose="lease",
        subject_id=lease_id,
        renter_party_id=renter.party_id,
        provider_party_id=offer.organization.party_id,
        gpu_slug=offer.gpu_model_id,
        gpu_count=request.gpu_count,
        node_id=offer.node_id,
        node_country=offer.node.country,
        node_region=offer.node.region,
        rail=request.rail,
        wallet=request.wallet,
        amount_minor=price.most,
        currency=price.currency,
        end_use=request.end_use.strip(),
        end_use_kind=request.end_use_kind,
        end_user=dict(request.end_user),
        seconds=request.seconds,
        node_city=offer.node.city,
    )


def _sketch(
    request: LeaseRequest,
    lease_id: UUID,
    renter: Organization,
    offer: Offer,
    price: Price,
    clearance_id: UUID,
    user: User,
) -> Lease:
    return Lease(
        id=lease_id,
        offer=offer,
        node=offer.node,
        renter=renter,
        provider=offer.organization,
        renter_party_id=renter.party_id,
        provider_party_id=offer.organization.party_id,
        requested_by=user,
        clearance_id=clearance_id,
        state=Lease.State.PENDING_FUNDS,
        state_deadline_at=clock.now() + timedelta(seconds=settings.GRIDCLEAR_FUNDING_TIMEOUT_SECONDS),
        gpu_model=offer.gpu_model,
        gpu_count=request.gpu_count,
        price_minor_per_gpu_hour=price.per_gpu_hour,
        currency=price.currency,
        rail=request.rail,
        max_seconds=request.seconds,
        max_spend_minor=price.most,
        sla_credit_bps=settings.GRIDCLEAR_SLA_CREDIT_BPS,
        wallet_address=request.wallet,
        resumes_id=request.resumes_id,
        image=request.image,
        command=list(request.command),
        environment=dict(request.environment),
        ports=list(request.ports),
        ssh_public_key=request.ssh_public_key.strip(),
        end_use=request.end_use.strip(),
        end_use_kind=request.end_use_kind,
        end_user=dict(request.end_user),
    )


def _longest_end(lease: Lease) -> datetime:
    waits = settings.GRIDCLEAR_FUNDING_TIMEOUT_SECONDS + settings.GRIDCLEAR_START_TIMEOUT_SECONDS * 2
    return clock.now() + timedelta(seconds=lease.max_seconds + waits + settings.GRIDCLEAR_STOP_TIMEOUT_SECONDS)


def _summary(lease: Lease) -> dict[str, object]:
    return {
        "offer": str(lease.offer_id),
        "clearance": str(lease.clearance_id),
        "gpus": lease.gpu_count,
        "rail": lease.rail,
        "most_minor": lease.max_spend_minor,
        "currency": lease.currency,
        "seconds": lease.max_seconds,
    }
