"""Data reach the provider that keeps the wallet before the money does: by protocol, whatever it does, or by hand."""

import json
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from compliance.base.audit import AuditEvent
from compliance.base.clock import ManualClock
from compliance.base.errors import Conflict, Forbidden, IllegalTransition, InvalidInput
from compliance.base.outside import NetworkInTransaction
from compliance.models import Case, HostedWallet, Party, TravelCounterparty, TravelDelivery, TravelRecord
from compliance.selectors.travel import is_awaited, records, state_of
from compliance.services import travel, travel_alarms, travel_counterparties, travel_delivery
from compliance.services.officers import FourEyesRequired
from compliance.services.signing import signing_key
from compliance.sources.travel_rule import Inquiry, TransportRefused, TransportUnavailable, TrpTransport
from settlement.models import Payout
from settlement.services import payout_deeds, payouts, travel_data
from tests.factories import counterparty as misdeeds
from tests.factories.compliance import OFFICER, RENTER_OWNER, SECOND_OFFICER
from tests.factories.counterparty import ENDPOINT, HOST, LATER, REJECTED, Counterparty, counterparty
from tests.settlement.scene import TESTER, Scene, clear
from tests.settlement.test_travel_data import CONTRACT, WALLET, hold_of, known, payout_of

__all__ = ["counterparty"]
State = TravelDelivery.State


@pytest.fixture
def harbour(money: Scene, clock: ManualClock, settings) -> TravelCounterparty:
    """A confirmed provider that keeps the wallet of tests."""
    settings.GRIDCLEAR_TRAVEL_ASSETS = {"USDC": {"dti": "TEST00001", "decimals": 6}}
    row = travel_counterparties.register("Harbour Exchange", "DE", "5299000J2N45DDNE4Y28", ENDPOINT, actor=OFFICER)
    travel_counterparties.confirm(row.pk, actor=SECOND_OFFICER)
    travel_counterparties.keeps_wallet(row.pk, WALLET.lower(), actor=OFFICER)
    Party.objects.filter(pk=money.provider.pk).update(address="2 Quay", registration_number="ACN 1")
    return row


@pytest.fixture
def payout(harbour: TravelCounterparty, money: Scene) -> Payout:
    """Ten dollars on their way to the wallet that Harbour Exchange keeps."""
    return Payout.objects.get(pk=payout_of(money, 10).id)


def record_of(payout: Payout) -> TravelRecord:
    return records().get(subject_id=payout.pk)


def deliver(clock: ManualClock, times: int = 1) -> str:
    """What stands after so many rounds, an hour apart."""
    for number in range(times):
        clock.advance(hours=1 if number else 0)
        travel_delivery.deliver(actor=TESTER)
    return TravelDelivery.objects.get().state


def alarmed() -> int:
    """How many records have a case now that had none for what they lack."""
    return travel_alarms.alarm_undelivered(actor=TESTER)


def undelivered() -> list[Case]:
    """The cases about data that were not passed on."""
    alarmed()
    return list(Case.objects.filter(reason_codes=["TRAVEL_DATA_NOT_PASSED"]).order_by("number"))


def test_what_failed_once_more_is_a_case_once_more(payout: Payout, counterparty, clock):
    counterparty.plan = [misdeeds.redirects_inside] * 2
    assert deliver(clock) == State.GIVEN_UP
    (first,) = undelivered()
    clock.advance(minutes=5)
    travel_delivery.ask_again(record_of(payout).pk, actor=OFFICER)
    assert alarmed() == 0, "it is on its way again"
    assert deliver(clock) == State.GIVEN_UP
    assert [case.pk for case in undelivered()][:1] == [first.pk]
    assert len(undelivered()) == 2
    travel.mark_passed(record_of(payout).pk, "Harbour Exchange", "by hand", actor=OFFICER)
    assert alarmed() == 0


