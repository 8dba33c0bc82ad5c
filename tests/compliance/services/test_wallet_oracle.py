"""A second source about wallets: a contract of the oracle's interface on a real node; silent, it fails closed."""

import functools
import itertools
import logging
import socket
import time
from pathlib import Path

import httpx
import pytest
from django.db import transaction

from compliance.base.actor import Actor, system
from compliance.base.outside import NetworkInTransaction
from compliance.models import Case, OracleAnswer, OracleScan
from compliance.selectors.restrictions import is_restricted
from compliance.services import gate, parties, wallet_answers, wallet_oracle
from compliance.sources import wallet_oracle as source
from compliance.sources.wallet_oracle import MAINNET, OracleSilent, WalletOracle, evm_addresses
from settlement.contracts.compile import compile_sources
from settlement.contracts.toolchain import ToolMissing
from tests.contracts.anvil import Anvil, anvil
from tests.environment import cannot_check
from tests.factories.compliance import lease_request, verified_company

__all__ = ["anvil"]

pytestmark = [pytest.mark.django_db, pytest.mark.chain]

ACTOR = Actor("user", "renter")
SWEEP = system("wallet-oracle")
CLEAN = "0x52908400098527886E0F7030069857D2E4169EE7"
LISTED = "0xde709f2102306220921060314715629080e2fb77"
LISTED_SUM = evm_addresses([LISTED])[0]


@functools.cache
def compiled():
    try:
        path = Path(__file__).with_name("SanctionsList.sol")
        return compile_sources({"test/SanctionsList.sol": path}, ("SanctionsList",))["SanctionsList"]
    except ToolMissing as missing:
        cannot_check(f"No compiler: {missing}")


@pytest.fixture
def contract(anvil: Anvil):
    """The contract on the node; what the test does there is undone."""
    sender = anvil.web3.eth.accounts[0]
    with anvil.undone():
        made = anvil.web3.eth.contract(abi=compiled()["abi"], bytecode=compiled()["bytecode"])
        receipt = anvil.web3.eth.wait_for_transaction_receipt(made.constructor().transact({"from": sender}))
        yield anvil.web3.eth.contract(address=receipt["contractAddress"], abi=compiled()["abi"])


@pytest.fixture
def oracle(anvil: Anvil, contract, settings):
    """The oracle is configured; calling it lists or unlists addresses."""
    settings.WALLET_ORACLE_RPC_URL = anvil.url
    settings.WALLET_ORACLE_ADDRESS = contract.address
    sender = anvil.web3.eth.accounts[0]

    def write(function, *addresses):
        sent = getattr(contract.functions, function)(evm_addresses(addresses)).transact({"from": sender})
        anvil.web3.eth.wait_for_transaction_receipt(sent)
        anvil.mine(wallet_oracle.SETTLED_AFTER)

    return write


@pytest.fixture
def renter(db):
    return verified_company("Lion City Labs Pte Ltd", "SG")


@pytest.fixture
def provider(renter):
    return verified_company("Brisbane Compute Pty Ltd", "AU")


def ask(renter, provider, wallet=LISTED_SUM):
    return gate.evaluate(lease_request(renter, provider, rail="escrow", wallet=wallet), actor=ACTOR)


def codes(decision):
    return {reason["code"] for reason in decision.reasons}


def answering(monkeypatch, answer):
    """Whoever is asked answers so."""
    client = httpx.Client
    transport = httpx.MockTransport(lambda _: answer)
    monkeypatch.setattr(source.httpx, "Client", lambda **options: client(**options, transport=transport))


@pytest.fixture
def stalling(settings, monkeypatch):
    """A node that takes the question and never answers is configured; nobody waits for it for long."""
    monkeypatch.setattr(source, "_TIMEOUT", httpx.Timeout(0.05, connect=2.0))
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings.WALLET_ORACLE_RPC_URL = f"http://127.0.0.1:{server.getsockname()[1]}/secret-key"
        yield


def test_unless_a_node_is_named_nobody_is_asked(renter, provider, settings, monkeypatch):
    def never(*_, **__):
        raise AssertionError("somebody was asked")

    monkeypatch.setattr(source.httpx, "Client", never)
    assert settings.WALLET_ORACLE_RPC_URL == ""
    assert settings.WALLET_ORACLE_ADDRESS == MAINNET
    decision = ask(renter, provider)
    assert decision.outcome == "ALLOW"
    assert wallet_answers.CODE not in {each["code"] for each in decision.facts["lists"]}
    assert wallet_oracle.follow(actor=SWEEP) == 0


