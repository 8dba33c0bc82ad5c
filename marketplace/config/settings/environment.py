"""Reads the environment."""

import os
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import conninfo_to_dict

ROOT = Path(__file__).resolve().parents[3]


def required(name: str) -> str:
    """The variable's value. Raises ImproperlyConfigured, naming the variable, when it is missing or empty."""
    value = os.environ.get(name, "")
    if not value:
        raise ImproperlyConfigured(f"Set the environment variable {name}: see README.md, “Production”.")
    return value


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
