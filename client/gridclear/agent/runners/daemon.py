"""The Docker daemon of this machine, when one answers."""

import docker
from docker import DockerClient
from docker.errors import DockerException

from gridclear.errors import AgentError

TIMEOUT_SECONDS = 30


def connect() -> DockerClient:
    """A client of the daemon, which answers. Raises AgentError `no_docker` when none does."""
    try:
        client = docker.from_env(timeout=TIMEOUT_SECONDS)
        client.ping()
    except (DockerException, OSError) as error:
        raise AgentError("no_docker", f"No Docker daemon answers here: {error}") from error
    return client


def answers() -> bool:
    """Whether a Docker daemon answers on this machine."""
    try:
        connect().close()
    except AgentError:
        return False
    return True
