"""Holds, payouts, disputes and blocked property as a person with a pencil keeps them: no database, no services."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

FEE_BPS = 500
LIVING = ("open", "released")
RENTER, PROVIDER = "renter", "provider"
# Where what a party has free lies, and where it lies when it is blocked.
FREE = {RENTER: "available", PROVIDER: "payable"}
BLOCKED = {RENTER: "blocked", PROVIDER: "provider_blocked"}
POTS = ("card", "escrow")


@dataclass
class Model:
    """One hold."""

    id: UUID
    subject_id: UUID
    rail: str
    amount: int
    expires_at: datetime
    cleared_until: datetime
    state: str = "opening"
    funded: bool = False
    captured: int = 0
    final: int = 0
    collected: int = 0
    lines: set[int] = field(default_factory=set)
    # A deposit in the contract: what became of it when its hold came to nothing, or beside its settlement.
    returned: bool = False
    stranded: bool = False
    seized: bool = False
    disputed: int = 0
    won: bool = False

    @property
    def pot(self) -> str:
        return "escrow" if self.rail == "escrow" else "card"

    @property
    def total(self) -> int:
        return self.collected if self.rail == "escrow" else self.final

    @property
    def fee(self) -> int:
        return self.total * FEE_BPS // 10_000

    @property
    def stands(self) -> bool:
        """Whether its deposit came to nothing and lies in the contract still."""
        failed = self.state == "failed" and self.rail == "escrow" and self.funded
        return failed and not self.returned and not self.seized

    def use(self, sequence: int, total: int, now: datetime) -> None:
        reserved = self.state in LIVING and now < self.expires_at + timedelta(days=2)
        total = min(total, self.amount)
        if reserved and sequence not in self.lines and total > self.captured:
            self.lines.add(sequence)
            self.captured = total

    def settle(self, total: int, credit: int = 0) -> None:
        total = min(total, self.amount)
        self.final = total - min(credit, total)
        self.state = "settling"
        if self.rail == "balance":
            self.finish(self.final)

    def finish(self, collected: int) -> None:
        self.state, self.collected = "settled", collected

    def close(self, settled: int) -> None:
        """The contract ended the lease at that total, whatever was thought of it here."""
        if self.stands:
            self.returned, self.stranded = True, False
        elif self.state == "settling":
            self.finish(settled)
        elif self.state in (*LIVING, "frozen"):
            self.final = settled
            self.finish(settled)

    def seize(self, settled: int) -> None:
        """What was not earned is blocked property for good."""
        if self.state == "settling":
            self.finish(settled)
        elif self.state != "failed":
            self.state, self.final, self.collected = "failed", settled, settled
        self.seized, self.stranded = True, False

    def books(self) -> dict[str, int]:
        """What this hold adds to the balances of its pot; empty accounts left out by the reader."""
        used = self.captured if self.state in LIVING else self.final if self.state == "settling" else 0
        found = {"accrued": used}
        if self.state == "settled" or self.seized:
            found |= {"payable": self.total - self.fee, "fees": self.fee}
        if self.rail == "card":
            found["uncollected"] = -used
            if self.state == "settled":
                found |= {"clearing": -self.collected, "renter_claim": self.collected - self.final}
            return found
        if self.funded:
            found |= self._money(used)
            found |= {"clearing": -self.amount} if self.rail == "escrow" else {"clearing": 0}
        return found

    def _money(self, used: int) -> dict[str, int]:
        """Where the renter's side of it lies. Prepaid money came out of what is available."""
        rest = self.amount - self.total
        blocked = rest if self.seized else self.amount if self.state == "frozen" or self.stranded else 0
        held = self.amount - used if self.state in (*LIVING, "settling") else 0
        if self.stands and not self.stranded:
            held = self.amount
        kept = rest if self.state == "settled" and not self.seized else 0
        if self.state == "failed" and (self.rail == "balance" or self.returned):
            kept = self.amount
        spent = self.amount if self.rail == "balance" else 0
        return {"held": held, "blocked": blocked, "available": kept - spent}


@dataclass
class PayoutModel:
    """One payout."""

    id: UUID
    pot: str
    amount: int
    cleared_until: datetime
    state: str = "pending"


