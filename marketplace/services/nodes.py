"""Nodes: enrolment by a single-use token, and what a machine says that it has."""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings
from django.db import IntegrityError, transaction

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.errors import Conflict, NotFound, Refusal
from compliance.base.transition import transition
from compliance.services.countries import ISO_COUNTRIES
from marketplace.errors import FieldsInvalid, NotAProvider
from marketplace.models import EnrolmentToken, Gpu, GpuModel, Lease, Node, Offer, Organization, User
from marketplace.permissions import DEAL, require_role
from marketplace.services.catalogue import slug_of_device

ENROL_PREFIX = "gridclear-enrol:"
ED25519_BYTES = 32


class EnrolmentTokenInvalid(Refusal):
    """The token is unknown, used or expired."""

    code = "enrolment_token_invalid"
    http_status = 401
    default_message = "This enrolment token is unknown, used or expired. Nothing was changed; make a new one."


class KeyNotProven(Refusal):
    """The agent did not show that it holds the private key."""

    code = "key_not_proven"
    http_status = 401
    default_message = "The proof does not verify against the public key. Nothing was changed."


class KeyTaken(Conflict):
    """Another node has this key."""

    code = "key_taken"
    default_message = "A node with this key exists. Nothing was changed; let the agent make a new key."


class SimulatedRefused(Refusal):
    """Simulated GPUs are not for real business."""

    code = "simulated_refused"
    http_status = 422
    default_message = "This marketplace takes no simulated GPUs. Nothing was changed."


class RuntimeRefused(Refusal):
    """Without Docker a node could run workloads only as bare processes, which is for development."""

    code = "runtime_refused"
    http_status = 422
    default_message = "This marketplace takes only nodes that run workloads in Docker. Nothing was changed."


class NodeInUse(Conflict):
    """The node serves leases."""

    code = "node_in_use"
    default_message = "This node still serves leases. Nothing was changed; wait for their end."


@dataclass(frozen=True, slots=True)
class GpuReport:
    """One device as the agent sees it; memory in MiB."""

    uuid: str
    index: int
    name: str
    memory_mib: int
    pci_device_id: str = ""
    driver_version: str = ""
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Inventory:
    """What a machine has; memory in MiB, disk in GiB, network in Mbit/s."""

    gpus: tuple[GpuReport, ...]
    cpu_count: int
    ram_mib: int
    disk_gib: int
    network_mbps: int = 0
    docker: bool = False
    agent_version: str = ""


def create_enrolment_token(
    organization: Organization, node_name: str, country: str, region: str = "", city: str = "", *, user: User
) -> tuple[EnrolmentToken, str]:
    """One agent may enrol one node with the second value, until the token expires; it cannot be shown again.

    Raises NotAProvider, Forbidden, FieldsInvalid.
    """
    require_role(user, organization, *DEAL)
    if not organization.is_provider:
        raise NotAProvider
    name, country = " ".join(node_name.split()), country.strip().upper()
    errors = {}
    if not 0 < len(name) <= 80:
        errors["node_name"] = "A name of 1 to 80 characters is needed."
    if country not in ISO_COUNTRIES:
        errors["country"] = "A two-letter ISO 3166-1 code, such as AU."
    if len(region) > 80 or len(city) > 80:
        errors["region"] = "Region and city have at most 80 characters each."
    if errors:
        raise FieldsInvalid(errors)
    secret = f"gce_{secrets.token_urlsafe(32)}"
    with transaction.atomic():
        token = EnrolmentToken.objects.create(
            organization=organization,
            created_by=user,
            node_name=name,
            country=country,
            region=region.strip(),
            city=city.strip(),
            secret_hash=_hash(secret),
            expires_at=clock.now() + timedelta(seconds=settings.GRIDCLEAR_ENROLMENT_TOKEN_SECONDS),
        )
        audit.record("node.enrolment_allowed", actor=user.as_actor(), subject=token, data={"country": country})
    return token, secret


def enrol_node(secret: str, public_key: str, proof: str, agent_version: str) -> Node:
    """The node exists and the token is used up.

    `public_key` is the raw Ed25519 key in base64url; `proof` its signature over `gridclear-enrol:` + token. Raises
    KeyNotProven, EnrolmentTokenInvalid, KeyTaken; none of them uses the token up.
    """
    key = _proven(public_key, proof, secret)
    now = clock.now()
    try:
        with transaction.atomic():
            token = EnrolmentToken.objects.select_for_update().filter(secret_hash=_hash(secret)).first()
            if token is None or token.used_at is not None or token.expires_at <= now:
                raise EnrolmentTokenInvalid
            token.used_at = now
            token.save(update_fields=["used_at"])
            node = Node.objects.create(
                organization_id=token.organization_id,
                name=token.node_name,
                public_key=key,
                country=token.country,
                region=token.region,
                city=token.city,
                agent_version=agent_version[:32],
                state=Node.State.ENROLLED,
            )
            actor = agent_actor(node)
            audit.record("node.enrolled", actor=actor, subject=node, data={"token": str(token.pk)})
    except IntegrityError as error:
        raise KeyTaken from error
    return node


