"""What the server says in a sync, read strictly where it decides what runs, tolerantly elsewhere."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from gridclear.errors import AgentError


@dataclass(frozen=True)
class Ticket:
    """What to run, and with what. Units: MiB, seconds; `expires_at` in unix seconds, None for no end of its own."""

    image: str
    command: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    ports: tuple[int, ...] = ()
    ssh_public_key: str = ""
    gpu_uuids: tuple[str, ...] = ()
    cpu_count: int = 1
    ram_mib: int = 1024
    expires_at: float | None = None
    max_seconds: int | None = None


@dataclass(frozen=True)
class Desired:
    """The server's will for one lease: run it under this clearance, or stop it. No ticket: it was unreadable."""

    lease_id: str
    run: bool
    reason: str = ""
    clearance: str = ""
    ticket: Ticket | None = None


def read_desired(answer: dict[str, Any]) -> list[Desired]:
    """The will for each lease. Raises AgentError when the answer has no readable list: then nothing changes."""
    items = answer.get("desired")
    if not isinstance(items, list):
        raise AgentError("bad_answer", "The server's answer to a sync has no list `desired`.")
    return [_desired(item) for item in items]


def _desired(item: Any) -> Desired:
    try:
        run = {"run": True, "stop": False}[item["action"]]
        return Desired(
            # A lease's id names folders, labels and networks here: nothing but a UUID may.
            lease_id=str(UUID(item["lease_id"])),
            run=run,
            reason=str(item.get("reason") or ""),
            clearance=str(item.get("clearance") or ""),
            ticket=_ticket_or_none(item.get("ticket")) if run else None,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise AgentError("bad_answer", f"The server's will for a lease is unreadable: {error!r}.") from error


def _ticket_or_none(raw: Any) -> Ticket | None:
    """One unreadable ticket is that lease's trouble alone; the others must still be stopped and started."""
    try:
        return read_ticket(raw)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def read_ticket(raw: dict[str, Any]) -> Ticket:
    """The ticket. Raises KeyError, TypeError or ValueError when it cannot be understood."""
    command = raw.get("command") or []
    if not isinstance(command, list | tuple):
        raise TypeError("a command is a list of words, never one line for a shell")
    return Ticket(
        image=str(raw["image"]),
        command=tuple(str(word) for word in command),
        environment={str(name): str(value) for name, value in (raw.get("environment") or {}).items()},
        ports=tuple(_port(port) for port in raw.get("ports") or []),
        ssh_public_key=str(raw.get("ssh_public_key") or ""),
        gpu_uuids=tuple(str(uuid) for uuid in raw.get("gpu_uuids") or []),
        cpu_count=max(1, int(raw.get("cpu_count") or 1)),
        ram_mib=max(64, int(raw.get("ram_mib") or 1024)),
        expires_at=_instant(raw.get("expires_at")),
        max_seconds=int(raw["max_seconds"]) if raw.get("max_seconds") else None,
    )


def _port(value: Any) -> int:
    port = int(value)
    if not 0 < port < 65536:
        raise ValueError(f"{port} is no port")
    return port


def _instant(value: Any) -> float | None:
    """Unix seconds of an ISO 8601 instant or of a number."""
    if value is None:
        return None
    if isinstance(value, int | float):
        return float(value)
    parsed = datetime.fromisoformat(str(value))
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
