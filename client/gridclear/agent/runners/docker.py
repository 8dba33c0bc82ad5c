"""Workloads in containers: no privilege, a read-only root, a network of their own."""

import logging
import math
import os
from contextlib import suppress
from datetime import datetime
from typing import Any

import requests
from docker.errors import DockerException, ImageNotFound, NotFound
from docker.models.containers import Container
from docker.types import DeviceRequest, LogConfig, Mount

from gridclear.agent.runners.base import (
    GRACE_SECONDS,
    Job,
    LogBatch,
    LogLine,
    Observation,
    Stream,
    WorkloadError,
    readable,
)
from gridclear.agent.runners.daemon import connect
from gridclear.agent.runners.networks import Networks

log = logging.getLogger("gridclear.agent")

RUNTIME = "docker"
LEASE_LABEL = "gridclear.lease"
NODE_LABEL = "gridclear.node"
PIDS = 4096
STREAMS: tuple[Stream, ...] = ("stdout", "stderr")


class DockerRunner:
    """Runs workloads as containers of the local daemon. Raises AgentError when no daemon answers.

    Labels name the lease and the node, so that two agents on one daemon never touch each other's containers.
    """

    runtime = RUNTIME

    def __init__(self, *, node_id: str) -> None:
        self._node_id = node_id
        self._client = connect()
        self._networks = Networks(self._client, {NODE_LABEL: node_id})

    def prepare(self, job: Job) -> None:
        """The image is on this machine; it is fetched only when it is not. Raises WorkloadError."""
        image = job.ticket.image
        try:
            self._client.images.get(image)
            return
        except ImageNotFound:
            log.info("lease %s: fetching %s", job.lease_id, image)
        except DockerException as error:  # it is no name of an image at all
            raise _image_not_found(image) from error
        try:
            self._client.images.pull(image, all_tags=False)
        except (DockerException, requests.RequestException) as error:
            raise _image_not_found(image) from error

    def start(self, job: Job) -> None:
        """The container runs. Raises WorkloadError, and then no container, volume or network is left."""
        self.remove(job.lease_id)  # of a start that was cut off
        try:
            network = self._networks.make(job.lease_id, published=bool(job.ticket.ports))
            container = self._client.containers.create(network=network, **self._options(job))
            container.start()
        except (DockerException, requests.RequestException) as error:
            self.remove(job.lease_id)
            raise WorkloadError("start_failed", f"Docker could not start it: {_words(error)}") from error

    def observe(self, lease_id: str) -> Observation:
        """Whether the container runs; a paused or restarting one is not usable and counts as missing."""
        container = self._container(lease_id)
        if container is None:
            return Observation("missing")
        state = container.attrs["State"]
        if state["Status"] == "running":
            return Observation("running")
        if state["Status"] in ("exited", "dead"):
            return Observation("exited", int(state["ExitCode"]))
        return Observation("missing")

    def stop(self, lease_id: str) -> None:
        """The container has ended; the daemon itself kills it after the grace."""
        container = self._container(lease_id)
        if container is not None and container.attrs["State"]["Status"] not in ("exited", "dead", "created"):
            container.stop(timeout=math.ceil(GRACE_SECONDS))

    def read_logs(self, lease_id: str, cursor: str, limit: int) -> LogBatch:
        """Lines later than the cursor's instant, and those of that very instant that were not yet read."""
        container = self._container(lease_id)
        if container is None:
            return LogBatch([], cursor)
        return read_container_log(container, cursor, limit)

    def remove(self, lease_id: str) -> None:
        """No container, volume or network of the lease is left."""
        container = self._container(lease_id)
        if container is not None:
            container.remove(force=True, v=True)
        with suppress(NotFound):
            volume = self._client.volumes.get(_name(lease_id))
            if (volume.attrs.get("Labels") or {}).get(NODE_LABEL) == self._node_id:
                volume.remove(force=True)
        self._networks.remove(lease_id)

    def known(self) -> list[str]:
        """The leases with a container of this node."""
        found = self._client.containers.list(all=True, filters={"label": f"{NODE_LABEL}={self._node_id}"})
        return [str(container.labels[LEASE_LABEL]) for container in found if LEASE_LABEL in container.labels]

    def _container(self, lease_id: str) -> Container | None:
        try:
            container = self._client.containers.get(_name(lease_id))
        except NotFound:
            return None
        return container if container.labels.get(NODE_LABEL) == self._node_id else None

    def _options(self, job: Job) -> dict[str, Any]:
        """Everything Docker is told; what is not named here is not permitted."""
        ticket, name = job.ticket, _name(job.lease_id)
        labels = {LEASE_LABEL: job.lease_id, NODE_LABEL: self._node_id}
        return {
            "image": ticket.image,
            "command": list(ticket.command) or None,
            "name": name,
            "hostname": "workload",
            "labels": labels,
            "environment": job.environment(),
            "cap_drop": ["ALL"],
            "security_opt": ["no-new-privileges"],
            "privileged": False,
            "read_only": True,
            "tmpfs": {"/tmp": "rw,nosuid,nodev,mode=1777"},  # noqa: S108  the container's own
            "mounts": [Mount("/work", name, type="volume", labels=labels)],
            "working_dir": "/work",
            "pids_limit": PIDS,
            "mem_limit": f"{ticket.ram_mib}m",
            "memswap_limit": f"{ticket.ram_mib}m",
            "nano_cpus": min(ticket.cpu_count, os.cpu_count() or 1) * 1_000_000_000,
            "ports": {f"{port}/tcp": None for port in ticket.ports},
            "device_requests": None if job.simulated else _devices(ticket.gpu_uuids),
            "restart_policy": {"Name": "no"},
            "log_config": LogConfig(type="json-file", config={"max-size": "10m", "max-file": "2"}),
            "init": True,
            "detach": True,
        }


