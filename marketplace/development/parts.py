"""A part: one program of the house that the launcher keeps running."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from marketplace.development.ports import is_listening


@dataclass(frozen=True)
class Part:
    """One program, how it is called, and by what it shows that it is ready."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    port: int | None = None
    ready_line: str | None = None

    def log_path(self, state: Path) -> Path:
        """Where everything the part prints is written."""
        return state / "logs" / f"{self.name}.log"

    def is_ready(self, state: Path) -> bool:
        """Whether the part listens on its port or has printed its line; True when it has neither."""
        if self.port is not None and not is_listening(self.port):
            return False
        if self.ready_line is not None:
            log = self.log_path(state)
            return log.exists() and self.ready_line in log.read_text(errors="replace")
        return True

    def last_lines(self, state: Path, count: int = 12) -> str:
        """The end of the part's log, for the sentence that tells of its crash."""
        log = self.log_path(state)
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        return "\n".join(lines[-count:])


def dump_parts(parts: Sequence[Part]) -> str:
    """The parts as one line of JSON for the supervising process."""
    return json.dumps([asdict(part) for part in parts])


def load_parts(text: str) -> list[Part]:
    """The parts that `dump_parts` wrote."""
    return [Part(**record) for record in json.loads(text)]
