"""A house that is restored from an old backup: nothing is paid twice, and what cannot be known again is a case."""

import pytest

from compliance.models import Case
from settlement.models import CardPayment, PaymentProfile, Payout, Transfer
from settlement.rails import card as card_rail
from settlement.services import (
    differences,
    hold_sweep,
    holds,
    inbox,
    payout_deeds,
    payout_recovery,
    profiles,
    reconciliation,
)
from settlement.services.books import verify_books
from settlement.services.usage import UsageLine, post_usage
from tests.settlement.scene import TESTER, Scene


@pytest.fixture
def ready(card: Scene, monkeypatch) -> Scene:
    """A provider that can be paid, and is owed 950; a renter with prepaid money."""
    monkeypatch.setattr(card_rail, "_rail", lambda key, base: card_rail.CardRail(key, base=base, retries=0))
    profiles.begin_card_payouts(card.provider.pk, "AU", return_url="http://x/", refresh_url="http://x/", actor=TESTER)
    card.control("onboard", account=PaymentProfile.objects.get(party=card.provider).stripe_account_id)
    profiles.refresh_recipient(card.provider.pk)
    card.top_up(50_000)
    card.doorbell.ring()
    holds.settle_hold(card.open_hold(2_000).id, 1_000, TESTER)
    return card


def settled(card: Scene, hold_id: object, total: int) -> None:
    holds.settle_hold(hold_id, total, TESTER)  # type: ignore[arg-type]
    card.doorbell.ring()


def sent(card: Scene) -> int:
    return sum(row["amount"] for row in card.objects("transfer"))


def test_a_house_from_an_old_backup_pays_nothing_twice(ready: Scene, backup, clock):
    by_card, prepaid = ready.open_hold(1_000, rail="card"), ready.open_hold(2_000)
    ready.doorbell.ring()
    post_usage([UsageLine(prepaid.id, prepaid.subject_id, 1, 500, 60)])
    before = ready.books()
    restore = backup()

    # What the backup does not know: a payout, both leases to their end, a top-up, a lease from beginning to end.
    ready.request_payout()
    ready.doorbell.ring()
    settled(ready, by_card.id, 400)
    settled(ready, prepaid.id, 1_500)
    ready.top_up(3_000, key="later")
    ready.doorbell.ring()
    later = ready.open_hold(600, rail="card")
    ready.doorbell.ring()
    settled(ready, later.id, 600)
    lost = CardPayment.objects.filter(amount_minor__in=(600, 3_000))
    forgotten = set(lost.values_list("charge_id", flat=True))
    assert sent(ready) == 950
    ready.doorbell.lose()

    restore()
    assert ready.books() == before
    assert Payout.objects.count() == 0

    # The network tells everything again, sweeps and workers do what they always do.
    for event in ready.notices():
        inbox.store(event)
    inbox.process_inbox()
    hold_sweep.sweep_holds()
    # The agents still know their totals; of the lease by card a little was lost with the node's last reports.
    settled(ready, by_card.id, 300)
    settled(ready, prepaid.id, 1_500)
    assert CardPayment.objects.get(hold_id=by_card.id).captured_minor == 400
    charged = [row["amount_captured"] for row in ready.objects("charge")]
    assert sorted(charged) == [400, 600, 3_000, 50_000], "no card was charged again"

    payout = ready.request_payout()
    ready.doorbell.ring()
    assert Payout.objects.get(pk=payout.id).failure_code == "earlier_transfer_found"
    assert sent(ready) == 950, "it was not sent again"
    ready.request_payout()
    ready.doorbell.ring()
    assert payout_deeds.deliver_payouts() == 0
    # 950 of the first lease; 95 % of 1,500 and of 300.
    assert sent(ready) == 950 + 1_425 + 285
    found = ready.books()
    assert "payable" not in found
    # 50,000 less the two leases on the balance, and the 100 that the card paid for more than was proven.
    assert found["available"] == 50_000 - 1_000 - 1_500 + 100

    clock.advance(minutes=5)
    run = reconciliation.reconcile_card()
    told = [each.explanation for each in differences.differences_of(run.pk)]
    unknown = {f"charge {charge}: the books know nothing of it" for charge in forgotten}
    assert set(told) == unknown | {"the balance at the card network is another"}
    assert Case.objects.filter(kind=Case.Kind.MONEY_ALARM).count() == len(told) + 1, "and one for the payout"
    report = verify_books()
    assert report.verified, report.faults


def test_an_honest_payout_finds_nothing_forgotten(ready: Scene):
    for _ in range(2):
        ready.request_payout()
        ready.doorbell.ring()
        holds.settle_hold(ready.open_hold(1_000).id, 1_000, TESTER)
    assert set(Payout.objects.values_list("state", flat=True)) == {"sent"}
    assert Case.objects.count() == 0


def test_a_transfer_made_by_hand_stops_no_payout(ready: Scene):
    account = PaymentProfile.objects.get(party=ready.provider).stripe_account_id
    client = card_rail.rail()._client
    client.v1.transfers.create({"amount": 77, "currency": "usd", "destination": account})
    ready.request_payout()
    ready.doorbell.ring()
    assert Payout.objects.get().state == "sent"


def test_every_forgotten_transfer_is_found_on_however_many_pages(ready: Scene, backup, monkeypatch):
    monkeypatch.setattr(card_rail, "PAGE", 1)
    restore = backup()
    for _ in range(3):
        ready.request_payout()
        ready.doorbell.ring()
        settled(ready, ready.open_hold(2_000).id, 1_000)
    assert sent(ready) == 3 * 950
    ready.doorbell.lose()
    restore()
    payout = ready.request_payout()
    ready.doorbell.ring()
    assert Payout.objects.get(pk=payout.id).failure_code == "earlier_transfer_found"
    assert Transfer.objects.filter(kind=payout_recovery.RECOVERED).count() == 3
    assert sent(ready) == 3 * 950, "none was sent again"
