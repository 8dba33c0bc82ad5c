"""A renter, a provider and a lease to be paid by escrow, on a real chain and real books."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils import keccak

from compliance.base import clock
from compliance.base.actor import system
from compliance.models import Clearance, Decision, Party
from compliance.services import signing
from settlement.models import EscrowDeposit, Hold, PaymentProfile
from settlement.rails.chain import Chain, connect
from settlement.rails.chain_contracts import ESCROW, calldata
from settlement.rails.chain_deploy import give_gas, mint
from settlement.services import chain_delivery, chain_indexer, holds, ledger
from settlement.services.accounts import Kind, Pot, clearing, of_party, of_platform
from settlement.services.chain_deposits import DepositRequest, prepare_deposit, terms_of
from settlement.services.hold_terms import HoldTerms
from tests.contracts.anvil import Anvil

TESTER = system("tests")
DOLLAR = 1_000_000
RATE = 5 * DOLLAR
CAP = 10 * DOLLAR


def wallet(name: str) -> LocalAccount:
    """The same wallet for the same name."""
    return Account.from_key(keccak(text=f"gridclear chain test: {name}"))


def clear(purpose: str, subject_id: UUID, *, renter: Party | None, provider: Party, **changes: Any) -> Clearance:
    """A clearance with the ALLOW that it came of, as the gate would write them."""
    now = clock.now()
    expires_at = changes.pop("expires_at", now + timedelta(hours=1))
    decision = Decision.objects.create(
        purpose=purpose,
        subject_id=subject_id,
        renter_party=renter,
        provider_party=provider,
        outcome=Decision.Outcome.ALLOW,
        facts={},
        pack="test@1",
        pack_hash="0" * 64,
        digest="0" * 64,
        facts_digest="0" * 64,
        actor=TESTER.ref,
    )
    pk = uuid4()
    times = {"iat": int(now.timestamp()), "exp": int(expires_at.timestamp())}
    token, key_id = signing.sign({"iss": signing.ISSUER, "jti": str(pk), "sub": str(subject_id), **times})
    return Clearance.objects.create(
        id=pk,
        decision=decision,
        purpose=purpose,
        subject_id=subject_id,
        renter_party=renter,
        provider_party=provider,
        issued_at=now,
        expires_at=expires_at,
        token=token,
        key_id=key_id,
        **changes,
    )


@dataclass
class Scene:
    """Everybody and everything of one test."""

    node: Anvil
    renter: Party
    provider: Party
    payer: LocalAccount = field(default_factory=lambda: wallet("renter"))
    payee: LocalAccount = field(default_factory=lambda: wallet("provider"))

    @property
    def chain(self) -> Chain:
        return connect()

    # -- the platform's side ---------------------------------------------------------------------------

    def clearance(self, subject_id: UUID, **changes: Any) -> Clearance:
        return clear(
            "lease",
            subject_id,
            renter=self.renter,
            provider=self.provider,
            **{"wallet_address": self.payer.address, "max_amount_minor": CAP, "currency": "USDC"} | changes,
        )

    def open_hold(self, *, clearance: Clearance | None = None, amount: int = CAP) -> Hold:
        """A hold that waits for its deposit."""
        subject_id = clearance.subject_id if clearance else uuid4()
        ref = holds.open_hold(
            clearance=clearance or self.clearance(subject_id),
            rail="escrow",
            renter_party_id=self.renter.pk,
            payee_party_id=self.provider.pk,
            subject_id=subject_id,
            amount_minor=amount,
            currency="USDC",
            terms=HoldTerms(rate_minor_per_hour=RATE, expires_at=clock.now() + timedelta(hours=2)),
            idempotency_key=f"test:{subject_id}",
            actor=TESTER,
            wallet=self.payer.address,
        )
        return Hold.objects.get(pk=ref.id)

    def lease_key(self, hold: Hold) -> str:
        """What the hold's lease is called on chain."""
        return EscrowDeposit.objects.get(hold=hold).lease_key

    def terms(self, hold: Hold) -> tuple[Any, ...]:
        """The hold's terms as the contract takes them."""
        return terms_of(EscrowDeposit.objects.get(hold=hold))

    def funded_hold(self) -> Hold:
        """A hold that is open, its deposit being final."""
        hold = self.open_hold()
        self.pay(prepare_deposit(hold.pk))
        self.finalise()
        hold.refresh_from_db()
        assert hold.state == Hold.State.OPEN
        return hold

    def follow(self) -> None:
        """The indexer has seen the head."""
        chain_indexer.catch_up()

    def finalise(self) -> None:
        """All that happened is final and was seen."""
        self.node.mine(settings.CHAIN_FINALITY_BLOCKS)
        self.follow()

    def deliver(self) -> int:
        """As a round does it: the head was seen, then our transactions were looked after. Returns how many."""
        self.follow()
        return chain_delivery.deliver(self.chain)

    # -- the wallets' side -----------------------------------------------------------------------------

    def send(self, by: LocalAccount, to: str, data: str) -> bool:
        """The wallet's own transaction is in a block; whether it succeeded."""
        web3 = self.node.web3
        request = {"to": to, "data": data, "value": 0, "gas": 500_000, "chainId": web3.eth.chain_id}
        request |= {"nonce": web3.eth.get_transaction_count(by.address)}
        request |= {"maxFeePerGas": 10**11, "maxPriorityFeePerGas": 10**9}
        sent = web3.eth.send_raw_transaction(by.sign_transaction(request).raw_transaction)
        return web3.eth.wait_for_transaction_receipt(sent, timeout=10)["status"] == 1

    def pay(self, request: DepositRequest, by: LocalAccount | None = None) -> bool:
        """The wallet sent what it was asked to; whether the deposit was taken."""
        taken = [self.send(by or self.payer, step.to, step.data) for step in request.transactions]
        return all(taken)

    def withdraw(self, by: LocalAccount) -> bool:
        """The wallet pulled what it is entitled to."""
        return self.send(by, self.chain.deployment.escrow, calldata(ESCROW, "withdraw", by.address))

    def fund_wallets(self) -> None:
        give_gas(self.node.web3, self.payer.address, self.payee.address)
        mint(self.node.web3, self.chain.deployment.token, self.payer.address, 1000 * DOLLAR)

    # -- the books -------------------------------------------------------------------------------------

    def books(self) -> dict[str, int]:
        """Every balance of the escrow pot that is not zero."""
        keys = {
            "contract": clearing(Pot.ESCROW, "USDC"),
            "held": of_party(Kind.HELD, self.renter.pk, Pot.ESCROW, "USDC"),
            "blocked": of_party(Kind.BLOCKED, self.renter.pk, Pot.ESCROW, "USDC"),
            "available": of_party(Kind.AVAILABLE, self.renter.pk, Pot.ESCROW, "USDC"),
            "accrued": of_party(Kind.ACCRUED, self.provider.pk, Pot.ESCROW, "USDC"),
            "payable": of_party(Kind.PAYABLE, self.provider.pk, Pot.ESCROW, "USDC"),
            "paying": of_party(Kind.PAYING, self.provider.pk, Pot.ESCROW, "USDC"),
            "fees": of_platform(Kind.FEES, Pot.ESCROW, "USDC"),
            "suspense": of_platform(Kind.SUSPENSE, Pot.ESCROW, "USDC"),
        }
        balances = {name: ledger.balance_of(key) for name, key in keys.items()}
        assert sum(balances.values()) == 0
        return {name: balance for name, balance in balances.items() if balance}


def build_scene(node: Anvil) -> Scene:
    """Two parties with wallets, the renter's full."""
    behind = int(clock.now().timestamp()) - node.now()
    if behind > 0:
        # The node's blocks lie a second apart, however long the tests before this one took.
        node.pass_time(behind)
    renter = Party.objects.create(kind="entity", name="Universität am See", country="CH")
    provider = Party.objects.create(kind="entity", name="Brisbane Compute Pty Ltd", country="AU")
    scene = Scene(node, renter, provider)
    PaymentProfile.objects.create(party=provider, payout_wallet=scene.payee.address)
    scene.fund_wallets()
    return scene
