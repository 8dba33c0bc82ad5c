"""What the officers' record pages share."""

from typing import Any

from django.urls import reverse

TABS = (("Evidence", "web:evidence"),)


def record_tabs(current: str) -> list[dict[str, Any]]:
    """The tabs over the record pages."""
    return [{"label": label, "url": reverse(name), "current": name == current} for label, name in TABS]
