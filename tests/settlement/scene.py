"""A renter, a provider, real books, and a doorbell that rings when told."""

import json
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.test import Client

from compliance.base import clock
from compliance.base.actor import system
from compliance.models import Clearance, Decision, Party
from compliance.services import signing
from settlement import tasks
from settlement.models import Hold
from settlement.rails.standin.server import StandinServer
from settlement.rails.standin.webhooks import signature
from settlement.selectors.holds import HoldRef
from settlement.services import holds, ledger, payouts, topups
from settlement.services.accounts import Kind, Pot, clearing, of_party, of_platform
from settlement.services.hold_terms import HoldTerms
from settlement.services.ledger import Line

TESTER = system("tests")
RATE = 500  # cents an hour


def clear(purpose: str, subject_id: UUID, *, renter: Party | None, provider: Party | None, **fields: Any) -> Clearance:
    """A clearance with the ALLOW that it came of, as the gate would write them."""
    now = clock.now()
    expires_at = fields.pop("expires_at", now + timedelta(hours=1))
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
        **fields,
    )


@dataclass
class Doorbell:
    """Keeps what was enqueued instead of the broker; `ring` runs it, `lose` forgets it."""

    waiting: list[tuple[str, tuple]] = field(default_factory=list)

    def send_task(self, name: str, args: tuple = (), **_: object) -> None:
        self.waiting.append((name, tuple(args)))

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.waiting]

    def lose(self) -> None:
        self.waiting.clear()

    def ring(self) -> None:
        """Every task of settlement that waits runs, and those that it sends, until none is left."""
        while self.waiting:
            name, args = self.waiting.pop(0)
            if not name.startswith("settlement."):
                continue
            getattr(tasks, name.removeprefix("settlement."))(*args)


