"""Enrolment: a node gets its id, and pins the keys by which it will know a clearance."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx

from gridclear.agent.identity import KEY_FILE, make_key, public_text
from gridclear.agent.proofs import enrolment_proof
from gridclear.encoding import unb64url
from gridclear.errors import AgentError, refusal_from, unreachable
from gridclear.files import private_folder, read_json, write_json
from gridclear.urls import safe_base_url
from gridclear.version import __version__

ENROLMENT_FILE = "enrolment.json"
ENROL_PATH = "/api/agent/v1/enrol"
ED25519_BYTES = 32


@dataclass(frozen=True)
class Enrolment:
    """What the node knows of itself and its marketplace. `simulate_gpu` is empty on a machine with real GPUs."""

    url: str
    node_id: str
    clearance_keys: dict[str, str]
    poll_seconds: float
    heartbeat_timeout_seconds: float
    simulate_gpu: str = ""


def enrol(
    url: str, token: str, state: Path, *, simulate_gpu: str = "", transport: httpx.BaseTransport | None = None
) -> Enrolment:
    """The node is enrolled: its key and what it pinned lie in `state`. Raises AgentError or GridclearError.

    A refused token leaves nothing behind, so that the same command can be tried with a fresh one.
    """
    base = safe_base_url(url)
    if load_enrolment(state) is not None:
        raise AgentError("already_enrolled", f"{state} already holds an enrolled node. Give another --state.")
    private_folder(state)
    (state / KEY_FILE).unlink(missing_ok=True)  # of an enrolment that never came to its end
    key = make_key(state)
    body = {
        "token": token,
        "public_key": public_text(key),
        "proof": enrolment_proof(key, token),
        "agent_version": __version__,
    }
    try:
        enrolment = _from_answer(base, _post(base, body, transport), simulate_gpu)
    except BaseException:
        (state / KEY_FILE).unlink(missing_ok=True)
        raise
    write_json(state / ENROLMENT_FILE, asdict(enrolment))
    return enrolment


def load_enrolment(state: Path) -> Enrolment | None:
    """What the state folder says, or None for a machine that is not enrolled. Raises AgentError when damaged."""
    try:
        found = read_json(state / ENROLMENT_FILE)
        return None if found is None else Enrolment(**found)
    except (ValueError, TypeError):
        raise AgentError("enrolment_unreadable", f"{state / ENROLMENT_FILE} is damaged.") from None


def _post(base: str, body: dict[str, str], transport: httpx.BaseTransport | None) -> dict[str, Any]:
    with httpx.Client(timeout=20, follow_redirects=False, transport=transport) as http:
        try:
            response = http.post(base + ENROL_PATH, json=body)
        except httpx.TransportError as error:
            raise unreachable(error, base) from error
    if response.status_code != httpx.codes.CREATED:
        raise refusal_from(response)
    try:
        answer: dict[str, Any] = response.json()
    except ValueError:
        raise AgentError("bad_answer", f"{base} did not answer as a Gridclear server does.") from None
    return answer


def _from_answer(base: str, answer: dict[str, Any], simulate_gpu: str) -> Enrolment:
    try:
        keys = {str(item["kid"]): str(item["public_key"]) for item in answer["clearance_keys"]}
        if not keys or any(len(unb64url(key)) != ED25519_BYTES for key in keys.values()):
            raise ValueError("no usable clearance key")
        return Enrolment(
            url=base,
            node_id=str(answer["node_id"]),
            clearance_keys=keys,
            poll_seconds=float(answer["poll_seconds"]),
            heartbeat_timeout_seconds=float(answer["heartbeat_timeout_seconds"]),
            simulate_gpu=simulate_gpu,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise AgentError("bad_answer", f"{base} did not answer as a Gridclear server does ({error}).") from error