def test_a_payout_waits_until_the_provider_has_the_data(payout: Payout, counterparty: Counterparty, clock: ManualClock):
    record = record_of(payout)
    assert (record.must_hold, record.counterparty.name, state_of(record)) == (True, "Harbour Exchange", "waiting")
    assert payouts.begin_sending(payout.pk, clearance=None, actor=TESTER) is False
    assert payout_deeds.deliver_payouts() == 0
    assert deliver(clock) == State.APPROVED
    (said,) = counterparty.inquiries.values()
    assert (said["amount"], said["asset"]) == (10.0, {"dti": "TEST00001"})
    person = said["IVMS101"]["beneficiary"]["beneficiaryPerson"][0]["legalPerson"]
    assert person["name"]["nameIdentifier"][0]["legalPersonName"] == payout.party.name
    assert (state_of(record_of(payout)), record_of(payout).passed_to) == ("passed", "Harbour Exchange")
    assert payouts.begin_sending(payout.pk, clearance=None, actor=TESTER) is True


def test_the_request_is_signed_and_goes_to_the_address_that_was_checked(payout: Payout, counterparty, clock):
    deliver(clock)
    (asked,) = counterparty.asked
    assert (asked.url.host, asked.headers["host"]) == ("93.184.215.14", HOST)
    assert asked.headers["api-version"] == "3.2.1"
    assert not misdeeds.has_bad_signature(asked)
    shown = AuditEvent.objects.filter(event="personal_data.shown")
    assert shown.exists()
    assert payout.party.name not in json.dumps(list(AuditEvent.objects.values_list("data", flat=True)))


@pytest.mark.parametrize("misdeed", ["fails", "talks_nonsense", "says_both", "talks_without_end"])
def test_what_may_pass_is_asked_again_under_the_same_name(payout: Payout, counterparty, clock, misdeed: str):
    counterparty.plan = [getattr(misdeeds, misdeed)] * 2
    assert deliver(clock) == State.WAITING
    assert is_awaited(payout.pk)
    assert travel_delivery.deliver(actor=TESTER) == 0, "not before its time"
    assert deliver(clock, times=3) == State.APPROVED
    assert len({asked.headers["request-identifier"] for asked in counterparty.asked}) == 1
    assert len({asked.content for asked in counterparty.asked}) == 1


def test_an_answer_that_was_lost_after_the_deed_does_it_once(payout: Payout, counterparty, clock):
    counterparty.plan = [counterparty.times_out_after_doing_it]
    assert deliver(clock) == State.WAITING
    assert TravelDelivery.objects.get().last_error == "http_readtimeout"
    assert deliver(clock, times=2) == State.APPROVED
    assert len(counterparty.inquiries) == 1


def test_a_redirect_into_a_private_network_is_not_followed(payout: Payout, counterparty, clock):
    counterparty.plan = [misdeeds.redirects_inside]
    assert deliver(clock) == State.GIVEN_UP
    assert [asked.url.host for asked in counterparty.asked] == ["93.184.215.14"]
    assert state_of(record_of(payout)) == "failed"
    (case,) = undelivered()
    assert (case.priority, case.subject_id) == (Case.Priority.URGENT, record_of(payout).pk)
    assert case.state_deadline_at == clock.now() + timedelta(hours=4)
    assert case.summary.startswith("Data about a payout have not reached Harbour Exchange: not delivered (")
    assert WALLET not in case.summary
    assert payout.party.name not in case.summary
    assert alarmed() == 0, "asked about once"
    travel_delivery.ask_again(record_of(payout).pk, actor=OFFICER)
    assert deliver(clock) == State.APPROVED