@dataclass
class Scene:
    """Everybody and everything of one test."""

    renter: Party
    provider: Party
    doorbell: Doorbell
    network: StandinServer | None = None

    # -- the platform's side ---------------------------------------------------------------------------

    def credit(self, amount: int, party: Party | None = None) -> None:
        """Prepaid money, as a top-up books it."""
        owner = party or self.renter
        lines = [
            Line(clearing(Pot.CARD, "USD"), -amount),
            Line(of_party(Kind.AVAILABLE, owner.pk, Pot.CARD, "USD"), amount),
        ]
        ledger.post(uuid4(), "top_up", lines)

    def lease_clearance(self, subject_id: UUID, **fields: Any) -> Clearance:
        return clear("lease", subject_id, renter=self.renter, provider=self.provider, **fields)

    def open_hold(self, amount: int = 1_000, *, rail: str = "balance", **changes: Any) -> HoldRef:
        subject_id = changes.pop("subject_id", None) or uuid4()
        given: dict[str, Any] = {
            "clearance": changes.pop("clearance", None) or self.lease_clearance(subject_id),
            "rail": rail,
            "renter_party_id": self.renter.pk,
            "payee_party_id": self.provider.pk,
            "subject_id": subject_id,
            "amount_minor": amount,
            "currency": "USD",
            "terms": HoldTerms(rate_minor_per_hour=RATE, expires_at=clock.now() + timedelta(hours=2)),
            "idempotency_key": f"test:{subject_id}",
            "actor": TESTER,
            "payment_method": "pm_card_visa" if rail == "card" else "",
        }
        return holds.open_hold(**given | changes)

    def hold(self, ref: HoldRef) -> Hold:
        return Hold.objects.get(pk=ref.id)

    def top_up(self, amount: int = 5_000, *, card: str = "pm_card_visa", key: str = "k") -> topups.TopUpRef:
        top_up_id = uuid4()
        return topups.start_top_up(
            clearance=clear("deposit", top_up_id, renter=self.renter, provider=None),
            top_up_id=top_up_id,
            party_id=self.renter.pk,
            amount_minor=amount,
            payment_method=card,
            idempotency_key=key,
            actor=TESTER,
        )

    def request_payout(self) -> payouts.PayoutRef:
        plan = payouts.plan_payout(self.provider.pk, "card")
        assert plan is not None
        clearance = clear("payout", plan.payout_id, renter=None, provider=self.provider)
        return payouts.request_payout(plan, clearance=clearance, idempotency_key=str(plan.payout_id), actor=TESTER)

    # -- the card network's side -----------------------------------------------------------------------

    def control(self, deed: str, **given: object) -> dict:
        assert self.network is not None
        address = f"{self.network.url}/_control/{deed}"
        request = urllib.request.Request(address, json.dumps(given).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.loads(answer.read())

    def objects(self, kind: str) -> list[dict]:
        """The card network's objects of a kind, oldest first."""
        assert self.network is not None
        with self.network.store.transaction():
            return self.network.store.every(kind)[::-1]

    def notices(self, kind: str = "") -> list[dict]:
        """The card network's events, oldest first."""
        return [event for event in self.objects("event") if event["type"].startswith(kind)]

    # -- the books -------------------------------------------------------------------------------------

    def books(self) -> dict[str, int]:
        """Every balance of the card pot that is not zero; they sum to zero."""
        keys = {
            "stripe": clearing(Pot.CARD, "USD"),
            "available": of_party(Kind.AVAILABLE, self.renter.pk, Pot.CARD, "USD"),
            "held": of_party(Kind.HELD, self.renter.pk, Pot.CARD, "USD"),
            "uncollected": of_party(Kind.UNCOLLECTED, self.renter.pk, Pot.CARD, "USD"),
            "blocked": of_party(Kind.BLOCKED, self.renter.pk, Pot.CARD, "USD"),
            "accrued": of_party(Kind.ACCRUED, self.provider.pk, Pot.CARD, "USD"),
            "payable": of_party(Kind.PAYABLE, self.provider.pk, Pot.CARD, "USD"),
            "paying": of_party(Kind.PAYING, self.provider.pk, Pot.CARD, "USD"),
            "refunding": of_party(Kind.REFUNDING, self.renter.pk, Pot.CARD, "USD"),
            "claim": of_party(Kind.CLAIM, self.provider.pk, Pot.CARD, "USD"),
            "owed": of_party(Kind.CLAIM, self.renter.pk, Pot.CARD, "USD"),
            "lost": of_party(Kind.WRITTEN_OFF, self.provider.pk, Pot.CARD, "USD"),
            "lost_of_renter": of_party(Kind.WRITTEN_OFF, self.renter.pk, Pot.CARD, "USD"),
            "chargebacks": of_platform(Kind.CHARGEBACKS, Pot.CARD, "USD"),
            "suspense": of_platform(Kind.SUSPENSE, Pot.CARD, "USD"),
            "fees": of_platform(Kind.FEES, Pot.CARD, "USD"),
            "processing": of_platform(Kind.PROCESSING, Pot.CARD, "USD"),
            "bank": of_platform(Kind.BANK, Pot.CARD, "USD"),
        }
        balances = {name: ledger.balance_of(key) for name, key in keys.items()}
        assert sum(balances.values()) == 0
        return {name: balance for name, balance in balances.items() if balance}


def post_notice(event: dict, *, secret: str | None = None, at: int | None = None) -> Any:
    """The notice arrives at the webhook's door, signed."""
    payload = json.dumps(event)
    header = signature(secret or settings.STRIPE_WEBHOOK_SECRET, at or int(clock.now().timestamp()), payload)
    return Client().post("/webhooks/stripe", payload, "application/json", headers={"Stripe-Signature": header})


def build_scene(ring: Callable[[], Doorbell]) -> Scene:
    """Two parties without money."""
    renter = Party.objects.create(kind="entity", name="Lion City Labs Pte Ltd", country="SG")
    provider = Party.objects.create(kind="entity", name="Brisbane Compute Pty Ltd", country="AU")
    return Scene(renter, provider, ring())
