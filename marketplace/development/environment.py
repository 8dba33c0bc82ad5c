"""Where every part finds the others: one set of environment variables, made once per start."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from marketplace.development.errors import DevelopmentError
from marketplace.development.geography import write_world
from marketplace.development.leftovers import mark_of
from marketplace.development.ports import HOST, remembered_port
from marketplace.development.vantages import stations

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = "marketplace.config.settings.development"
STANDIN_KEY = "sk_test_standin"
STANDIN_WEBHOOK_SECRET = "whsec_standin"  # noqa: S105 - the stand-in's, worth nothing elsewhere
CHAIN_ID = 31337
# The country in which 127.0.0.1, and so a developer's browser, is thought to be; unknown unless set.
HERE = "GRIDCLEAR_DEVELOPMENT_COUNTRY"


@dataclass(frozen=True)
class Ports:
    """The ports of the parts that listen."""

    web: int
    redis: int
    chain: int
    card: int


def state_folder() -> Path:
    """The one folder that everything is written under; it exists."""
    folder = Path(os.environ.get("GRIDCLEAR_STATE", ROOT / ".gridclear")).expanduser().resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def choose_ports(state: Path) -> Ports:
    """The ports of this checkout, remembered from its last start where they are still free."""
    return Ports(**{part: remembered_port(state, part) for part in ("web", "redis", "chain", "card")})


def uses_real(variable: str) -> bool:
    """Whether the developer points at a service of their own, so that the embedded one stays away."""
    return bool(os.environ.get(variable))


def compose_environment(state: Path, ports: Ports, database_url: str) -> dict[str, str]:
    """The variables every part is started with; what the developer has set is kept."""
    composed = {
        "DJANGO_SETTINGS_MODULE": SETTINGS,
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "GRIDCLEAR_STATE": str(state),
        "GRIDCLEAR_BASE_URL": f"http://{HOST}:{ports.web}",
        "DATABASE_URL": database_url,
        "REDIS_URL": f"redis://{HOST}:{ports.redis}/0",
        "CHAIN_RPC_URL": f"http://{HOST}:{ports.chain}",
        **_card_network(ports),
        **write_world(state / "geography", os.environ.get(HERE, "")),
        "GRIDCLEAR_VANTAGES": stations(state),
    }
    return {name: os.environ.get(name) or value for name, value in composed.items()} | mark_of(state)


def _card_network(ports: Ports) -> dict[str, str]:
    if not uses_real("STRIPE_API_KEY"):
        return {
            "STRIPE_API_KEY": STANDIN_KEY,
            "STRIPE_API_BASE": f"http://{HOST}:{ports.card}",
            "STRIPE_WEBHOOK_SECRET": STANDIN_WEBHOOK_SECRET,
        }
    if not uses_real("STRIPE_WEBHOOK_SECRET"):
        raise DevelopmentError("STRIPE_API_KEY is set, so STRIPE_WEBHOOK_SECRET must be set too.")
    return {}


def write_environment(state: Path, environment: Mapping[str, str]) -> Path:
    """The variables lie in the state folder, so that another terminal's `manage.py` meets the same parts."""
    path = state / "environment.json"
    # The mark stays out: a developer's own command must not be swept away as a leftover.
    shared = {name: value for name, value in environment.items() if name not in mark_of(state)}
    path.write_text(json.dumps(shared, indent=2, sort_keys=True) + "\n")
    path.chmod(0o600)
    return path
