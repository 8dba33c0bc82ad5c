"""Past leases and earnings, made by the services under a clock that stands in the past.

They run on machines that have been retired since, so that no living agent meddles. The database's walls compare a
clearance with the server's own time; within this module clearances are therefore issued to outlive the past.
"""

import base64
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.test import override_settings

from compliance.base import clock
from compliance.base.clock import ManualClock, use_clock
from marketplace.development.seeding.people import organization_of
from marketplace.development.seeding.supply import make_offers, owner_of
from marketplace.development.world import RENTERS, RETIRED, Supply
from marketplace.models import Lease, Node, Offer, User
from marketplace.services import agent_sync, leases, metering, nodes, provider_payouts, top_ups
from marketplace.services.agent_auth import USAGE_PREFIX, Proof
from marketplace.services.lease_terms import LeaseRequest
from marketplace.services.nodes import GpuReport, Inventory
from marketplace.services.usage import WorkloadReport
from settlement.services import card_deeds, payout_deeds, profiles

DAYS = 28
DAY_SECONDS = 24 * 3600
TOP_UP_MINOR = 500_000
# What was computed and of which kind it is, for how many hours, on how many GPUs; each retired machine takes them in
# turn, one a day.
JOBS = (
    (("Rendering frames of an animated short", "no_model"), 9, 4),
    (("Aligning sequencing reads", "no_model"), 14, 2),
    (("Denoising archive footage", "inference"), 6, 3),
    (("Training a variant caller", "training"), 20, 4),
    (("Fluid simulation of a fjord scene", "no_model"), 11, 2),
)


def seed_history() -> None:
    """Four weeks of settled leases and weekly payouts lie behind the providers; done once."""
    if Lease.objects.filter(node__name__in=[supply.name for supply in RETIRED]).exists():
        return
    present = clock.now()
    lasting = (DAYS + 7) * DAY_SECONDS
    with override_settings(GRIDCLEAR_CLEARANCE_SECONDS=lasting):
        first = present.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS)
        with use_clock(ManualClock(first)):
            _fund_renters()
        for number, supply in enumerate(RETIRED):
            _live_through(supply, first, number)


def _live_through(supply: Supply, first: datetime, shift: int) -> None:
    """The machine came, worked a job a day, was paid each week, and was retired."""
    now = ManualClock(first)
    with use_clock(now):
        machine = _Machine(supply)
        offer = make_offers(supply, machine.node)[0]
        for day in range(DAYS - 1):
            use, hours, gpus = JOBS[(day * 2 + shift) % len(JOBS)]
            renter = User.objects.get(email=RENTERS[(day + shift) % len(RENTERS)].email)
            _work(machine, offer, renter, use, hours, gpus, now)
            now.advance(seconds=(first + timedelta(days=day + 1) - now.now()).total_seconds())
            if day % 7 == 6:
                provider_payouts.pay_providers()
                payout_deeds.deliver_payouts()
        owner = owner_of(supply)
        nodes.retire_node(machine.node.pk, user=owner, actor=owner.as_actor())


def _work(
    machine: "_Machine", offer: Offer, renter: User, use: tuple[str, str], hours: int, gpus: int, now: ManualClock
) -> None:
    request = LeaseRequest(
        organization_id=organization_of(renter).pk,
        offer_id=offer.pk,
        gpu_count=gpus,
        seconds=DAY_SECONDS,
        rail="balance",
        image="ghcr.io/example/batch:26.3",
        end_use=use[0],
        end_use_kind=use[1],
        end_user={"kind": "self"},
        address="127.0.0.1",
    )
    lease = leases.request_lease(request, user=renter, actor=renter.as_actor())
    machine.beat()
    machine.beat(WorkloadReport(str(lease.pk), "running", 0, 1, runtime="docker"))
    now.advance(hours=hours, seconds=37 * gpus)
    seconds = hours * 3600 + 37 * gpus
    signature = machine.usage_signature(lease.pk, 2, seconds)
    machine.beat(WorkloadReport(str(lease.pk), "exited", seconds, 2, signature, exit_code=0, runtime="docker"))
    metering.settle_ended_leases()


class _Machine:
    """A node of earlier days: it enrols as an agent does, and syncs when it is told to."""

    def __init__(self, supply: Supply) -> None:
        owner = owner_of(supply)
        _, secret = nodes.create_enrolment_token(
            organization_of(owner), supply.name, supply.country, supply.region, supply.city, user=owner
        )
        key = self._key = Ed25519PrivateKey.generate()
        public = base64.urlsafe_b64encode(key.public_key().public_bytes_raw()).decode()
        proof = base64.urlsafe_b64encode(key.sign((nodes.ENROL_PREFIX + secret).encode())).decode()
        self.node: Node = nodes.enrol_node(secret, public, proof, "0.1.0")
        gpus = tuple(
            GpuReport(f"GPU-{supply.name}-{index}", index, supply.gpu, 24_576, simulated=True)
            for index in range(supply.count)
        )
        nodes.report_inventory(self.node, Inventory(gpus, cpu_count=32, ram_mib=131_072, disk_gib=2_000))
        self.beat()

    def usage_signature(self, lease_id: UUID, sequence: int, seconds: int) -> str:
        """The machine's signature of one cumulative usage total."""
        told = f"{USAGE_PREFIX}{lease_id}:{sequence}:{seconds}"
        return base64.urlsafe_b64encode(self._key.sign(told.encode())).decode()

    def beat(self, *reports: WorkloadReport) -> None:
        """The node has synced with these reports."""
        agent_sync.sync(self.node, agent_sync.SyncBody(tuple(reports)), Proof("seed", "seed"))


def _fund_renters() -> None:
    for company in RENTERS:
        user = User.objects.get(email=company.email)
        organization, top_up_id = organization_of(user), uuid4()
        card = profiles.save_card(organization.party_id, "pm_card_visa")
        top_ups.start_top_up(
            organization, TOP_UP_MINOR, card["id"], top_up_id=top_up_id, user=user, actor=user.as_actor()
        )
        # The task that was enqueued will find it done.
        card_deeds.charge_top_up(top_up_id)