def test_a_wallet_that_the_oracle_lists_is_refused_and_another_is_not(renter, provider, oracle):
    oracle("addToSanctionsList", LISTED)
    refused = ask(renter, provider)
    assert (refused.outcome, codes(refused)) == ("DENY", {"wallet_listed_elsewhere"})
    # Another's: who has proven a listed wallet to be its own is refused with any.
    assert codes(ask(renter, provider, CLEAN)) == {"wallet_listed_elsewhere"}
    allowed = ask(verified_company("Johor Strait Labs Pte Ltd", "SG"), provider, CLEAN)
    assert (allowed.outcome, codes(allowed)) == ("ALLOW", set())
    answers = {row.address: row.sanctioned for row in OracleAnswer.objects.all()}
    assert answers == {LISTED_SUM: True, CLEAN: False}
    assert gate.replay(refused.pk)


def test_a_linked_wallet_is_asked_about_though_a_card_pays(renter, provider, oracle):
    oracle("addToSanctionsList", CLEAN)
    parties.link_wallet(renter.pk, CLEAN, actor=ACTOR)
    assert codes(gate.evaluate(lease_request(renter, provider), actor=ACTOR)) == {"wallet_listed_elsewhere"}


def test_where_no_wallet_takes_part_a_silent_oracle_stops_nothing(renter, provider, settings):
    settings.WALLET_ORACLE_RPC_URL = "http://127.0.0.1:9/"
    assert gate.evaluate(lease_request(renter, provider), actor=ACTOR).outcome == "ALLOW"


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "http://no-such-host.invalid/", "not an address", "ftp://x/"])
def test_a_node_that_does_not_answer_sends_to_review(renter, provider, settings, url):
    settings.WALLET_ORACLE_RPC_URL = url
    decision = ask(renter, provider)
    assert (decision.outcome, codes(decision)) == ("REVIEW", {"wallet_source_silent"})
    assert not OracleAnswer.objects.exists()
    assert gate.preview(gate.request_of(decision)).outcome == "REVIEW"


def test_an_address_without_the_contract_does_not_pass_for_no(renter, provider, anvil, settings):
    settings.WALLET_ORACLE_RPC_URL = anvil.url
    settings.WALLET_ORACLE_ADDRESS = CLEAN
    decision = ask(renter, provider)
    assert (decision.outcome, codes(decision)) == ("REVIEW", {"wallet_source_silent"})


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json={"error": {"code": -32000}}),
        httpx.Response(200, json={"result": None}),
        httpx.Response(200, json={"result": "0x"}),
        httpx.Response(200, json={"result": "0x" + "0" * 63 + "2"}),
        httpx.Response(200, json=[1]),
    ],
)
def test_what_is_no_answer_is_silence(monkeypatch, answer):
    answering(monkeypatch, answer)
    with pytest.raises(OracleSilent) as silence:
        WalletOracle("http://node.example/secret-key", MAINNET).is_sanctioned(CLEAN, 1)
    assert "secret-key" not in str(silence.value)


def test_a_node_that_stalls_holds_up_what_needs_it_and_raises_one_alarm(renter, provider, stalling, clock, caplog):
    OracleScan.objects.create(chain_id=1, first_block=1, last_block=9)
    clock.advance(minutes=4)
    assert wallet_oracle.follow(actor=SWEEP) == 0
    assert not Case.objects.filter(kind="list_alarm").exists(), "a round or two may fail"
    clock.advance(minutes=1)
    for _ in range(2):
        wallet_oracle.follow(actor=SWEEP)
    case = Case.objects.get(kind="list_alarm")
    assert case.priority == Case.Priority.HIGH
    assert "silent since" in case.summary
    assert "secret-key" not in case.summary + caplog.text
    assert gate.evaluate(lease_request(renter, provider), actor=ACTOR).outcome == "ALLOW", "no wallet takes part"
    decision = ask(renter, provider)
    assert (decision.outcome, codes(decision)) == ("REVIEW", {"wallet_source_silent"})


def test_a_node_that_never_answered_raises_the_alarm_at_once(db, stalling):
    wallet_oracle.follow(actor=SWEEP)
    assert "since it was configured" in Case.objects.get(kind="list_alarm").summary


def test_a_node_that_drips_is_not_waited_for(monkeypatch):
    def drops():
        for _ in range(50):
            time.sleep(0.01)
            yield b" "

    monkeypatch.setattr(source, "_ANSWER_WITHIN", 0.03)
    answering(monkeypatch, httpx.Response(200, content=drops()))
    with pytest.raises(OracleSilent, match="end of its answer"):
        WalletOracle("http://node.example", MAINNET).head()


