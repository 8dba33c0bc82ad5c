"""Organizations, nodes, offers and leases, made by the services that every door calls."""

import base64
import hashlib
import itertools
import json
import uuid
from decimal import Decimal
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db import transaction
from django.test import Client

from compliance.base import clock
from compliance.base.actor import Actor, Role, system
from compliance.services import parties, watchlists
from compliance.services.parties import OwnerInput, PartyInput
from compliance.sources.catalogue import KNOWN_LISTS
from marketplace.models import Lease, Membership, Node, Offer, Organization, User
from marketplace.services import accounts, catalogue, leases, nodes, offers
from marketplace.services.lease_terms import LeaseRequest
from marketplace.services.offers import OfferTerms
from settlement.models import Receipt
from settlement.selectors.billing import billing_of
from settlement.selectors.taxing import Sides, Taxed
from settlement.services import ledger
from settlement.services.accounts import Kind, Pot, clearing, of_party
from settlement.services.document_numbers import lock_series
from settlement.services.document_writing import Draft, LineDraft, write
from settlement.services.ledger import Line
from settlement.tax import TaxParty
from tests.factories import places, proofs

PASSWORD = "a-long-enough-password-26"
SEED = system("tests")
H100, RTX_3090 = "NVIDIA H100 80GB HBM3", "NVIDIA GeForce RTX 3090"
_numbers = itertools.count(1)


def load_lists() -> None:
    """The repository's own small lists are in force, and the catalogue stands: the gate can answer."""
    for known in KNOWN_LISTS:
        watchlists.load_watchlist(known.code, str(known.sample), actor=SEED)
    catalogue.sync_catalogue()


def officer(email: str) -> User:
    """A compliance officer."""
    return User.objects.create_user(email, PASSWORD, platform_role=Role.OFFICER.value)


def organization(email: str, name: str, country: str, *, provider: bool = False, verified_by: Actor | None = None):
    """(user, organization): signed up, with one local owner declared, and verified if an officer is given."""
    user = accounts.sign_up(email, PASSWORD, name, country, not provider, provider)
    made = user.memberships.select_related("organization__party").get().organization
    owner = PartyInput("person", f"{name.split()[0]} Founder", country, birth_date="1980-01-01")
    parties.update_party(
        made.party_id,
        PartyInput(
            "entity",
            name,
            country,
            headquarters_country=country,
            address="1 Sample Road",
            registration_number=f"R-{next(_numbers)}",
        ),
        actor=user.as_actor(),
    )
    parties.declare_ownership(
        made.party_id, [OwnerInput(owner, Decimal(100), Decimal(100))], True, actor=user.as_actor()
    )
    if verified_by is not None:
        verify(made, verified_by, actor=user.as_actor())
    return user, made


def verify(of: Organization, by: Actor, *, actor: Actor) -> None:
    """The organization's identity is verified."""
    proofs.verified(of.party_id, "business", by=by, actor=actor)


def member(of: Organization, email: str, role: str = Membership.Role.MEMBER) -> User:
    """Somebody with that role in the organization."""
    user = User.objects.create_user(email, PASSWORD)
    Membership.objects.create(user=user, organization=of, role=role)
    return user


def credit(of: Organization, cents: int) -> None:
    """Prepaid money, as a top-up books it."""
    available = of_party(Kind.AVAILABLE, of.party_id, Pot.CARD, "USD")
    ledger.post(uuid.uuid4(), "top_up", [Line(clearing(Pot.CARD, "USD"), -cents), Line(available, cents)])


class Agent:
    """An agent at the protocol's door, with its own key; every request is proven as the SPEC says."""

    def __init__(self, of: Organization, user: User, *, name: str = "bne-01", gpus: str = f"{H100}:2", **place: str):
        self.key = Ed25519PrivateKey.generate()
        self.client = Client()
        self.sequence = 1000
        where = {"country": "AU", "region": "AU-QLD", "city": "Brisbane", **place}
        self.token, self.secret = nodes.create_enrolment_token(of, name, **where, user=user)
        self.node_id: UUID | None = None
        self.gpus = self._devices(gpus)

    def enrol(self) -> Node:
        """The node exists."""
        answer = self.client.post("/api/agent/v1/enrol", self.enrolment(), "application/json")
        assert answer.status_code == 201, answer.content
        self.node_id = UUID(answer.json()["node_id"])
        return self.node

    def enrolment(self) -> dict[str, str]:
        """The body of an enrolment."""
        raw = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        proof = self.key.sign(f"gridclear-enrol:{self.secret}".encode())
        return {"token": self.secret, "public_key": b64(raw), "proof": b64(proof), "agent_version": "0.1.0"}

    @property
    def node(self) -> Node:
        return Node.objects.get(pk=self.node_id)

    def inventory(self) -> Any:
        """The machine's devices are on record."""
        host = {"cpu_count": 64, "ram_mib": 524_288, "disk_gib": 4000, "network_mbps": 10_000, "docker": True}
        return self.post("inventory", {"gpus": self.gpus, **host, "os": "Linux", "hostname": "bne-01"})

    def sync(self, *workloads: dict[str, Any]) -> dict[str, Any]:
        """A heartbeat; returns the server's answer."""
        answer = self.post("sync", {"workloads": list(workloads), "gpu_metrics": []})
        assert answer.status_code == 200, answer.content
        return answer.json()

    def workload(self, lease: Lease, state: str = "running", seconds: int = 0, **said: Any) -> dict[str, Any]:
        """What a sync says of one workload; each with a higher sequence."""
        report = {
            "lease_id": str(lease.pk),
            "state": state,
            "usage_seconds": seconds,
            "usage_sequence": next(_numbers),
            "exit_code": None,
            "error": None,
            "runtime": "process",
            "started_at": None,
        } | said
        return {"usage_signature": self.usage_signature(report)} | report

    def usage_signature(self, report: dict[str, Any]) -> str:
        """The node's signature of the report's usage total."""
        told = f"{report['lease_id']}:{report['usage_sequence']}:{report['usage_seconds']}"
        return b64(self.key.sign(f"gridclear-usage:{told}".encode()))

    def post(self, door: str, body: Any, **claims: Any) -> Any:
        """A proven request; `claims` replace those of the proof."""
        path, data = f"/api/agent/v1/{door}", json.dumps(body).encode()
        return self.send(path, data, self.proof(path, data, **claims))

    def send(self, path: str, data: bytes, proof: str) -> Any:
        """A request with a proof made before."""
        return self.client.post(path, data, "application/json", headers={"Authorization": f"GridclearAgent {proof}"})

    def proof(self, path: str, data: bytes, *, key: Ed25519PrivateKey | None = None, **claims: Any) -> str:
        """The JWT for one request."""
        self.sequence += 1
        said = {
            "iss": str(self.node_id),
            "htm": "POST",
            "htu": path,
            "iat": int(clock.now().timestamp()),
            "seq": self.sequence,
            "bsh": b64(hashlib.sha256(data).digest()),
            **claims,
        }
        return jwt.encode(said, key or self.key, algorithm="EdDSA", headers={"typ": "gridclear-agent+jwt"})

    def _devices(self, gpus: str) -> list[dict[str, Any]]:
        name, _, count = gpus.rpartition(":")
        return [
            {
                "uuid": f"GPU-{uuid.uuid4()}",
                "index": index,
                "name": name,
                "memory_mib": 81_559,
                "pci_device_id": "",
                "driver_version": "simulated",
                "simulated": True,
            }
            for index in range(int(count))
        ]


