"""Asking for unused money: who may, what the page and the letters say, and that it is done once."""

import uuid

import pytest
from django.core import mail
from django.test import Client

from compliance.models import Decision
from compliance.services import cases, restrictions
from marketplace.services.money_letters import write_money_letters
from settlement.models import Refund
from settlement.rails.card_states import RefundState
from settlement.selectors.balances import available_minor
from settlement.selectors.evidence import money_for_party
from settlement.services import refund_states
from tests.cast import Cast
from tests.factories.disputed import top_up_of
from tests.permissions import answers, clients, covers
from tests.settlement.scene import TESTER

URL, API = "/money/unused", "/api/v1/unused-money"


@pytest.fixture
def prepaid(cast: Cast) -> Cast:
    """Lion City Labs topped up fifty dollars by card, and has a thousand that no card brought."""
    top_up_of(cast.lion.party)
    return cast


def ask(client: Client, amount: str = "20.00", request_id: object = None):
    return client.post(URL, {"amount_minor": amount, "request_id": request_id or uuid.uuid4()})


def told(status: str, code: str = "") -> None:
    """The card network says of the one refund that it took the money, or that it came back."""
    row = Refund.objects.get()
    back = "txn_back" if code else ""
    refund_states.begin_sending(row.pk, actor=TESTER)
    news = RefundState(f"re_{row.pk.hex}", status, row.pk, row.amount_minor, "txn_out", back, code)
    refund_states.apply_refund(news, actor=TESTER)


def test_an_owner_asks_for_what_a_card_brought_and_reads_how_it_stands(prepaid, browse):
    alice, once = browse(prepaid.alice), uuid.uuid4()
    assert f'href="{URL}"' in alice.get("/money").content.decode()
    page = alice.get(URL).content.decode()
    assert 'value="50.00"' in page, "not the money that no card brought"
    before = available_minor(prepaid.lion.party_id)
    assert ask(alice, request_id=once).url == URL
    assert ask(alice, request_id=once).url == URL, "sent twice with the same page"
    assert available_minor(prepaid.lion.party_id) == before - 2_000
    asked = Decision.objects.get(purpose="payout")
    assert (asked.subject_id, asked.provider_party_id) == (once, prepaid.lion.party_id)
    shown = alice.get(URL).content.decode()
    assert ('value="30.00"' in shown, "On its way" in shown, "$20.00" in shown) == (True, True, True)
    assert "on its way back to your card" in alice.get("/money").content.decode()
    assert ask(alice, "30.00").status_code == 302
    shown = browse(prepaid.bob).get(URL).content.decode()
    assert "Owners of your organization ask for it" in shown
    assert "Nothing that a card brought is free" in alice.get(URL).content.decode()
    found = money_for_party(prepaid.lion.party_id)["refunds"]
    assert {(each["reason"], each["given_by"]) for each in found} == {("unused", "renter")}


def test_letters_say_when_it_left_and_when_it_came_back(prepaid, browse, django_capture_on_commit_callbacks):
    ask(browse(prepaid.alice))
    assert write_money_letters() == 0, "whoever asks knows that it asked"
    told("succeeded")
    assert write_money_letters() == 1
    told_of = mail.outbox[-1]
    assert (told_of.subject, "unused prepaid money" in told_of.body) == ("A refund of $20.00", True)
    told("failed", "declined")
    assert write_money_letters() == 1
    assert "on your prepaid balance again" in mail.outbox[-1].body
    assert "Failed, nothing went back" in browse(prepaid.alice).get(URL).content.decode()


@pytest.mark.parametrize("amount", ["0", "-1", "NaN", "Infinity", "1.001", "", "x", "1e30", "50.01"])
def test_a_bad_amount_is_said_in_the_form_and_nothing_moves(prepaid, browse, amount):
    page = ask(browse(prepaid.alice), amount).content.decode()
    assert 'aria-invalid="true"' in page or "Nothing was moved" in page
    assert not Refund.objects.exists()


def test_who_is_no_owner_changes_nothing(prepaid, browse):
    for who in (prepaid.bob, prepaid.fay):
        assert ask(browse(who)).status_code == 403
    for who in (prepaid.olga, prepaid.ned):
        assert ask(browse(who)).status_code == 404
    assert ask(browse()).url.startswith("/accounts/login/")
    # Another organization's owner asks for its own money, and has none.
    for who in (prepaid.charlie, prepaid.pia):
        assert "Nothing was moved" in ask(browse(who)).content.decode()
    assert not Refund.objects.exists()


def test_what_holds_it_is_not_told_and_the_gate_is_not_even_asked(prepaid, browse):
    party = prepaid.lion.party
    cases.open_case(kind="screening_hit", summary="?", reason_codes=["X"], party=party, actor=prepaid.olga.as_actor())
    looked_into = ask(browse(prepaid.alice)).content.decode()
    restrictions.impose(party.pk, "X", actor=prepaid.olga.as_actor(), kind="blocked")
    restricted = ask(browse(prepaid.alice)).content.decode()
    for page in (looked_into, restricted):
        assert "This money cannot move at present. Nothing was moved" in page
    assert not Refund.objects.exists()
    assert not Decision.objects.filter(purpose="payout").exists()


@covers("api:unused-money")
def test_by_program_its_owner_asks_and_the_organization_reads(prepaid):
    people = clients(prepaid)
    expected = {"owner": 201, "team_mate": 403, "finance": 403, "stranger": 409, "anonymous": 401}
    assert answers(people, "post", API, {"amount_minor": 1_000}) == expected
    read = {"owner": 200, "team_mate": 200, "finance": 200, "stranger": 200, "anonymous": 401}
    assert answers(people, "get", API) == read
    mine = people["owner"].get(API).json()
    assert (mine["currency"], mine["returnable_minor"]) == ("USD", 4_000)
    (refund,) = mine["refunds"]
    assert (refund["amount_minor"], refund["lease_id"], refund["state"]) == (1_000, None, "requested")
    assert people["stranger"].get(API).json() == {"currency": "USD", "returnable_minor": 0, "refunds": []}
    key = {"Idempotency-Key": "k"}
    again = [people["owner"].post(API, {"amount_minor": 500}, "application/json", headers=key) for _ in range(2)]
    assert again[0].json() == again[1].json()
    refused = (
        people["owner"].post(API, {"amount_minor": 3_501}, "application/json", headers={"Idempotency-Key": "l"}).json()
    )
    assert refused["code"] == "refund_too_large"
    assert Refund.objects.count() == 2
