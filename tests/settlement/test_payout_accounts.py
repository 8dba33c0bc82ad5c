"""Providers' connected accounts stand as the card network says, whatever notice is lost, late or out of order."""

import pytest

from compliance.models import AuditEvent
from settlement import tasks
from settlement.models import PaymentProfile
from settlement.rails import card as card_rail
from settlement.rails.card import CardRail
from settlement.services import inbox, payout_accounts, profiles
from tests.settlement.scene import TESTER, Scene
from tests.settlement.test_ledger import race


@pytest.fixture
def account(card: Scene, monkeypatch) -> str:
    """A provider's account that was made, and of which no notice ever arrives."""
    monkeypatch.setattr(card_rail, "_rail", lambda key, base: CardRail(key, base=base, retries=0))
    back = "http://localhost/"
    profiles.begin_card_payouts(card.provider.pk, "AU", return_url=back, refresh_url=back, actor=TESTER)
    return PaymentProfile.objects.get(party=card.provider).stripe_account_id


def payable(card: Scene) -> bool:
    return PaymentProfile.objects.get(party=card.provider).payouts_enabled


def events() -> list[str]:
    found = AuditEvent.objects.filter(event__in=("payout_account.opened", "payout_account.closed"))
    return list(found.order_by("pk").values_list("event", flat=True))


def test_an_account_that_takes_money_now_is_found_within_an_hour(card: Scene, account: str, clock):
    assert payout_accounts.read_due_accounts() == 1
    card.control("onboard", account=account)
    assert payout_accounts.read_due_accounts() == 0
    assert not payable(card)
    clock.advance(minutes=61)
    for _ in range(2):
        tasks.read_payout_accounts()
    assert payable(card)
    assert events() == ["payout_account.opened"]


def test_an_account_that_takes_no_money_any_more_is_found_within_a_day(card: Scene, account: str, clock):
    card.control("onboard", account=account)
    payout_accounts.read_due_accounts()
    card.control("restrict", account=account)
    clock.advance(hours=23)
    assert payout_accounts.read_due_accounts() == 0
    assert payable(card)
    clock.advance(hours=2)
    assert payout_accounts.read_due_accounts() == 1
    assert not payable(card)


def test_a_notice_that_overtook_a_newer_one_is_put_right_by_the_next_sweep(card: Scene, account: str, clock):
    card.control("onboard", account=account)
    card.control("restrict", account=account)
    opened, closed = card.notices("account.updated")
    inbox.store(closed)
    inbox.store(opened)
    assert payable(card)
    clock.advance(seconds=1)
    assert payout_accounts.read_due_accounts() == 1
    assert not payable(card)


def test_an_account_that_is_gone_takes_no_money(card: Scene, account: str):
    PaymentProfile.objects.update(stripe_account_id="acct_closed", payouts_enabled=True)
    assert payout_accounts.read_due_accounts() == 1
    assert not payable(card)


@pytest.mark.parametrize("mode", ["500", "timeout_after_work"])
def test_a_network_that_does_not_answer_changes_nothing_and_is_asked_again(card: Scene, account: str, mode: str):
    card.control("onboard", account=account)
    PaymentProfile.objects.update(payouts_enabled=True)
    card.control("fail", path="/v1/accounts", times=1, mode=mode)
    assert payout_accounts.read_due_accounts() == 0
    assert payable(card)
    assert payout_accounts.read_due_accounts() == 1


def test_many_sweeps_at_once_are_one(card: Scene, account: str):
    card.control("onboard", account=account)
    race(3, lambda number: payout_accounts.read_due_accounts())
    assert payable(card)
    assert events() == ["payout_account.opened"]


def test_parties_without_an_account_are_not_asked_about(card: Scene):
    profiles.profile_of(card.renter.pk)
    assert payout_accounts.read_due_accounts() == 0