@pytest.mark.parametrize(
    "endpoint",
    ["http://trp.harbour.example/x", "https://u:p@trp.harbour.example/", "https://trp.harbour.example:8443/"],
)
def test_an_unfit_endpoint_is_never_asked(counterparty: Counterparty, db, endpoint: str):
    transport = TrpTransport(signing_key().private, "k")
    with pytest.raises(TransportRefused):
        transport.send(Inquiry("i", endpoint, {}, 1.0, "", {}), created=1)
    with pytest.raises(TransportUnavailable, match="not_public"):
        transport.send(Inquiry("i", "https://inside.example/", {}, 1.0, "", {}), created=1)
    with pytest.raises(NetworkInTransaction), transaction.atomic():
        transport.send(Inquiry("i", ENDPOINT, {}, 1.0, "", {}), created=1)
    assert counterparty.asked == []


def test_what_they_reject_and_what_they_never_answer_ends_with_an_officer(payout: Payout, counterparty, clock):
    counterparty.says = REJECTED
    assert deliver(clock) == State.REJECTED
    assert is_awaited(payout.pk)
    assert [case.reason_codes for case in undelivered()] == [["TRAVEL_DATA_NOT_PASSED"]]
    with pytest.raises(IllegalTransition):
        travel_delivery.ask_again(record_of(payout).pk, actor=OFFICER)
    travel.mark_passed(record_of(payout).pk, "Harbour Exchange", "e-mail of 25 November", actor=OFFICER)
    assert TravelDelivery.objects.get().state == State.BY_HAND
    assert not is_awaited(payout.pk)


def test_their_word_may_come_later_and_only_from_who_was_asked(payout: Payout, counterparty, clock, client):
    counterparty.says = LATER
    assert deliver(clock) == State.ANSWERED
    delivery = TravelDelivery.objects.get()
    (said,) = counterparty.inquiries.values()
    address = said["callback"].partition("/webhooks")[2]
    post = lambda path, body: client.post(f"/webhooks{path}", body, "application/json").status_code  # noqa: E731
    assert post(f"/trp/{delivery.pk}/{'0' * 64}", misdeeds.APPROVED) == 404
    assert post(address, "nonsense") == 422
    assert post(address, LATER) == 409
    assert is_awaited(payout.pk)
    assert [post(address, misdeeds.APPROVED) for _ in range(2)] == [204, 204]
    assert post(address, REJECTED) == 409
    assert not is_awaited(payout.pk)


def test_who_never_answers_is_given_up_and_the_money_is_payable_again(payout: Payout, counterparty, clock):
    counterparty.plan = [misdeeds.fails] * 40
    assert deliver(clock, times=26) == State.GIVEN_UP
    assert TravelDelivery.objects.get().last_error == "no_answer"
    assert alarmed() == 1
    clock.advance(days=7)
    payout_deeds.deliver_payouts()
    payout.refresh_from_db()
    assert (payout.state, payout.failure_code) == (Payout.State.FAILED, "travel_data_not_passed")


def test_a_clearance_that_lapsed_meanwhile_is_asked_for_anew(payout: Payout, money: Scene, clock: ManualClock):
    clock.advance(hours=2)
    assert payouts.stopped_payouts() == []
    travel.mark_passed(record_of(payout).pk, "Harbour Exchange", "7", actor=OFFICER)
    payout_deeds.send_payout(payout.pk)
    payout.refresh_from_db()
    assert payout.state == Payout.State.PENDING, "it neither left nor failed"
    assert [plan.payout_id for plan in payouts.stopped_payouts()] == [payout.pk]
    fresh = clear("payout", payout.pk, renter=None, provider=money.provider)
    assert payouts.begin_sending(payout.pk, clearance=fresh, actor=TESTER) is True


def test_a_deposit_waits_for_the_data_of_who_keeps_the_wallet(harbour, money: Scene, counterparty, clock):
    known(money)
    hold = hold_of(money, 10)
    for _ in range(2):
        with pytest.raises(travel.TravelDataAwaited, match="Nothing was moved"):
            travel_data.collect_for_deposit(hold, CONTRACT, actor=TESTER)
    record = records().get(subject_id=hold.pk)
    assert travel_delivery.deliver(actor=TESTER) == 0, "theirs to send, not ours"
    clock.advance(hours=23, minutes=59)
    assert undelivered() == []
    clock.advance(minutes=1)
    (case,) = undelivered()
    assert "have not come from Harbour Exchange: not within the stated time. The money waits" in case.summary
    travel.mark_passed(record.pk, "Harbour Exchange", "their 4711", actor=OFFICER)
    travel_data.collect_for_deposit(hold, CONTRACT, actor=TESTER)