def report_inventory(node: Node, inventory: Inventory) -> list[tuple[str, str | None]]:
    """The node's GPUs are those reported, each matched to a model; returns (uuid, slug or None).

    A device that is no longer reported stays on record and can no longer be leased. Raises SimulatedRefused,
    FieldsInvalid.
    """
    _check(inventory)
    slugs = {report.uuid: slug_of_device(report.name, report.pci_device_id) for report in inventory.gpus}
    known = set(GpuModel.objects.filter(pk__in={s for s in slugs.values() if s}).values_list("pk", flat=True))
    matched = {uuid: slug if slug in known else None for uuid, slug in slugs.items()}
    with transaction.atomic():
        locked = Node.objects.select_for_update(no_key=True).get(pk=node.pk)
        for name in ("cpu_count", "ram_mib", "disk_gib", "network_mbps", "docker"):
            setattr(locked, name, getattr(inventory, name))
        locked.agent_version = (inventory.agent_version or locked.agent_version)[:32]
        locked.simulated = any(report.simulated for report in inventory.gpus)
        locked.save(
            update_fields=[
                "cpu_count",
                "ram_mib",
                "disk_gib",
                "network_mbps",
                "docker",
                "agent_version",
                "simulated",
            ]
        )
        _write_gpus(locked, inventory.gpus, matched)
        audit.record(
            "node.inventory_reported",
            actor=agent_actor(node),
            subject=node,
            data={"gpus": len(matched), "unknown": sum(slug is None for slug in matched.values())},
        )
    return list(matched.items())


def retire_node(node_id: UUID, *, user: User, actor: Actor) -> Node:
    """The node takes no more part, its agent is refused, its offers are withdrawn.

    Raises NotFound, Forbidden, NodeInUse.
    """
    with transaction.atomic():
        node = Node.objects.select_for_update(of=("self",)).select_related("organization").filter(pk=node_id).first()
        if node is None:
            raise NotFound
        require_role(user, node.organization, *DEAL)
        if Lease.objects.live().filter(node=node).exists():
            raise NodeInUse
        transition(node, Node.State.RETIRED, actor=actor, event="node.retired")
        for offer in Offer.objects.select_for_update().filter(node=node).exclude(state=Offer.State.WITHDRAWN):
            transition(offer, Offer.State.WITHDRAWN, actor=actor, event="offer.withdrawn")
    return node


def agent_actor(node: Node) -> Actor:
    """The node's agent as audit events name it."""
    return Actor("agent", str(node.pk), node.name)


def runtime_allowed(runtime: str) -> bool:
    """Whether workloads may run so here: in Docker, and as bare processes in development only."""
    return runtime == "docker" or (runtime == "process" and settings.GRIDCLEAR_ALLOW_PROCESS_RUNTIME)


def decode_key(public_key: str) -> bytes:
    """The raw bytes of base64url text, with or without padding. Raises ValueError."""
    try:
        return base64.urlsafe_b64decode(public_key + "=" * (-len(public_key) % 4))
    except binascii.Error as error:
        raise ValueError("not base64url") from error


def _proven(public_key: str, proof: str, secret: str) -> str:
    try:
        raw = decode_key(public_key)
        if len(raw) != ED25519_BYTES:
            raise KeyNotProven("The public key is not a raw Ed25519 key of 32 bytes in base64url. Nothing was changed.")
        Ed25519PublicKey.from_public_bytes(raw).verify(decode_key(proof), (ENROL_PREFIX + secret).encode())
    except (ValueError, InvalidSignature) as error:
        raise KeyNotProven from error
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _check(inventory: Inventory) -> None:
    if not settings.GRIDCLEAR_ALLOW_SIMULATED and any(report.simulated for report in inventory.gpus):
        raise SimulatedRefused
    if not inventory.docker and not runtime_allowed("process"):
        raise RuntimeRefused
    uuids = [report.uuid for report in inventory.gpus]
    if len(set(uuids)) != len(uuids):
        raise FieldsInvalid({"gpus": "A device is named twice."})


def _write_gpus(node: Node, reports: Sequence[GpuReport], matched: dict[str, str | None]) -> None:
    Gpu.objects.bulk_create(
        [
            Gpu(
                node=node,
                uuid=report.uuid,
                index=report.index,
                device_name=report.name,
                gpu_model_id=matched[report.uuid],
                memory_mib=report.memory_mib,
                pci_device_id=report.pci_device_id,
                driver_version=report.driver_version,
                simulated=report.simulated,
                present=True,
            )
            for report in reports
        ],
        update_conflicts=True,
        unique_fields=["node", "uuid"],
        update_fields=[
            "index",
            "device_name",
            "gpu_model",
            "memory_mib",
            "pci_device_id",
            "driver_version",
            "simulated",
            "present",
        ],
    )
    node.gpus.exclude(uuid__in=matched).update(present=False)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
