"""What serves developers cannot be imported where real money and real people are."""

import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from marketplace.config.settings import environment
from tests.architecture.source import ROOT


@pytest.mark.parametrize("package", ["marketplace.development", "settlement.rails.standin"])
def test_development_tools_refuse_production(package):
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "marketplace.config.settings.production"}
    result = subprocess.run(
        [sys.executable, "-c", f"import {package}"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode != 0
    assert "ImproperlyConfigured" in result.stderr


ONE, TWO, THREE = "https://a.example/key", "https://b.example", "https://c.example"


@pytest.mark.parametrize("nodes", [ONE, f"{ONE}, {TWO}", f"{ONE},{TWO},https://user:word@a.example/other", f"{ONE},,"])
def test_fewer_than_three_nodes_of_the_chain_are_refused_unless_that_is_said(monkeypatch, nodes: str):
    monkeypatch.setenv("CHAIN_RPC_URL", nodes)
    monkeypatch.delenv("CHAIN_RPC_LEAST_NODES", raising=False)
    with pytest.raises(ImproperlyConfigured, match="CHAIN_RPC_LEAST_NODES") as refused:
        environment.chain_nodes()
    assert "example" not in str(refused.value), "addresses of nodes hold keys"
    monkeypatch.setenv("CHAIN_RPC_LEAST_NODES", "1")
    assert environment.chain_nodes() == nodes


def _start(**changes: str) -> "subprocess.CompletedProcess[str]":
    """Production's settings are read with all that they require, and these changes; an empty value takes one away."""
    names = (
        "SECRET_KEY ALLOWED_HOSTS REDIS_URL STRIPE_API_KEY STRIPE_WEBHOOK_SECRET CHAIN_ESCROW_ADDRESS "
        "CHAIN_TOKEN_ADDRESS GRIDCLEAR_CLEARANCE_KEY_FILE GRIDCLEAR_MASTER_KEY_FILE GRIDCLEAR_EVIDENCE_KEY_FILE "
        "GRIDCLEAR_CHAIN_KEY_DIR"
    )
    told = dict.fromkeys(names.split(), "told")
    told |= {"GRIDCLEAR_BASE_URL": "https://x.example", "DATABASE_URL": "postgresql://u@h/d"}
    told |= {"CHAIN_RPC_URL": f"{ONE},{TWO},{THREE}", **changes}
    return subprocess.run(
        [sys.executable, "-c", "import marketplace.config.settings.production"],
        cwd=ROOT,
        env={name: value for name, value in {**os.environ, **told}.items() if value},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_starts_with_three_nodes_and_keys_in_a_folder_or_at_a_signer():
    assert _start().returncode == 0
    refused = _start(CHAIN_RPC_URL=ONE)
    assert refused.returncode != 0
    assert "CHAIN_RPC_LEAST_NODES" in refused.stderr
    refused = _start(GRIDCLEAR_CHAIN_KEY_DIR="")
    assert refused.returncode != 0
    assert "GRIDCLEAR_CHAIN_KEY_DIR" in refused.stderr
    assert _start(GRIDCLEAR_CHAIN_KEY_DIR="", GRIDCLEAR_CHAIN_SIGNER_URL="https://signer.example").returncode == 0
