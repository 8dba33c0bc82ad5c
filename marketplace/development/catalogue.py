"""Which parts the house has, and how each one is called."""

import sys
from pathlib import Path

from marketplace.development.anvil import anvil_command
from marketplace.development.environment import STANDIN_WEBHOOK_SECRET, Ports, uses_real
from marketplace.development.parts import Part
from marketplace.development.ports import HOST
from marketplace.development.redis import redis_command

WEBHOOK_PATH = "/webhooks/stripe"
CELERY = [sys.executable, "-m", "celery", "-A", "marketplace.config.celery"]


def foundation_parts(state: Path, ports: Ports) -> list[Part]:
    """What everything stands on; a part whose real counterpart is configured is left out."""
    parts = []
    if not uses_real("DATABASE_URL"):
        parts.append(Part("postgres", [sys.executable, "-m", "marketplace.development.postgres_holder", str(state)]))
    if not uses_real("REDIS_URL"):
        parts.append(Part("redis", redis_command(state / "redis", ports.redis), port=ports.redis))
    if not uses_real("CHAIN_RPC_URL"):
        parts.append(Part("chain", anvil_command(state, ports.chain), port=ports.chain))
    return parts


def front_parts(state: Path, ports: Ports) -> list[Part]:
    """What answers requests: the web server, and the card network that it talks to."""
    parts = [Part("web", _web(ports), port=ports.web)]
    if not uses_real("STRIPE_API_KEY"):
        parts.append(Part("card", _card_network(state, ports), port=ports.card))
    return parts


def background_parts(state: Path) -> list[Part]:
    """What works without being asked."""
    return [
        Part("worker", [*CELERY, "worker", "--concurrency=2", "--loglevel=INFO"], ready_line=" ready."),
        Part("beat", [*CELERY, "beat", "--loglevel=INFO", "--schedule", str(state / "beat-schedule")]),
    ]


def _web(ports: Ports) -> list[str]:
    application = "marketplace.config.asgi:application"
    return [sys.executable, "-m", "uvicorn", application, "--host", HOST, "--port", str(ports.web)]


def _card_network(state: Path, ports: Ports) -> list[str]:
    webhook = f"http://{HOST}:{ports.web}{WEBHOOK_PATH}"
    return [
        *(sys.executable, "-m", "settlement.rails.standin", "--port", str(ports.card)),
        *("--state", str(state / "card-network.sqlite3")),
        *("--webhook-url", webhook, "--webhook-secret", STANDIN_WEBHOOK_SECRET),
    ]
