"""Scenes (a) and (b): honest renters compute, and providers are paid, by card and on chain."""

from pathlib import Path

from django.conf import settings
from web3 import HTTPProvider, Web3

from marketplace.development.doors import wait_for
from marketplace.development.story.earnings import earnings_of, expect_paid
from marketplace.development.story.leasing import Wish, open_lease, stop_and_settle, watch_it_run
from marketplace.development.story.people import Renter, prove_wallet
from marketplace.development.story.stage import Stage
from marketplace.development.story.verifying import verified_renter
from marketplace.development.wallets import DevelopmentChain, wallet_key
from marketplace.development.world import LION_CITY, PROVIDERS, UNIVERSITY
from marketplace.templatetags.ui import money
from settlement.rails.chain import connect

BRISBANE, ZURICH = PROVIDERS[0], PROVIDERS[1]
H100_IN_BRISBANE = Wish("h100-sxm", "AU", 2, "Fine-tuning a tide model for Singapore", "fine_tuning")
H100_IN_ZURICH = Wish("h100-sxm", "CH", 2, "Training a glacier model for a doctoral thesis", "training")
# Stripe collects no charge below fifty cents.
LEAST_CHARGE_MINOR = 50
CHARGE_SECONDS = 180.0


def development_chain() -> DevelopmentChain:
    """anvil with the contracts that were deployed on it."""
    deployment = connect().deployment
    web3 = Web3(HTTPProvider(settings.CHAIN_RPC_URL))
    to_address = Web3.to_checksum_address
    return DevelopmentChain(web3, to_address(deployment.escrow), to_address(deployment.token))


def card_lease(stage: Stage) -> None:
    """(a) A company leases two H100 by card; the provider is paid to the cent."""
    person = verified_renter(stage, settings.GRIDCLEAR_BASE_URL, LION_CITY, H100_IN_BRISBANE.end_use)
    earnings = earnings_of(settings.GRIDCLEAR_BASE_URL, BRISBANE, "card")
    before = earnings.earned()
    lease_id = open_lease(stage, person, H100_IN_BRISBANE, rail="card", payment_method="pm_card_sg")
    watch_it_run(stage, person.api, lease_id, H100_IN_BRISBANE)
    wait_for(
        lambda: person.api.get(f"/leases/{lease_id}")["cost_so_far_minor"] >= LEAST_CHARGE_MINOR,
        "the lease costs what a card can be charged",
        seconds=CHARGE_SECONDS,
    )
    receipt = stop_and_settle(stage, person.api, lease_id)
    expect_paid(stage, earnings, before, receipt, settings.GRIDCLEAR_FEE_BPS)


def escrow_lease(stage: Stage) -> None:
    """(b) A university does the same by escrow on chain."""
    person = verified_renter(stage, settings.GRIDCLEAR_BASE_URL, UNIVERSITY, H100_IN_ZURICH.end_use)
    chain = development_chain()
    earnings = earnings_of(settings.GRIDCLEAR_BASE_URL, ZURICH, "escrow")
    payee = wallet_key(Path(settings.STATE_DIR), ZURICH.key).address
    before, held_before = earnings.earned(), chain.token.functions.balanceOf(payee).call()
    lease_id = _deposit(stage, person, chain)
    watch_it_run(stage, person.api, lease_id, H100_IN_ZURICH)
    receipt = stop_and_settle(stage, person.api, lease_id)
    share = expect_paid(stage, earnings, before, receipt, settings.GRIDCLEAR_FEE_BPS)
    held = chain.token.functions.balanceOf(payee).call() - held_before
    stage.expect(held == share, f"the chain agrees: the provider's wallet holds {money(held, 'USDC')} more")


def _deposit(stage: Stage, person: Renter, chain: DevelopmentChain) -> str:
    """The renter's own wallet made the deposit that its clearance allows; returns the lease's id."""
    key = wallet_key(Path(settings.STATE_DIR), UNIVERSITY.key)
    prove_wallet(person, key)
    stage.step("its wallet signed the message that proves it (EIP-4361); an unproven wallet pays no escrow")
    lease_id = open_lease(stage, person, H100_IN_ZURICH, rail="escrow", wallet=key.address)
    deposit = person.api.get(f"/leases/{lease_id}/deposit")
    chain.fill(key.address, usdc=deposit["amount_minor"])
    for transaction in deposit["transactions"]:
        chain.send(key, Web3.to_checksum_address(transaction["to"]), transaction["data"])
        stage.step(f"its own wallet signed and sent: {transaction['says']}")
    stage.step(f"the escrow holds {money(deposit['amount_minor'], 'USDC')} under a signed EIP-712 clearance")
    return lease_id
