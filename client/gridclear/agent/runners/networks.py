"""A network of its own for each workload."""

import logging

from docker import DockerClient
from docker.errors import APIError, NotFound

from gridclear.agent.runners.firewall import Firewall

log = logging.getLogger("gridclear.agent")

# The firewall knows our bridges by this beginning of their names; an interface has 15 characters at most.
BRIDGE_PREFIX = "gcl"


class Networks:
    """One bridge per lease. Workloads cannot reach each other; the outside only behind the firewall's rules."""

    def __init__(self, client: DockerClient, labels: dict[str, str]) -> None:
        self._client = client
        self._labels = labels
        self._guarded = Firewall(BRIDGE_PREFIX).raise_up()
        if not self._guarded:
            log.warning(
                "the host's firewall cannot be set: workloads get no network beyond their own, "
                "so that they cannot reach this machine's neighbours or the cloud's metadata address"
            )

    def make(self, lease_id: str, *, published: bool) -> str:
        """The lease's network exists; returns its name. Ports are published only on a guarded network."""
        if published and not self._guarded:
            log.warning("lease %s: its ports are not reachable from outside", lease_id)
        network = self._client.networks.create(
            _name(lease_id),
            driver="bridge",
            internal=not self._guarded,
            check_duplicate=True,
            labels={"gridclear.lease": lease_id, **self._labels},
            options={
                "com.docker.network.bridge.enable_icc": "false",
                "com.docker.network.bridge.name": f"{BRIDGE_PREFIX}{lease_id.replace('-', '')[:12]}",
            },
        )
        return str(network.name)

    def remove(self, lease_id: str) -> None:
        """The lease's network is gone."""
        try:
            network = self._client.networks.get(_name(lease_id))
            if self._labels.items() <= (network.attrs.get("Labels") or {}).items():
                network.remove()
        except NotFound:
            return
        except APIError as error:
            log.warning("the network of lease %s is still in use: %s", lease_id, error)


def _name(lease_id: str) -> str:
    return f"gridclear-{lease_id}"
