"""`vantage key|register|retire|list|serve`: vantage points, which measure how far away a node can be."""

import base64
import binascii
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import uvicorn
from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance.base.actor import system
from compliance.base.errors import Refusal
from compliance.selectors.vantages import vantages as in_use
from compliance.services import clearances, vantages
from marketplace.vantage.app import Reporter, Vantage
from marketplace.vantage.keys import KeyUnusable, make_key, public_text, read_key
from marketplace.vantage.rounds import Station

REPORTS_PATH = "/api/vantage/v1/reports"
ACTOR = system("vantage-command")


class Command(BaseCommand):
    """`serve` runs where the vantage point stands: it needs neither the database nor any secret of the platform."""

    help = "Vantage points: make a key, register, retire, list, and serve one."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """The deeds."""
        deeds = parser.add_subparsers(dest="deed", required=True)
        key: ArgumentParser = deeds.add_parser("key", help="make a key; prints its public half")
        key.add_argument("file", type=Path)
        register: ArgumentParser = deeds.add_parser("register", help="nodes are measured from there from now on")
        for name in ("code", "name"):
            register.add_argument(name)
        for name in ("latitude", "longitude"):
            register.add_argument(name, type=float, help="degrees; write a negative one after --")
        register.add_argument("url", help="where agents reach it")
        register.add_argument("public_key")
        retire: ArgumentParser = deeds.add_parser("retire", help="nothing is measured from there any more")
        retire.add_argument("code")
        deeds.add_parser("list", help="those in use, and the platform's keys for `serve`")
        self._serve_arguments(deeds.add_parser("serve", help="answer agents and report what was measured"))

    def _serve_arguments(self, serve: ArgumentParser) -> None:
        serve.add_argument("code")
        serve.add_argument("--latitude", type=float, required=True)
        serve.add_argument("--longitude", type=float, required=True)
        serve.add_argument("--key", type=Path, required=True)
        serve.add_argument("--platform", required=True, help="the marketplace's address, which gets the reports")
        serve.add_argument("--platform-key", action="append", required=True, metavar="KID:KEY")
        serve.add_argument("--host", default="0.0.0.0")  # noqa: S104 - agents come from everywhere
        serve.add_argument("--port", type=int, default=8443)
        serve.add_argument("--tls-cert", type=Path)
        serve.add_argument("--tls-key", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """The deed is done. Raises CommandError."""
        try:
            getattr(self, f"_{options['deed']}")(options)
        except (Refusal, KeyUnusable) as error:
            raise CommandError(str(error)) from error

    def _key(self, options: dict[str, Any]) -> None:
        self.stdout.write(public_text(make_key(options["file"])))

    def _register(self, options: dict[str, Any]) -> None:
        wanted = {name: options[name] for name in ("code", "name", "latitude", "longitude", "url", "public_key")}
        row = vantages.register_vantage(**wanted, actor=ACTOR)
        self.stdout.write(f"{row.code} is registered. Nodes are measured from {row.name}.")

    def _retire(self, options: dict[str, Any]) -> None:
        vantages.retire_vantage(options["code"], actor=ACTOR)
        self.stdout.write(f"{options['code']} is retired.")

    def _list(self, options: dict[str, Any]) -> None:
        for row in in_use():
            self.stdout.write(f"{row.code}\t{row.name}\t{row.latitude}\t{row.longitude}\t{row.url}\t{row.public_key}")
        for key in clearances.public_keys():
            self.stdout.write(f"--platform-key {key['kid']}:{key['public_key']}")

    def _serve(self, options: dict[str, Any]) -> None:
        station = Station(
            code=options["code"],
            latitude=options["latitude"],
            longitude=options["longitude"],
            key=read_key(options["key"]),
            platform_keys=dict(_platform_key(text) for text in options["platform_key"]),
        )
        reporter = Reporter(options["platform"].rstrip("/") + REPORTS_PATH)
        uvicorn.run(
            Vantage(station, reporter),
            host=options["host"],
            port=options["port"],
            ssl_certfile=options["tls_cert"],
            ssl_keyfile=options["tls_key"],
            access_log=False,
            lifespan="off",
            timeout_keep_alive=30,
        )


def _platform_key(text: str) -> tuple[str, bytes]:
    kid, _, key = text.partition(":")
    try:
        raw = base64.urlsafe_b64decode(key + "=" * (-len(key) % 4))
    except (binascii.Error, ValueError):
        raw = b""
    if not kid or len(raw) != 32:
        raise CommandError("A platform key is written KID:KEY, as `vantage list` prints it.")
    return kid, raw