def test_nothing_is_sent_before_another_officer_confirmed_the_provider(money: Scene, counterparty, clock, settings):
    settings.GRIDCLEAR_TRAVEL_ASSETS = {"USDC": {"dti": "TEST00001", "decimals": 6}}
    row = travel_counterparties.register("Harbour Exchange", "DE", "", ENDPOINT, actor=OFFICER)
    travel_counterparties.keeps_wallet(row.pk, WALLET, actor=OFFICER)
    payout = payout_of(money, 10)
    assert (travel_delivery.deliver(actor=TESTER), is_awaited(payout.id)) == (0, True)
    with pytest.raises(FourEyesRequired):
        travel_counterparties.confirm(row.pk, actor=OFFICER)
    travel_counterparties.confirm(row.pk, actor=SECOND_OFFICER)
    assert deliver(clock) == State.APPROVED
    with pytest.raises(IntegrityError), transaction.atomic():
        TravelCounterparty.objects.filter(pk=row.pk).update(confirmed_by=row.registered_by)


def test_an_asset_without_a_name_is_passed_on_by_hand(payout: Payout, counterparty, clock, settings):
    settings.GRIDCLEAR_TRAVEL_ASSETS = {}
    assert deliver(clock) == State.GIVEN_UP
    assert (TravelDelivery.objects.get().last_error, counterparty.asked) == ("asset_not_configured", [])


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("name", ("", "DE", "", "")),
        ("country", ("A", "Germany", "", "")),
        ("lei", ("A", "DE", "123", "")),
        ("endpoint", ("A", "DE", "", "http://plain.example/")),
        ("endpoint", ("A", "DE", "", "https://u@trp.example/")),
        ("endpoint", ("A", "DE", "", "https://trp.example:99999/")),
    ],
)
def test_a_provider_with_values_that_do_not_fit_is_not_registered(db, field: str, values: tuple[str, ...]):
    with pytest.raises(InvalidInput) as refused:
        travel_counterparties.register(*values, actor=OFFICER)
    assert list(refused.value.extra["errors"]) == [field]
    with pytest.raises(Forbidden):
        travel_counterparties.register("A", "DE", "", "", actor=RENTER_OWNER)


def test_a_wallet_is_kept_by_one_provider(harbour: TravelCounterparty):
    with pytest.raises(Conflict):
        travel_counterparties.keeps_wallet(harbour.pk, WALLET, actor=OFFICER)
    with pytest.raises(InvalidInput):
        travel_counterparties.keeps_wallet(harbour.pk, "0x12", actor=OFFICER)
    assert HostedWallet.objects.count() == 1


def test_a_worker_that_died_with_a_job_leaves_it_to_the_next(payout: Payout, counterparty, clock):
    (taken,) = travel_delivery._take(5)
    assert (travel_delivery.deliver(actor=TESTER), taken.state) == (0, State.WAITING)
    clock.advance(minutes=2)
    assert deliver(clock) == State.APPROVED


def test_an_erased_partys_record_can_be_blanked_and_nothing_else(payout: Payout, clock):
    row = record_of(payout)
    blank = "UPDATE compliance_travelrecord SET wallet = '', sealed = '{}'"
    with pytest.raises(IntegrityError), transaction.atomic():
        connection.cursor().execute(blank)
    Party.objects.filter(pk=row.party_id).update(erased_at=clock.now() - timedelta(seconds=1))
    with pytest.raises(IntegrityError), transaction.atomic():
        connection.cursor().execute(f"{blank}, amount_minor = 1")
    connection.cursor().execute(blank)
    assert record_of(payout).wallet == ""