def online_agent(of: Organization, user: User, **what: str) -> Agent:
    """An agent that has enrolled, stands where it says, told what it has, and gave a first heartbeat."""
    agent = Agent(of, user, **what)
    node = agent.enrol()
    places.stand_there(node.pk, node.country, node.region, node.city)
    assert agent.inventory().status_code == 200
    agent.sync()
    return agent


def offer_on(agent: Agent, user: User, slug: str = "h100-sxm", *, price: int = 249, count: int = 0) -> Offer:
    """An active offer on the agent's node."""
    terms = OfferTerms(count or len(agent.gpus), price, 60, 7 * 24 * 3600)
    node = agent.node
    return offers.create_offer(node.organization, node.pk, slug, terms, user=user, actor=user.as_actor())


def lease_request(offer: Offer, renter: Organization, **changes: Any) -> LeaseRequest:
    """An honest request for one GPU for an hour, paid from the prepaid balance."""
    given: dict[str, Any] = {
        "organization_id": renter.pk,
        "offer_id": offer.pk,
        "gpu_count": 1,
        "seconds": 3600,
        "rail": "balance",
        "image": "gridclear/demo:latest",
        "command": ("python", "-c", "print('hello')"),
        "end_use": "Training a model of protein folding",
        "end_user": {"kind": "self"},
        "address": "127.0.0.1",
    }
    return LeaseRequest(**given | changes)


def open_lease(offer: Offer, user: User, renter: Organization, **changes: Any) -> Lease:
    """A lease through the real gate and the real books; a wallet that pays is proven."""
    if changes.get("rail") == "escrow" and changes.get("wallet"):
        proofs.wallet(renter.party_id, changes["wallet"])
    return leases.request_lease(lease_request(offer, renter, **changes), user=user, actor=user.as_actor())


def b64(raw: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def fee_invoice(lease: Lease) -> UUID:
    """The platform's invoice of 24 cents to the lease's provider, about its receipt, which stands from then on."""
    seller = TaxParty("Gridclear Berlin GmbH", "Allee 1", "DE", scheme="none", note="No tax.")
    sides = Sides(None, lease.provider_party_id, seller, billing_of(lease.provider_party_id))
    return _invoice(lease, "fee", sides, LineDraft(receipt_of(lease), "Platform fee", 24))


def compute_invoice(lease: Lease) -> UUID:
    """The provider's invoice of $4.98 to the renter, issued in its name."""
    parties = (lease.provider_party_id, lease.renter_party_id)
    sides = Sides(*parties, *(billing_of(party_id) for party_id in parties))
    return _invoice(lease, "compute", sides, LineDraft(receipt_of(lease), "GPU compute", 498))


def receipt_of(lease: Lease) -> Receipt:
    """The lease's receipt, of an hour."""
    receipt, _ = Receipt.objects.get_or_create(
        hold_id=lease.hold_id,
        defaults={
            "number": Receipt.objects.count() + 1,
            "party_id": lease.renter_party_id,
            "payee_party_id": lease.provider_party_id,
            "subject_id": lease.pk,
            "currency": lease.currency,
            "billed_seconds": 3_600,
            "rate_minor_per_hour": 498,
            "total_minor": 498,
            "fee_minor": 24,
            "payee_minor": 474,
        },
    )
    return receipt


def _invoice(lease: Lease, kind: str, sides: Sides, line: LineDraft) -> UUID:
    taxed = Taxed("not_charged", "", "No tax.", None, 0)
    today = clock.now().date()
    cause = f"{kind}:test:{lease.pk}"
    draft = Draft("invoice", kind, cause, sides, taxed, lease.currency, today, today, [line])
    with transaction.atomic():
        return write(draft, lock_series(sides.supplier_id, "invoice"), actor=system("tests")).pk
