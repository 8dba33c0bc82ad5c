"""`manage.py deploy_contracts`: token and escrow stand on the chain, and their addresses are written down."""

import json
from argparse import ArgumentParser
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from eth_utils.address import to_checksum_address

from compliance.base.errors import Refusal
from settlement.rails import chain_deploy
from settlement.rails.chain import DEPLOYMENT_FILE, Deployment, connect, open_node


class Command(BaseCommand):
    """Idempotent: contracts that stand where the state folder says are left, unless `--again` is given."""

    help = "Deploys the test token and the escrow contract, and writes their addresses to the state folder."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--again", action="store_true", help="deploy even if contracts stand already")
        parser.add_argument("--token", default="", help="an existing token to take instead of a new test token")
        parser.add_argument("--anchor", action="store_true", help="also the contract that keeps the audit log's roots")
        parser.add_argument("--quarantine", default="", help="where stray tokens go (default: the treasurer)")
        parser.add_argument("--blocked-property", default="", help="where seized money goes (default: the treasurer)")

    def handle(self, *_args: Any, **options: Any) -> None:
        if not settings.CHAIN_RPC_URL:
            raise CommandError("Set CHAIN_RPC_URL to the node to deploy to.")
        standing = None if options["again"] else self._standing()
        web3 = open_node(settings.CHAIN_RPC_URL)
        if standing is not None:
            if options["anchor"] and not standing.anchor:
                self._write(replace(standing, anchor=chain_deploy.deploy_anchor(web3)))
            return
        if not chain_deploy.is_development_node(web3) and not options["token"]:
            raise CommandError("This is no development chain: name the token with --token. Nothing was deployed.")
        deployment = chain_deploy.deploy(
            web3,
            token=options["token"],
            quarantine=options["quarantine"],
            blocked_property=options["blocked_property"],
        )
        if options["anchor"]:
            deployment = replace(deployment, anchor=chain_deploy.deploy_anchor(web3))
        self._write(deployment)

    def _write(self, deployment: Deployment) -> None:
        path = Path(settings.STATE_DIR) / DEPLOYMENT_FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(deployment), indent=2) + "\n", encoding="utf-8")
        self.stdout.write(f"Escrow {deployment.escrow} of token {deployment.token} on chain {deployment.chain_id}.")
        if deployment.anchor:
            self.stdout.write(f"Anchor {deployment.anchor} (CHAIN_ANCHOR_ADDRESS, where addresses are set by hand).")

    def _standing(self) -> Deployment | None:
        try:
            deployment = connect().deployment
        except Refusal:
            return None
        address = to_checksum_address(deployment.escrow)
        self.stdout.write(f"Escrow {address} of token {deployment.token} stands on chain {deployment.chain_id}.")
        return deployment
