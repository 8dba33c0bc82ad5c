"""Vantage points inside a web server that stands at a known place anyway: the marketplace's own, or development's."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from marketplace.vantage.app import Receive, Reporter, Scope, Send, Vantage
from marketplace.vantage.keys import read_key
from marketplace.vantage.rounds import Station

Application = Callable[[Scope, Receive, Send], Awaitable[None]]
PREFIX = "/vantage/"


def mounted(inner: Application, vantages: Mapping[str, Vantage]) -> Application:
    """The application, with each vantage point below /vantage/CODE."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        path = str(scope.get("path", ""))
        if scope["type"] == "http" and path.startswith(PREFIX):
            code, _, _ = path.removeprefix(PREFIX).partition("/")
            if code in vantages:
                await vantages[code]({**scope, "root_path": f"{PREFIX}{code}"}, receive, send)
                return
        await inner(scope, receive, send)

    return application


def stationed(rows: list[dict[str, Any]], platform_keys: dict[str, bytes], reports_url: str) -> dict[str, Vantage]:
    """A vantage point for each row of code, latitude, longitude and key file. Raises KeyUnusable."""
    reporter = Reporter(reports_url)
    return {
        row["code"]: Vantage(
            Station(row["code"], row["latitude"], row["longitude"], read_key(Path(row["key"])), platform_keys), reporter
        )
        for row in rows
    }
