"""A small marketplace to measure on: lists loaded, one provider with many GPUs, one renter with money."""

import base64
from dataclasses import dataclass
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from compliance.base.actor import Role, system
from compliance.services import watchlists
from compliance.sources.catalogue import KNOWN_LISTS
from marketplace.development.seeding.people import ensure_company, ensure_staff
from marketplace.development.world import LION_CITY, OFFICERS, PROVIDERS
from marketplace.models import Node, Offer, Organization, User
from marketplace.services import agent_auth, agent_sync, nodes, offers
from marketplace.services.catalogue import sync_catalogue
from marketplace.services.nodes import GpuReport, Inventory
from settlement.services import ledger
from settlement.services.accounts import Kind, Pot, clearing, of_party

ACTOR = system("benchmark")
DEVICE = "NVIDIA GeForce RTX 3090"


@dataclass(frozen=True)
class World:
    """Who rents what from whom."""

    renter: Organization
    renter_user: User
    offer: Offer


def build_world(gpu_count: int) -> World:
    """The renter has a million dollars; the offer has as many GPUs as asked for, on one online node."""
    watchlists.register_lists()
    for known in KNOWN_LISTS:
        watchlists.load_watchlist(known.code, str(known.sample), actor=ACTOR)
    sync_catalogue()
    for email, name in OFFICERS:
        ensure_staff(email, name, Role.OFFICER)
    provider, renter = ensure_company(PROVIDERS[0]), ensure_company(LION_CITY)
    fund(renter.party_id, 100_000_000)
    node = _online_node(provider, gpu_count)
    owner = _owner(provider)
    terms = offers.OfferTerms(gpu_count, 22)
    slug = node.gpus.first().gpu_model_id
    offer = offers.create_offer(provider, node.pk, slug, terms, user=owner, actor=owner.as_actor())
    return World(renter, _owner(renter), offer)


def fund(party_id: UUID, amount_minor: int) -> None:
    """The party's prepaid balance is larger by the amount, as after a top-up. USD cents."""
    lines = [
        ledger.Line(clearing(Pot.CARD, "USD"), -amount_minor),
        ledger.Line(of_party(Kind.AVAILABLE, party_id, Pot.CARD, "USD"), amount_minor),
    ]
    ledger.post(uuid4(), "top_up", lines)


def _owner(organization: Organization) -> User:
    return organization.memberships.select_related("user").get().user


def _online_node(provider: Organization, gpu_count: int) -> Node:
    owner = _owner(provider)
    _, secret = nodes.create_enrolment_token(provider, "bench", "AU", "AU-QLD", "Brisbane", user=owner)
    key = Ed25519PrivateKey.generate()
    public = base64.urlsafe_b64encode(key.public_key().public_bytes_raw()).decode()
    proof = base64.urlsafe_b64encode(key.sign((nodes.ENROL_PREFIX + secret).encode())).decode()
    node = nodes.enrol_node(secret, public, proof, "0")
    gpus = tuple(GpuReport(f"GPU-{n}", n, DEVICE, 24576, simulated=True) for n in range(gpu_count))
    nodes.report_inventory(node, Inventory(gpus, cpu_count=8, ram_mib=65536, disk_gib=500))
    agent_sync.sync(node, agent_sync.SyncBody(), agent_auth.Proof("benchmark", "benchmark"))
    node.refresh_from_db()
    return node
