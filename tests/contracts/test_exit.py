"""Out of the contract with nothing but a wallet: the whole back end is off, no role helps, only a node is asked."""

import json
from pathlib import Path

import pytest
from gridclear.cli.main import app
from typer.testing import CliRunner, Result

from tests.contracts.world import DOLLAR, GRACE, HOUR, Terms, World

pytestmark = pytest.mark.chain


def _run(world: World, *arguments: str) -> Result:
    where = ["--rpc", world.node.url, "--contract", world.escrow.address]
    return CliRunner().invoke(app, ["escrow", *arguments, *where])


@pytest.fixture
def key_file(world: World, tmp_path: Path) -> str:
    path = tmp_path / "wallet.key"
    path.write_text(world.payer.key.to_0x_hex())
    return str(path)


def _expired(world: World) -> Terms:
    """A lease of which one dollar was charged, whose time is over."""
    terms = world.terms()
    world.deposit(terms)
    world.node.pass_time(HOUR)
    world.settle(terms, DOLLAR)
    world.node.pass_time(terms["expiry"] + GRACE + 1 - world.node.now())
    return terms


def _id(world: World, terms: Terms) -> str:
    return "0x" + world.lease_id(terms).hex()


def test_the_renter_takes_the_rest_with_a_wallet_alone(world: World, key_file: str):
    terms = _expired(world)
    listed = _run(world, "list", "--wallet", world.payer.address, "--json")
    assert listed.exit_code == 0, listed.output
    told = json.loads(listed.stdout)
    (lease,) = told["leases"]
    assert (lease["lease_id"], lease["status"], lease["settled"]) == (_id(world, terms), "open", DOLLAR)
    done = _run(world, "reclaim", lease["lease_id"], "--key-file", key_file)
    assert done.exit_code == 0, done.output
    assert world.balance(world.payer) == 999 * DOLLAR
    assert world.stands(terms)["status"] == 2
    again = _run(world, "reclaim", lease["lease_id"], "--key-file", key_file)
    assert again.exit_code == 1
    assert "closed" in again.output


def test_what_the_contract_owes_is_withdrawn(world: World, key_file: str):
    terms = world.terms()
    world.deposit(terms)
    world.close(terms, 0)
    assert "10000000 token units" in _run(world, "list", "--wallet", world.payer.address).output
    assert _run(world, "withdraw", "--key-file", key_file).exit_code == 0
    assert world.balance(world.payer) == 1000 * DOLLAR
    assert "owes this wallet nothing" in _run(world, "withdraw", "--key-file", key_file).output


def test_too_early_and_frozen_say_until_when(world: World, key_file: str):
    terms = world.terms()
    world.deposit(terms)
    early = _run(world, "reclaim", _id(world, terms), "--key-file", key_file)
    assert early.exit_code == 1
    assert "can be reclaimed from" in early.output
    world.node.pass_time(terms["expiry"] + GRACE + 1 - world.node.now())
    world.freeze(terms)
    frozen = _run(world, "reclaim", _id(world, terms), "--key-file", key_file)
    assert "froze this lease until" in frozen.output
    world.node.pass_time(HOUR)
    assert _run(world, "reclaim", _id(world, terms), "--key-file", key_file).exit_code == 0


def test_somebody_elses_lease_is_not_taken(world: World, tmp_path: Path):
    terms = _expired(world)
    path = tmp_path / "stranger.key"
    path.write_text(world.stranger.key.to_0x_hex())
    assert "made no deposit" in _run(world, "reclaim", _id(world, terms), "--key-file", str(path)).output
    assert world.stands(terms)["status"] == 1


@pytest.mark.parametrize("content", ["", "nonsense", "0x1234"])
def test_a_file_without_a_key_is_named_and_not_shown(world: World, tmp_path: Path, content: str):
    path = tmp_path / "wallet.key"
    path.write_text(content)
    refused = _run(world, "withdraw", "--key-file", str(path))
    assert refused.exit_code == 1
    assert "holds no private key" in refused.output


def test_a_node_that_is_down_and_a_bad_address_are_said(world: World, key_file: str):
    runner, arguments = CliRunner(), ["escrow", "withdraw", "--key-file", key_file]
    down = runner.invoke(app, [*arguments, "--rpc", "http://127.0.0.1:9", "--contract", world.escrow.address])
    assert "does not answer" in down.output
    bad = runner.invoke(app, [*arguments, "--rpc", world.node.url, "--contract", world.escrow.address.lower()])
    assert "valid checksum" in bad.output
