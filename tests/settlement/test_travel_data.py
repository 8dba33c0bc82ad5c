"""Deposits and payouts have the data about both ends before money moves; sealed, once, and passed on by an officer."""

import json
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from compliance.base import clock
from compliance.base.audit import AuditEvent
from compliance.base.errors import Conflict, Forbidden, InvalidInput
from compliance.base.sealing import Subject, SubjectErased
from compliance.models import Party, PartyWallet, TravelRecord
from compliance.selectors.travel import incomplete, message_of, to_pass_on
from compliance.services import subject_keys, travel, travel_counterparties
from compliance.services.travel import TravelDataMissing
from settlement.models import Hold, PaymentProfile, Payout
from settlement.selectors.wallets import wallets_in_use
from settlement.services import payouts, travel_data
from settlement.services.accounts import Kind, Pot, clearing, of_party
from settlement.services.ledger import Line, post
from tests.factories.compliance import OFFICER, RENTER_OWNER
from tests.settlement.scene import TESTER, Scene, clear

DOLLAR = 1_000_000
WALLET = "0x52908400098527886E0F7030069857D2E4169EE7"
CONTRACT = "0x8617E340B3D01FA5F11F306F4090FD50E238070D"


def hold_of(money: Scene, dollars: int) -> Hold:
    return money.hold(money.open_hold(dollars * DOLLAR, rail="escrow", currency="USDC", wallet=WALLET))


def known(money: Scene) -> None:
    """All that a rule can ask of the renter."""
    Party.objects.filter(pk=money.renter.pk).update(address="1 Sample Road", registration_number="201912345A")
    PartyWallet.objects.create(party=money.renter, address=WALLET, verified_at=clock.now())


def collect(money: Scene, dollars: int) -> TravelRecord:
    hold = hold_of(money, dollars)
    travel_data.collect_for_deposit(hold, CONTRACT, actor=TESTER)
    return TravelRecord.objects.get(subject_id=hold.pk)


def test_a_deposit_has_its_message_sealed_under_the_keys_of_both(money: Scene):
    known(money)
    row = collect(money, 3_000)
    assert (row.direction, row.wallet_kind, row.missing, row.must_pass_on) == ("deposit", "self_hosted", [], False)
    assert row.applied == ["eu_self_hosted", "eu_self_hosted_above_1000", "us_record"]
    assert money.renter.name not in json.dumps(row.sealed)
    said = message_of(row)
    assert said["originator"]["accountNumber"] == [WALLET]
    assert said["beneficiary"]["accountNumber"] == [CONTRACT]
    person = said["originator"]["originatorPerson"][0]["legalPerson"]
    assert person["name"]["nameIdentifier"][0]["legalPersonName"] == money.renter.name
    assert said["beneficiary"]["beneficiaryPerson"][0]["legalPerson"]["countryOfRegistration"] == "AU"
    subject_keys.destroy(Subject.party(money.provider.pk), actor=OFFICER, reason="erasure")
    with pytest.raises(SubjectErased):
        message_of(row)


def test_a_small_deposit_goes_on_and_says_what_is_missing(money: Scene):
    row = collect(money, 800)
    assert row.missing == ["originator.geographicAddress", "originator.nationalIdentification"]
    assert list(incomplete()) == [row]


@pytest.mark.parametrize("lacks", ["address", "number", "proof"])
def test_a_larger_one_does_not_begin_without_what_it_needs(money: Scene, lacks: str):
    known(money)
    Party.objects.filter(pk=money.renter.pk).update(
        **({"address": ""} if lacks == "address" else {"registration_number": ""} if lacks == "number" else {})
    )
    if lacks == "proof":
        PartyWallet.objects.update(verified_at=None)
    hold = hold_of(money, 826)
    with pytest.raises(TravelDataMissing, match="Nothing was moved"):
        travel_data.collect_for_deposit(hold, CONTRACT, actor=TESTER)
    assert not TravelRecord.objects.exists()


def test_told_again_the_record_stands_as_it_is(money: Scene):
    known(money)
    hold = hold_of(money, 826)
    for _ in range(2):
        travel_data.collect_for_deposit(hold, CONTRACT, actor=TESTER)
    assert TravelRecord.objects.count() == 1
    assert AuditEvent.objects.filter(event="travel.collected").count() == 1


