"""Offers: GPUs of a node at a price."""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from compliance.base import audit
from compliance.base.actor import Actor
from compliance.base.errors import Conflict, NotFound
from compliance.base.transition import transition
from marketplace.errors import FieldsInvalid, NotAProvider
from marketplace.models import GpuModel, Node, Offer, Organization, User
from marketplace.permissions import DEAL, require_role

SHORTEST_SECONDS = 60
LONGEST_SECONDS = 30 * 24 * 3600
# USD cents per GPU hour: ten thousand dollars; a slip of the keyboard and no price.
HIGHEST_PRICE_MINOR = 1_000_000


class NodeRetired(Conflict):
    """The node takes no more part."""

    code = "node_retired"
    default_message = "This node was retired. Nothing was changed; enrol it anew."


@dataclass(frozen=True, slots=True)
class OfferTerms:
    """What is offered: GPUs per lease at most, USD cents per GPU hour, seconds."""

    gpu_count: int
    price_minor_per_gpu_hour: int
    min_seconds: int = SHORTEST_SECONDS
    max_seconds: int = LONGEST_SECONDS


def create_offer(
    organization: Organization, node_id: UUID, gpu_slug: str, terms: OfferTerms, *, user: User, actor: Actor
) -> Offer:
    """The offer is active. Raises NotFound for a foreign node, FieldsInvalid, Forbidden, NotAProvider, NodeRetired."""
    require_role(user, organization, *DEAL)
    if not organization.is_provider:
        raise NotAProvider
    node = Node.objects.filter(pk=node_id, organization=organization).first()
    if node is None:
        raise NotFound
    if node.state == Node.State.RETIRED:
        raise NodeRetired
    _check(terms, node, gpu_slug)
    with transaction.atomic():
        offer = Offer.objects.create(
            organization=organization,
            node=node,
            gpu_model_id=gpu_slug,
            gpu_count=terms.gpu_count,
            price_minor_per_gpu_hour=terms.price_minor_per_gpu_hour,
            min_seconds=terms.min_seconds,
            max_seconds=terms.max_seconds,
            state=Offer.State.ACTIVE,
        )
        audit.record("offer.created", actor=actor, subject=offer, data=_terms(offer))
    return offer


def change_offer(offer_id: UUID, terms: OfferTerms, *, user: User, actor: Actor) -> Offer:
    """The offer has the terms; leases keep those under which they were made. Raises as `create_offer`."""
    with transaction.atomic():
        offer = _own(offer_id, user)
        if offer.state == Offer.State.WITHDRAWN:
            raise Conflict("This offer was withdrawn. Nothing was changed; make a new one.")
        _check(terms, offer.node, offer.gpu_model_id)
        before = _terms(offer)
        for name in ("gpu_count", "price_minor_per_gpu_hour", "min_seconds", "max_seconds"):
            setattr(offer, name, getattr(terms, name))
        offer.save(update_fields=["gpu_count", "price_minor_per_gpu_hour", "min_seconds", "max_seconds"])
        audit.record("offer.changed", actor=actor, subject=offer, data={"before": before, "after": _terms(offer)})
    return offer


def pause_offer(offer_id: UUID, *, user: User, actor: Actor) -> Offer:
    """The offer takes no new leases; running ones go on. Raises NotFound, Forbidden, IllegalTransition."""
    return _move(offer_id, Offer.State.PAUSED, "offer.paused", user, actor)


def resume_offer(offer_id: UUID, *, user: User, actor: Actor) -> Offer:
    """The offer takes leases again. Raises NotFound, Forbidden, IllegalTransition."""
    return _move(offer_id, Offer.State.ACTIVE, "offer.resumed", user, actor)


def withdraw_offer(offer_id: UUID, *, user: User, actor: Actor) -> Offer:
    """The offer is gone for good; running leases go on. Raises NotFound, Forbidden, IllegalTransition."""
    return _move(offer_id, Offer.State.WITHDRAWN, "offer.withdrawn", user, actor)


def _move(offer_id: UUID, to: str, event: str, user: User, actor: Actor) -> Offer:
    with transaction.atomic():
        offer = _own(offer_id, user)
        transition(offer, to, actor=actor, event=event)
    return offer


def _own(offer_id: UUID, user: User) -> Offer:
    """The offer, locked. A stranger learns nothing of it; a member in another role learns that the role is wrong."""
    offers = Offer.objects.select_for_update(of=("self",)).select_related("organization", "node", "gpu_model")
    offer = offers.filter(pk=offer_id, organization_id__in=user.organization_ids()).first()
    if offer is None:
        raise NotFound
    require_role(user, offer.organization, *DEAL)
    return offer


def _check(terms: OfferTerms, node: Node, gpu_slug: str) -> None:
    errors = {}
    if not 0 < terms.price_minor_per_gpu_hour <= HIGHEST_PRICE_MINOR:
        errors["price_minor_per_gpu_hour"] = f"A price lies between 1 and {HIGHEST_PRICE_MINOR} cents per GPU hour."
    if not SHORTEST_SECONDS <= terms.min_seconds <= LONGEST_SECONDS:
        errors["min_seconds"] = f"Between {SHORTEST_SECONDS} and {LONGEST_SECONDS} seconds."
    if not terms.min_seconds <= terms.max_seconds <= LONGEST_SECONDS:
        errors["max_seconds"] = f"Not below the minimum, and at most {LONGEST_SECONDS} seconds."
    if not GpuModel.objects.filter(pk=gpu_slug).exists():
        errors["gpu_model"] = "This model is not in the catalogue."
    else:
        there = node.gpus.filter(gpu_model_id=gpu_slug, present=True).count()
        if not 0 < terms.gpu_count <= there:
            errors["gpu_count"] = f"The node has {there} of this model; offer between 1 and as many."
    if errors:
        raise FieldsInvalid(errors)


def _terms(offer: Offer) -> dict[str, object]:
    return {
        "gpu_model": offer.gpu_model_id,
        "gpu_count": offer.gpu_count,
        "price_minor_per_gpu_hour": offer.price_minor_per_gpu_hour,
        "min_seconds": offer.min_seconds,
        "max_seconds": offer.max_seconds,
    }