def read_container_log(container: Container, cursor: str, limit: int) -> LogBatch:
    """At most `limit` lines after the cursor "INSTANT COUNT": COUNT lines of INSTANT were already read."""
    instant, _, count = cursor.partition(" ")
    lines = [line for stream in STREAMS for line in _stream(container, stream, instant, limit)]
    lines.sort(key=lambda line: line.at)
    skip = int(count or 0)
    fresh = [line for i, line in enumerate(lines) if line.at > instant or i >= skip]
    fresh = fresh[:limit]
    if not fresh:
        return LogBatch([], cursor)
    last = fresh[-1].at
    seen = sum(line.at == last for line in fresh) + (skip if last == instant else 0)
    return LogBatch(fresh, f"{last} {seen}")


def _stream(container: Container, stream: Stream, instant: str, limit: int) -> list[LogLine]:
    raw = container.logs(
        stdout=stream == "stdout",
        stderr=stream == "stderr",
        timestamps=True,
        stream=True,
        follow=False,
        since=_seconds(instant) if instant else None,
    )
    found: list[LogLine] = []
    try:
        for entry in raw:
            stamp, _, line = entry.partition(b" ")
            at = stamp.decode(errors="replace")
            if at >= instant:
                found.append(LogLine(stream, at, readable(line)))
            if len(found) >= limit + 100:
                break
    finally:
        raw.close()
    return found


def _seconds(instant: str) -> float:
    """Unix seconds a little before Docker's RFC 3339 instant: floats cannot carry its nanoseconds."""
    return datetime.fromisoformat(instant[:19] + "+00:00").timestamp()


def _name(lease_id: str) -> str:
    return f"gridclear-{lease_id}"


def _devices(uuids: tuple[str, ...]) -> list[DeviceRequest]:
    return [DeviceRequest(device_ids=list(uuids), capabilities=[["gpu"]])]


def _image_not_found(image: str) -> WorkloadError:
    return WorkloadError(
        "image_not_found",
        f"The image {image!r} is not on this node and could not be fetched. Check its name, then lease again.",
    )


def _words(error: Exception) -> str:
    return str(getattr(error, "explanation", None) or error)