def test_a_node_whose_chain_stands_still_does_not_pass_for_one_that_knows(renter, provider, oracle, anvil, clock):
    wallet_oracle.follow(actor=SWEEP)
    assert ask(renter, provider).outcome == "ALLOW"
    clock.advance(minutes=6)
    decision = ask(renter, provider)
    assert (decision.outcome, codes(decision)) == ("REVIEW", {"wallet_source_silent"})
    wallet_oracle.follow(actor=SWEEP)
    assert "no new block" in Case.objects.get(kind="list_alarm").summary
    anvil.mine(1)
    assert ask(renter, provider).outcome == "ALLOW"


def test_the_address_of_the_node_is_told_in_no_log(renter, provider, settings, caplog):
    settings.WALLET_ORACLE_RPC_URL = "http://127.0.0.1:9/secret-key"
    with caplog.at_level(logging.DEBUG, logger="compliance"):
        ask(renter, provider)
    assert "the wallet oracle is silent" in caplog.text
    assert "secret-key" not in caplog.text


def test_an_answer_is_good_for_a_minute(renter, provider, oracle, clock):
    assert ask(renter, provider).outcome == "ALLOW"
    oracle("addToSanctionsList", LISTED)
    clock.advance(seconds=59)
    assert ask(renter, provider).outcome == "ALLOW"
    assert OracleAnswer.objects.count() == 1
    clock.advance(seconds=1)
    assert ask(renter, provider).outcome == "DENY"


def test_nobody_is_asked_inside_a_transaction(oracle):
    with transaction.atomic(), pytest.raises(NetworkInTransaction):
        wallet_answers.ask([CLEAN])
    with transaction.atomic(), pytest.raises(NetworkInTransaction):
        wallet_answers.oracle().head()


def test_what_the_oracle_lists_later_freezes_and_what_it_takes_off_is_told(renter, provider, oracle):
    assert wallet_oracle.follow(actor=SWEEP) == 0
    clearance = gate.require(lease_request(renter, provider, rail="escrow", wallet=LISTED_SUM), actor=ACTOR)
    oracle("addToSanctionsList", LISTED, CLEAN)
    assert wallet_oracle.follow(actor=SWEEP) == 1
    clearance.refresh_from_db()
    assert clearance.revoked_reason == "SCREENING_HIT"
    assert is_restricted(renter.pk)
    assert not is_restricted(provider.pk)
    case = Case.objects.get(kind="screening_hit")
    assert (case.party, case.priority) == (renter, Case.Priority.URGENT)
    scan = OracleScan.objects.latest("last_block")
    assert (scan.added, scan.removed) == (2, 0)
    # Run again there is nothing new; a run that died before it could note its end does the same again.
    assert wallet_oracle.follow(actor=SWEEP) == 0
    oracle("removeFromSanctionsList", LISTED)
    assert wallet_oracle.follow(actor=SWEEP) == 0
    case.refresh_from_db()
    assert "no longer" in case.summary
    assert is_restricted(renter.pk), "nobody is let go without officers"


def test_a_linked_wallet_without_any_clearance_is_frozen_too(renter, provider, oracle):
    wallet_oracle.follow(actor=SWEEP)
    parties.link_wallet(provider.pk, CLEAN, actor=ACTOR)
    oracle("addToSanctionsList", CLEAN)
    assert wallet_oracle.follow(actor=SWEEP) == 1
    assert is_restricted(provider.pk)


def test_events_are_read_in_stretches_and_none_is_left_out(renter, provider, oracle, anvil, monkeypatch):
    monkeypatch.setattr(wallet_oracle, "BLOCKS_AT_ONCE", 4)
    wallet_oracle.follow(actor=SWEEP)
    gate.require(lease_request(renter, provider, rail="escrow", wallet=LISTED_SUM), actor=ACTOR)
    anvil.mine(9)
    oracle("addToSanctionsList", LISTED)
    anvil.mine(9)
    assert wallet_oracle.follow(actor=SWEEP) == 1
    scans = list(OracleScan.objects.order_by("first_block"))
    assert all(later.first_block == max(0, earlier.last_block + 1) for earlier, later in itertools.pairwise(scans))
    assert sum(scan.added for scan in scans) == 1


def test_an_event_that_lies_about_its_length_is_no_event(monkeypatch):
    log = {"topics": [source._ADDED], "blockNumber": "0x1", "data": "0x" + f"{32:064x}" + f"{2:064x}" + "0" * 64}
    answering(monkeypatch, httpx.Response(200, json={"result": [log]}))
    with pytest.raises(OracleSilent, match="event"):
        WalletOracle("http://node.example", MAINNET).listed_between(1, 2)


def test_only_evm_addresses_are_asked_about():
    wallets = ["TXsample", "", "bc1qsample", "0x12", LISTED.upper().replace("X", "x"), LISTED]
    assert evm_addresses(wallets) == [LISTED_SUM]
