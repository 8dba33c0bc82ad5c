"""What providers earned is paid out, after the gate was asked again."""

import pytest

from compliance.base.actor import system
from compliance.services import restrictions
from marketplace.services import metering, provider_payouts, suspensions, sweeps
from settlement.models import PaymentProfile, Payout
from settlement.selectors.balances import payable_minor
from settlement.selectors.payouts import payouts_of
from settlement.services import payout_deeds, payouts


@pytest.fixture
def earned(cast, clock):
    """Pia's organization has earned 237 cents, and can receive them."""
    agent, offer = cast.supply()
    lease = cast.lease(offer)
    sweeps.sweep_leases()
    agent.sync()
    agent.sync(agent.workload(lease))
    clock.advance(seconds=3600)
    agent.sync(agent.workload(lease, "exited", 3600, exit_code=0))
    metering.settle_ended_leases()
    party_id = cast.brisbane.party_id
    PaymentProfile.objects.create(party_id=party_id, stripe_account_id="acct_1", payouts_enabled=True)
    assert payable_minor(party_id) == 237
    return cast


def test_a_provider_is_paid_once_what_it_earned(earned):
    assert provider_payouts.pay_providers() == 1
    (payout,) = payouts_of(earned.brisbane.party_id)
    assert (payout.amount_minor, payout.currency, payout.pot) == (237, "USD", "card")
    assert payable_minor(earned.brisbane.party_id) == 0
    assert provider_payouts.pay_providers() == 0


def test_a_restricted_provider_is_not_paid_and_not_asked_about_each_round(earned, monkeypatch):
    restrictions.impose(earned.brisbane.party_id, "SANCTIONS_MATCH", actor=system("tests"))
    asked, real = [], provider_payouts.gate.require
    monkeypatch.setattr(provider_payouts.gate, "require", lambda *a, **k: asked.append(1) or real(*a, **k))
    assert provider_payouts.pay_providers() == 0
    assert provider_payouts.pay_providers() == 0
    assert len(asked) == 1
    assert payable_minor(earned.brisbane.party_id) == 237


def test_there_is_nothing_to_pay_out_twice(earned):
    pia = earned.pia
    paid = provider_payouts.pay_out(earned.brisbane, "card", user=pia, actor=pia.as_actor())
    assert paid.amount_minor == 237
    with pytest.raises(provider_payouts.NothingPayable):
        provider_payouts.pay_out(earned.brisbane, "card", user=pia, actor=pia.as_actor())
    with pytest.raises(provider_payouts.NothingPayable):
        provider_payouts.pay_out(earned.brisbane, "jar", user=pia, actor=pia.as_actor())


def test_what_a_rail_refuses_is_tried_again_later_each_time_and_by_its_provider_at_once(earned, clock, monkeypatch):
    """Each question to the gate leaves a Decision for ten years, each payout a request to the rail."""
    asked, real = [], provider_payouts.gate.require
    monkeypatch.setattr(provider_payouts.gate, "require", lambda *a, **k: asked.append(1) or real(*a, **k))

    def refuse(code="account_invalid") -> None:
        paid = Payout.objects.get(state="pending")
        payouts.fail_payout(paid.pk, code, actor=system("tests"))

    assert provider_payouts.pay_providers() == 1
    refuse()
    for seconds in (900, 1_800, 3_600):
        assert provider_payouts.pay_providers() == 0
        clock.advance(seconds=seconds - 1)
        assert provider_payouts.pay_providers() == 0
        clock.advance(seconds=1)
        assert provider_payouts.pay_providers() == 1
        refuse()
    assert len(asked) == 4
    clock.advance(seconds=1)
    provider_payouts.pay_out(earned.brisbane, "card", user=earned.pia, actor=earned.pia.as_actor())
    refuse("entitlement_grew")
    assert provider_payouts.pay_providers() == 1, "another amount is another question"


def test_a_payout_that_waits_is_frozen_and_goes_on_under_a_fresh_clearance(earned, monkeypatch):
    party_id, pia = earned.brisbane.party_id, earned.pia
    paid = provider_payouts.pay_out(earned.brisbane, "card", user=pia, actor=pia.as_actor())
    row = restrictions.impose(party_id, "SANCTIONS_MATCH", actor=system("tests"))
    suspensions.sweep_restrictions()
    assert payouts_of(party_id)[0].state == "frozen"
    assert provider_payouts.pay_providers() == 0
    restrictions.propose_lift(row.pk, "Withdrawn.", actor=earned.olga.as_actor())
    restrictions.lift(row.pk, actor=earned.otto.as_actor())
    # The rail itself is settlement's to prove; what counts here is under which clearance it is asked.
    asked = []
    monkeypatch.setattr(payout_deeds, "send_payout", lambda payout_id, clearance: asked.append((payout_id, clearance)))
    assert provider_payouts.pay_providers() == 1
    ((payout_id, clearance),) = asked
    assert payout_id == paid.id
    assert (clearance.purpose, clearance.subject_id, clearance.revoked_at) == ("payout", paid.id, None)