@dataclass
class Pencil:
    """Everything: what the holds add up to, and what was moved beside them."""

    credit: int = 0
    holds: list[Model] = field(default_factory=list)
    payouts: list[PayoutModel] = field(default_factory=list)
    restricted: set[str] = field(default_factory=set)
    moved: "Counter[tuple[str, str]]" = field(default_factory=Counter)
    property: "Counter[tuple[str, str]]" = field(default_factory=Counter)

    def books(self) -> dict[str, dict[str, int]]:
        """Every balance that is not zero, by pot and name."""
        found: dict[str, Counter[str]] = {"card": Counter(available=self.credit, clearing=-self.credit)}
        found["escrow"] = Counter()
        for hold in self.holds:
            for name, amount in hold.books().items():
                found[hold.pot][name] += amount
        for (pot, name), amount in self.moved.items():
            found[pot][name] += amount
        return {pot: {name: amount for name, amount in names.items() if amount} for pot, names in found.items()}

    def balance(self, pot: str, name: str) -> int:
        return self.books()[pot].get(name, 0)

    def move(self, pot: str, source: str, destination: str, amount: int) -> None:
        self.moved[pot, source] -= amount
        self.moved[pot, destination] += amount

    # -- blocked property ----------------------------------------------------------------------------------

    def block(self, who: str) -> None:
        """What the party has free, and its deposits that stand, are blocked."""
        for pot in POTS:
            amount = self.balance(pot, FREE[who])
            self.move(pot, FREE[who], BLOCKED[who], amount)
            self.property[who, pot] += amount
        for hold in self.holds:
            hold.stranded |= who == RENTER and hold.stands

    def let_go(self, who: str) -> None:
        """And go back to where they came from."""
        for pot in POTS:
            self.move(pot, BLOCKED[who], FREE[who], self.property.pop((who, pot), 0))
        for hold in self.holds:
            hold.stranded &= who != RENTER

    # -- payouts and debts ---------------------------------------------------------------------------------

    def payable_now(self, pot: str) -> int:
        """What may be paid out: not what is owed, and one payout at a time."""
        if any(each.pot == pot and each.state in ("pending", "sending") for each in self.payouts):
            return 0
        return max(0, self.balance(pot, "payable") + self.balance(pot, "claim"))

    def request(self, payout: PayoutModel) -> None:
        if payout.pot == "card":
            self.pay_off()
        self.move(payout.pot, "payable", "paying", payout.amount)
        self.payouts.append(payout)

    def freeze(self, payout: PayoutModel) -> None:
        """No rail was told of it yet."""
        untold = payout.state == "pending" or (payout.pot == "escrow" and payout.state == "sending")
        if untold:
            payout.state = "frozen"
            self.move(payout.pot, "paying", BLOCKED[PROVIDER], payout.amount)

    def resume(self, payout: PayoutModel) -> None:
        if payout.state == "frozen":
            self.move(payout.pot, BLOCKED[PROVIDER], "paying", payout.amount)
        payout.state = "sending"

    def end(self, payout: PayoutModel, state: str) -> None:
        lies_in = BLOCKED[PROVIDER] if payout.state == "frozen" else "paying"
        self.move(payout.pot, lies_in, "clearing" if state == "sent" else "payable", payout.amount)
        payout.state = state

    def pay_off(self) -> None:
        """What the provider owes is paid from what it earned, unless that is blocked or about to be."""
        if PROVIDER not in self.restricted:
            owed = -self.balance("card", "claim")
            self.move("card", "payable", "claim", min(owed, max(0, self.balance("card", "payable"))))

    def owed(self) -> int:
        """What the renter's cards did not yield, and its prepaid money has not paid."""
        return -self.balance("card", "renter_claim")

    def fall_short(self) -> None:
        """The renter pays what its card did not yield from what it has, unless that is blocked or about to be."""
        if RENTER not in self.restricted:
            self.move("card", "available", "renter_claim", min(self.owed(), max(0, self.balance("card", "available"))))

    # -- disputes ------------------------------------------------------------------------------------------

    def dispute(self, hold: Model, amount: int, *, paid_off: bool = True) -> None:
        """The bank took the amount: each side bears what it had of it."""
        hold.disputed = amount
        self.move("card", "claim", "clearing", self._providers(hold))
        self.move("card", "chargebacks", "clearing", amount - self._providers(hold))
        if self._providers(hold) and paid_off:
            self.pay_off()

    def win(self, hold: Model) -> None:
        """It came back: a debt first."""
        hold.won = True
        part = self._providers(hold)
        debt = min(part, -self.balance("card", "claim"))
        self.move("card", "clearing", "claim", debt)
        self.move("card", "clearing", "payable", part - debt)
        self.move("card", "clearing", "chargebacks", hold.disputed - part)
        if part:
            self.pay_off()

    def _providers(self, hold: Model) -> int:
        return hold.disputed * (hold.total - hold.fee) // hold.total
