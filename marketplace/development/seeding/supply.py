"""Nodes and offers: one-time tokens for agents that have not enrolled, then offers on what the agents report."""

import json
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from django.conf import settings

from compliance.base import clock
from compliance.selectors.vantages import shortest
from marketplace.development.agents import enrolled_node_id, tokens_file
from marketplace.development.errors import DevelopmentError
from marketplace.development.seeding.people import organization_of
from marketplace.development.world import PROVIDERS, SUPPLIES, Supply
from marketplace.models import Node, Offer, User
from marketplace.services import nodes, offers
from marketplace.services.offers import OfferTerms

Found = TypeVar("Found")
REPORT_SECONDS = 60
# As the policy pack asks: some time of the last three days rules half of the globe out.
MEASURED_WITHIN = timedelta(hours=72)
SOON_ENOUGH_US = 100_000
LONGEST_LEASE_SECONDS = 7 * 24 * 3600


def write_enrolment_tokens() -> None:
    """A fresh token lies in the state folder for every node whose agent is not enrolled here."""
    state = Path(settings.STATE_DIR)
    tokens = {}
    for supply in SUPPLIES:
        if live_node(supply, enrolled_node_id(state, supply)) is None:
            owner = owner_of(supply)
            _retire_orphans(supply, owner)
            _, secret = nodes.create_enrolment_token(
                organization_of(owner), supply.name, supply.country, supply.region, supply.city, user=owner
            )
            tokens[supply.name] = secret
    path = tokens_file(state)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(tokens))
    path.chmod(0o600)


def seed_offers() -> None:
    """Every node is online, has reported its GPUs, was measured, and has its offer. Raises DevelopmentError else."""
    for supply in SUPPLIES:
        node = _wait_for_inventory(supply)
        _wait_for_place(node)
        if not Offer.objects.filter(node=node).exclude(state=Offer.State.WITHDRAWN).exists():
            make_offers(supply, node)


def make_offers(supply: Supply, node: Node) -> list[Offer]:
    """The node's offers stand, one for each price. Raises DevelopmentError when its GPUs are not in the catalogue."""
    owner = owner_of(supply)
    slug = node.gpus.values_list("gpu_model_id", flat=True).first()
    if slug is None:
        raise DevelopmentError(f"The catalogue does not know the GPU {supply.gpu!r}.")
    return [
        offers.create_offer(
            node.organization,
            node.pk,
            slug,
            OfferTerms(supply.count, price.minor, price.least_seconds, LONGEST_LEASE_SECONDS),
            user=owner,
            actor=owner.as_actor(),
        )
        for price in supply.prices
    ]


def owner_of(supply: Supply) -> User:
    """The person who owns the provider of this node."""
    company = next(company for company in PROVIDERS if company.key == supply.provider)
    return User.objects.get(email=company.email)


def live_node(supply: Supply, node_id: str | None) -> Node | None:
    """The node that takes part under this id."""
    if node_id is None:
        return None
    return Node.objects.filter(pk=node_id, name=supply.name).exclude(state=Node.State.RETIRED).first()


def _retire_orphans(supply: Supply, owner: User) -> None:
    """Nodes whose agent's folder is gone: nobody can speak for them any more."""
    for node in Node.objects.filter(organization__in=owner.organization_ids(), name=supply.name):
        if node.state != Node.State.RETIRED:
            nodes.retire_node(node.pk, user=owner, actor=owner.as_actor())


def _wait_for_inventory(supply: Supply) -> Node:
    def look() -> Node | None:
        node = live_node(supply, enrolled_node_id(Path(settings.STATE_DIR), supply))
        return node if node is not None and node.gpus.filter(present=True).count() == supply.count else None

    return _found(look, f"The agent of {supply.name} reported no inventory within {REPORT_SECONDS} seconds.")


def _wait_for_place(node: Node) -> None:
    """Some vantage point measured the node: before, nobody may lease its controlled chips without an officer."""

    def look() -> bool:
        now = clock.now()
        return shortest(node.pk, now - MEASURED_WITHIN, now).filter(least_us__lte=SOON_ENOUGH_US).exists()

    _found(look, f"No vantage point measured {node.name} well within {REPORT_SECONDS} seconds; start again.")


def _found(look: Callable[[], Found | None], otherwise: str) -> Found:
    """What `look` finds, as soon as it finds something true. Raises DevelopmentError when it does not in time."""
    deadline = time.monotonic() + REPORT_SECONDS
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.2)
    raise DevelopmentError(otherwise)
