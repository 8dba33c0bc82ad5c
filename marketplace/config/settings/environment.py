"""Reads the environment."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import conninfo_to_dict

ROOT = Path(__file__).resolve().parents[3]


def required(name: str) -> str:
    """The variable's value. Raises ImproperlyConfigured, naming the variable, when it is missing or empty."""
    value = os.environ.get(name, "")
    if not value:
        raise ImproperlyConfigured(f"Set the environment variable {name}: see README.md, “Production”.")
    return value


def chain_nodes() -> str:
    """The nodes of CHAIN_RPC_URL, at least three: one is just believed, and of two that disagree neither.

    Fewer where CHAIN_RPC_LEAST_NODES says so. Raises ImproperlyConfigured; the same node twice is one.
    """
    named, least = required("CHAIN_RPC_URL"), int(os.environ.get("CHAIN_RPC_LEAST_NODES", "3"))
    found = {urlsplit(url.strip()).netloc.rpartition("@")[2] for url in named.split(",") if url.strip()}
    if len(found) < least:
        raise ImproperlyConfigured(
            f"CHAIN_RPC_URL names {len(found)} of {least} nodes: name {least} of different operators with "
            "commas between, or set CHAIN_RPC_LEAST_NODES to how many you rely on: see README.md, “Production”."
        )
    return named


def key_file(name: str) -> str:
    """The path that the variable names. Raises ImproperlyConfigured when it is missing or holds a development key.

    A file that is not there yet passes: the command that makes it needs settings too, and whoever reads it refuses.
    """
    path = Path(required(name))
    if path.is_file() and any(line.startswith("development") for line in path.read_text().splitlines()):
        raise ImproperlyConfigured(f"{name} names a file with a development key: see README.md, “Production”.")
    return str(path)


def database(url: str) -> dict[str, Any]:
    """Django's settings for a `postgresql://` URL; host may be a socket folder in the query."""
    parts = conninfo_to_dict(url)
    known = {"host", "port", "user", "password", "dbname"}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.get("dbname", "postgres"),
        "USER": parts.get("user", "postgres"),
        "PASSWORD": parts.get("password", ""),
        "HOST": parts.get("host", ""),
        "PORT": str(parts.get("port", "")),
        "CONN_MAX_AGE": 0,
        "OPTIONS": {key: value for key, value in parts.items() if key not in known and value is not None},
    }


def state_folder() -> Path:
    """Where everything is written that is not in a database."""
    return Path(os.environ.get("GRIDCLEAR_STATE", str(ROOT / ".gridclear"))).resolve()
