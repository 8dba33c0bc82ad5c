"""Scenes (c), (d) and (e): the unlawful ones are refused with reasons, and the contract refuses by itself."""

import secrets
import time

from django.conf import settings
from web3 import Web3

from marketplace.development.story.honest import H100_IN_BRISBANE, development_chain
from marketplace.development.story.leasing import (
    Wish,
    ask_in_vain,
    open_lease,
    stop_and_settle,
    tell_refusal,
    top_up,
    watch_it_run,
)
from marketplace.development.story.proofs import expect_reason, hits_of
from marketplace.development.story.stage import Stage
from marketplace.development.story.verifying import verified_renter
from marketplace.development.wallets import DevelopmentChain
from marketplace.development.world import KARAVEL, LISTED_WALLET, STRAITS, TULPENVELD

RTX_3090_IN_BRISBANE = Wish("rtx-3090", "AU", 1, "Rendering product pictures", "no_model")


def headquarters(stage: Stage) -> None:
    """(c) A Singapore company with an ultimate parent in Beijing gets no H100, and may lease an RTX 3090."""
    person = verified_renter(stage, settings.GRIDCLEAR_BASE_URL, STRAITS, RTX_3090_IN_BRISBANE.end_use)
    answer = ask_in_vain(person, H100_IN_BRISBANE, rail="card", payment_method="pm_card_sg")
    decision_id = tell_refusal(stage, answer, "clearance_denied")
    expect_reason(stage, decision_id, "headquarters", "the ultimate parent's headquarters decide")
    stage.expect(not hits_of(decision_id), "although nobody in the chain of ownership is on any list")
    top_up(stage, person.api, 1_000)
    lease_id = open_lease(stage, person, RTX_3090_IN_BRISBANE, rail="balance")
    watch_it_run(stage, person.api, lease_id, RTX_3090_IN_BRISBANE)
    stop_and_settle(stage, person.api, lease_id)


def fifty_percent(stage: Stage) -> None:
    """(d) Two listed parties hold 30 % + 25 %: the 50 % rule adds them up."""
    person = verified_renter(stage, settings.GRIDCLEAR_BASE_URL, KARAVEL, "Simulating hulls of fishing boats")
    answer = ask_in_vain(person, RTX_3090_IN_BRISBANE, rail="card", payment_method="pm_card_visa")
    decision_id = tell_refusal(stage, answer, "clearance_denied")
    expect_reason(stage, decision_id, "ofac_50_percent", "30 % + 25 % of blocked owners make it blocked too")


def listed_wallet(stage: Stage) -> None:
    """(e) A listed wallet is refused before any deposit, and by the contract when called directly."""
    person = verified_renter(stage, settings.GRIDCLEAR_BASE_URL, TULPENVELD, "Folding proteins of tulips")
    answer = ask_in_vain(person, RTX_3090_IN_BRISBANE, rail="escrow", wallet=LISTED_WALLET)
    decision_id = tell_refusal(stage, answer, "clearance_denied")
    expect_reason(stage, decision_id, "wallet_listed", "the wallet is a listed party's own")
    chain = development_chain()
    sender = Web3.to_checksum_address(LISTED_WALLET)
    before = chain.token.functions.balanceOf(chain.escrow_address).call()
    error = chain.refusal_of(sender, chain.escrow_address, _forged_deposit(chain, sender))
    stage.expect(error == "NotClearanceSigner", f"called directly, the contract refuses the deposit too: {error}")
    held = chain.token.functions.balanceOf(chain.escrow_address).call()
    stage.expect(held == before, "and not one token moved")


def _forged_deposit(chain: DevelopmentChain, payer: str) -> str:
    """A call of `deposit` with fair terms and a signature by nobody whom the contract trusts."""
    soon = int(time.time()) + 600
    terms = (
        secrets.token_bytes(32),  # ref
        payer,
        chain.escrow.functions.QUARANTINE().call(),  # payee
        1_000_000,  # cap
        1_000_000,  # ratePerHour
        settings.GRIDCLEAR_FEE_BPS,
        soon,  # expiry
    )
    forger = chain.web3.eth.account.create()
    signature = forger.unsafe_sign_hash(secrets.token_bytes(32)).signature
    clearance = (soon, chain.escrow.functions.epoch().call(), signature)
    return str(chain.escrow.encode_abi("deposit", args=[terms, clearance]))
