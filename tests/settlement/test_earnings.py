"""A provider's earnings statement: every line has its place, and it closes at what the ledger says."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from compliance.base import clock as clocks
from settlement.models import EscrowDeposit, Hold
from settlement.selectors.earnings import earnings, earnings_lines
from settlement.services import chain_deposits, hold_money, hold_states, holds, ledger
from settlement.services.accounts import Kind, Pot, clearing, of_party
from settlement.services.ledger import Line
from tests.settlement.scene import TESTER, Scene
from tests.settlement.test_refunds import give


def use(scene: Scene, seconds: int, credit: int = 0) -> None:
    """A lease of so many seconds was settled, at five dollars an hour."""
    ref = scene.open_hold(5_000)
    told = holds.Credit(credit, "provider_lost") if credit else holds.NO_CREDIT
    total = 500 * seconds // 3600
    holds.settle_hold(ref.id, total, TESTER, billed_seconds=seconds, description="1 x H100", credit=told)
    scene.doorbell.ring()


def deposited(scene: Scene, amount: int) -> Hold:
    """A hold whose deposit the contract has."""
    ref = scene.open_hold(amount, rail="escrow", currency="USDC", wallet="0xabc")
    hold = Hold.objects.get(pk=ref.id)
    deposit = EscrowDeposit.objects.create(
        hold=hold, chain_id=1, contract="0xc", token="0xd", lease_key=str(hold.pk), payer="0xa", payee="0xb",
        typed_data={}, signature="0x",
    )  # fmt: skip
    held = of_party(Kind.HELD, hold.party_id, Pot.ESCROW, "USDC")
    ledger.post(uuid4(), "chain.deposited", [Line(clearing(Pot.ESCROW, "USDC"), -amount), Line(held, amount)])
    with transaction.atomic():
        hold_states.locked_hold(hold.pk)
        assert chain_deposits.confirm_deposit(deposit, amount, "0xe")
    return hold


def charge_on_chain(hold: Hold, total: int) -> None:
    """The contract has charged so much of the running lease, as the indexer books it."""
    with transaction.atomic():
        locked = hold_states.locked_hold(hold.pk)
        lines = [*hold_money.earnings(locked, total), *hold_money.charge(locked, total - locked.charged_minor)]
        ledger.post(uuid4(), "chain.settled", lines, subject_id=hold.subject_id)


def charge_back(scene: Scene, amount: int) -> None:
    """The bank took so much, and the provider owes it; what it has pays for it at once."""
    claim = of_party(Kind.CLAIM, scene.provider.pk, Pot.CARD, "USD")
    payable = of_party(Kind.PAYABLE, scene.provider.pk, Pot.CARD, "USD")
    lines = [Line(clearing(Pot.CARD, "USD"), amount), Line(claim, -amount)]
    ledger.post(uuid4(), "dispute.withdrawn", lines, subject_id=uuid4())
    ledger.post(uuid4(), "claim.paid_off", [Line(payable, -amount), Line(claim, amount)])


@pytest.fixture
def span(clock):
    """From a minute ago to a day ahead, in the card pot."""
    now = clocks.now()
    return {"pot": "card", "currency": "USD", "since": now - timedelta(minutes=1), "until": now + timedelta(days=1)}


def test_every_figure_and_the_closing_are_the_ledgers(money: Scene, clock, span):
    money.credit(100_000)
    use(money, 3_600)
    clock.advance(seconds=1)
    use(money, 1_800, credit=25)
    clock.advance(seconds=1)
    charge_back(money, 100)
    with CaptureQueriesContext(connection) as few:
        found = earnings(money.provider.pk, **span)
    assert len(few) <= 6
    assert (found.leases, found.seconds, found.gross_minor, found.credits_minor) == (2, 5_400, 750, 25)
    # 5 % of 500 and of 225, each rounded down.
    assert (found.fees_minor, found.earned_minor) == (25 + 11, 750 - 25 - 36)
    assert (found.opening_minor, found.chargebacks_minor, found.other_minor) == (0, -100, 0)
    assert found.closing_minor == 689 - 100 == money.books()["payable"]
    lines = list(earnings_lines(money.provider.pk, **span))
    assert [line.words for line in lines] == ["Lease", "Lease", "Chargeback"]
    assert sum(line.amount_minor for line in lines) == found.closing_minor


def test_refunds_have_a_line_of_their_own(money: Scene, clock, span):
    money.credit(100_000)
    ref = money.open_hold(1_000)
    holds.settle_hold(ref.id, 1_000, TESTER)
    clock.advance(seconds=1)
    give(money, ref.subject_id, 100)
    found = earnings(money.provider.pk, **span)
    assert (found.earned_minor, found.refunds_minor, found.other_minor) == (950, -95, 0)
    assert found.closing_minor == 855 == found.opening_minor + found.earned_minor + found.refunds_minor
    assert [line.words for line in earnings_lines(money.provider.pk, **span)] == ["Lease", "Refund to the renter"]


def test_a_lease_of_which_all_was_charged_before_its_end_is_counted_at_its_end(money: Scene, clock, span):
    hold = deposited(money, 1_000_000)
    holds.capture(hold.pk, 400_000, 1)
    charge_on_chain(hold, 400_000)
    clock.advance(seconds=1)
    holds.settle_hold(hold.pk, 400_000, TESTER, billed_seconds=2_880)
    hold_states.finish_by_id(hold.pk, collected_minor=400_000, actor=TESTER)
    escrow = span | {"pot": "escrow", "currency": "USDC"}
    found = earnings(money.provider.pk, **escrow)
    assert (found.leases, found.seconds, found.gross_minor, found.fees_minor) == (1, 2_880, 400_000, 20_000)
    assert found.earned_minor == found.closing_minor == 380_000
    lines = [(line.words, line.seconds, line.amount_minor) for line in earnings_lines(money.provider.pk, **escrow)]
    assert lines == [("Lease, as far as it was charged", None, 380_000), ("Lease", 2_880, 0)]
    for others in (span, escrow | {"until": span["since"]}):
        assert earnings(money.provider.pk, **others).leases == 0
    assert earnings(money.renter.pk, **escrow).leases == 0


def test_a_lease_whose_end_brought_something_is_counted_once(money: Scene, span):
    hold = deposited(money, 1_000_000)
    holds.capture(hold.pk, 400_000, 1)
    charge_on_chain(hold, 300_000)
    holds.settle_hold(hold.pk, 400_000, TESTER, billed_seconds=2_880)
    hold_states.finish_by_id(hold.pk, collected_minor=400_000, actor=TESTER)
    found = earnings(money.provider.pk, **span | {"pot": "escrow", "currency": "USDC"})
    assert (found.leases, found.seconds, found.gross_minor) == (1, 2_880, 400_000)


def test_periods_follow_each_other_without_a_gap(money: Scene, clock, span):
    money.credit(100_000)
    use(money, 3_600)
    middle = clock.advance(seconds=60)
    use(money, 7_200)
    first = earnings(money.provider.pk, **span | {"until": middle})
    second = earnings(money.provider.pk, **span | {"since": middle})
    whole = earnings(money.provider.pk, **span)
    assert (first.closing_minor, second.opening_minor) == (475, 475)
    assert (second.leases, second.closing_minor) == (1, whole.closing_minor)
    assert whole.earned_minor == first.earned_minor + second.earned_minor


def test_another_party_has_earned_nothing(money: Scene, span):
    money.credit(100_000)
    use(money, 3_600)
    found = earnings(money.renter.pk, **span)
    assert (found.leases, found.earned_minor, found.closing_minor) == (0, 0, 0)
    assert list(earnings_lines(money.renter.pk, **span)) == []