def payout_of(money: Scene, dollars: int) -> payouts.PayoutRef:
    amount = dollars * DOLLAR
    owed = of_party(Kind.PAYABLE, money.provider.pk, Pot.ESCROW, "USDC")
    post(uuid4(), "given", [Line(clearing(Pot.ESCROW, "USDC"), -amount), Line(owed, amount)])
    PaymentProfile.objects.update_or_create(party=money.provider, defaults={"payout_wallet": WALLET})
    plan = payouts.plan_payout(money.provider.pk, "escrow")
    clearance = clear("payout", plan.payout_id, renter=None, provider=money.provider)
    return payouts.request_payout(plan, clearance=clearance, idempotency_key="p", actor=TESTER)


def test_a_payout_names_the_operator_and_the_provider(money: Scene, settings):
    settings.GRIDCLEAR_FILER = {**settings.GRIDCLEAR_FILER, "filer_name": "Compute House Ltd"}
    ref = payout_of(money, 10)
    row = TravelRecord.objects.get(subject_id=ref.id)
    assert (row.direction, row.party, row.wallet) == ("payout", money.provider, WALLET)
    said = message_of(row)
    operator = said["originatingVASP"]["legalPerson"]["name"]["nameIdentifier"][0]
    assert operator["legalPersonName"] == "Compute House Ltd"
    assert said["beneficiary"]["accountNumber"] == [WALLET]


def test_a_larger_payout_needs_a_wallet_that_was_proven_and_moves_nothing_without(money: Scene):
    with pytest.raises(TravelDataMissing, match="proof that the wallet is yours"):
        payout_of(money, 826)
    assert not Payout.objects.exists()
    PartyWallet.objects.create(party=money.provider, address=WALLET, verified_at=clock.now())
    payout_of(money, 826)
    assert Payout.objects.count() == 1


def test_what_goes_to_another_provider_waits_until_an_officer_passed_it_on(money: Scene):
    known(money)
    keeper = travel_counterparties.register("Harbour Exchange", "DE", "5299000J2N45DDNE4Y28", "", actor=OFFICER)
    travel_counterparties.keeps_wallet(keeper.pk, WALLET, actor=OFFICER)
    payout_of(money, 1)
    row = TravelRecord.objects.get()
    assert (row.must_pass_on, row.wallet_kind, list(to_pass_on())) == (True, "casp", [row])
    with pytest.raises(Forbidden):
        travel.show(row.pk, actor=RENTER_OWNER, why="curious")
    said = travel.show(row.pk, actor=OFFICER, why="to pass on")
    assert said["beneficiaryVASP"]["legalPerson"]["nationalIdentification"]["nationalIdentifierType"] == "LEIX"
    assert AuditEvent.objects.filter(event="personal_data.shown").count() == 1
    with pytest.raises(InvalidInput):
        travel.mark_passed(row.pk, "Harbour Exchange", " ", actor=OFFICER)
    travel.mark_passed(row.pk, "Harbour Exchange", "their 4711", actor=OFFICER)
    assert not to_pass_on().exists()
    with pytest.raises(Conflict):
        travel.mark_passed(row.pk, "Another", "1", actor=OFFICER)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE compliance_travelrecord SET missing = '[]'",
        "UPDATE compliance_travelrecord SET sealed = '{}'",
        "UPDATE compliance_travelrecord SET passed_at = now()",
        "DELETE FROM compliance_travelrecord",
    ],
)
def test_raw_sql_rewrites_no_record(money: Scene, sql: str):
    collect(money, 10)
    with pytest.raises(IntegrityError), transaction.atomic():
        connection.cursor().execute(sql)


def test_every_wallet_through_which_money_goes_is_in_use(money: Scene):
    hold = hold_of(money, 10)
    assert wallets_in_use() == {WALLET: money.renter.pk}
    Hold.objects.filter(pk=hold.pk).update(state="failed")
    assert wallets_in_use() == {}
    PaymentProfile.objects.create(party=money.provider, payout_wallet=CONTRACT)
    assert wallets_in_use() == {CONTRACT: money.provider.pk}
