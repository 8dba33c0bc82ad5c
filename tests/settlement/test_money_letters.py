"""Renters have one letter of each refund made, arrived or failed, and of what their cards did not pay."""

import smtplib

import pytest

from compliance.base import clock as clocks
from compliance.models import Party
from marketplace import tasks
from marketplace.services import mail
from marketplace.services.money_letters import write_money_letters
from settlement.models import MoneyLetter, Refund
from settlement.services import holds, inbox
from settlement.services.money_letters import tell_of_refund
from tests.factories import marketplace as make
from tests.settlement.scene import TESTER, Scene
from tests.settlement.test_card_shortfalls import lapsed
from tests.settlement.test_refunds import give

OWNER = "ann@lion.example"


@pytest.fixture
def house(card: Scene) -> Scene:
    """The scene, whose renter is an organization with an owner who has an address."""
    _, organization = make.organization(OWNER, "Lion {city} Labs", "SG")
    card.renter = organization.party
    card.doorbell.lose()
    return card


def leased(scene: Scene, rail: str) -> str:
    """A settled lease of ten dollars."""
    if rail == "balance":
        scene.credit(1_000)
    ref = scene.open_hold(1_000, rail=rail)
    scene.doorbell.ring()
    holds.settle_hold(ref.id, 1_000, TESTER)
    scene.doorbell.ring()
    return ref.subject_id


def written(mailoutbox: list) -> tuple[str, str]:
    """Subject and body of the one letter that went."""
    assert [write_money_letters() for _ in range(2)] == [1, 0]
    (letter,) = mailoutbox
    assert letter.to == [OWNER]
    mailoutbox.clear()
    return letter.subject, letter.body


def test_a_refund_to_the_balance_is_told_once(house: Scene, mailoutbox):
    lease_id = leased(house, "balance")
    give(house, lease_id, 400, reason="broke_off")
    subject, body = written(mailoutbox)
    assert subject == "A refund of $4.00"
    for words in ("Lion {city} Labs", str(lease_id)[:8], "the provider", "the service broke off", "prepaid balance"):
        assert words in body.replace("The provider", "the provider")


def test_a_refund_to_a_card_is_told_when_it_is_made_when_it_left_and_when_it_came_back(house: Scene, mailoutbox):
    lease_id = leased(house, "card")
    refund_id = give(house, lease_id, 400, given_by="platform").id
    subject, body = written(mailoutbox)
    assert subject == "A refund of $4.00 is on its way"
    assert "platform" in body
    house.doorbell.ring()
    assert written(mailoutbox)[0] == "A refund of $4.00"
    house.control("fail_refund", refund=house.objects("refund")[0]["id"], reason="lost_or_stolen_card")
    for event in house.notices("refund.failed") * 2:
        inbox.store(event)
    subject, body = written(mailoutbox)
    assert subject == "A refund of $4.00 did not arrive"
    assert not any(word in body for word in ("lost", "stolen", str(refund_id)))


def test_news_that_newer_news_overtook_is_not_told(house: Scene, mailoutbox):
    give(house, leased(house, "card"), 400)
    house.doorbell.ring()
    assert written(mailoutbox)[0] == "A refund of $4.00"
    assert MoneyLetter.objects.filter(sent_at=None).count() == 0


def test_a_letter_that_was_not_taken_is_sent_later(house: Scene, mailoutbox, monkeypatch, clock):
    give(house, leased(house, "balance"), 400)

    def refuse(*_: object) -> None:
        raise smtplib.SMTPServerDisconnected

    with monkeypatch.context() as patch:
        patch.setattr(mail, "send", refuse)
        assert write_money_letters() == 0
    assert write_money_letters() == 0, "another writer may be at it still"
    clock.advance(minutes=10)
    tasks.write_money_letters()
    assert len(mailoutbox) == 1


def test_the_same_news_twice_is_one_letter(house: Scene, mailoutbox):
    give(house, leased(house, "balance"), 400)
    tell_of_refund(Refund.objects.get())
    written(mailoutbox)
    tell_of_refund(Refund.objects.get())
    assert write_money_letters() == 0


def test_what_a_card_did_not_pay_is_told_to_whom_it_stops(house: Scene, mailoutbox):
    hold = lapsed(house, 400)
    subject, body = written(mailoutbox)
    assert subject == "Your card did not pay for a lease: $4.00 are owed"
    assert str(hold.subject_id)[:8] in body


def test_a_debt_that_stops_nothing_or_was_paid_needs_no_letter(house: Scene, mailoutbox):
    lapsed(house, 49)
    assert MoneyLetter.objects.count() == 0
    lapsed(house, 400)
    house.top_up(5_000)
    house.doorbell.ring()
    assert write_money_letters() == 0
    assert mailoutbox == []


def test_nobody_writes_to_the_erased(house: Scene, mailoutbox):
    give(house, leased(house, "balance"), 400)
    Party.objects.filter(pk=house.renter.pk).update(erased_at=clocks.now())
    assert write_money_letters() == 0
