"""Automatic top-up of an organization: who may set it, the gate before each charge, one letter when it stops."""

import pytest
from django.urls import reverse

from compliance.base.actor import system
from compliance.models import Case, Decision
from compliance.services import restrictions
from marketplace.services import auto_top_ups, mail
from settlement import tasks
from settlement.models import AutoTopUp, CardPayment
from settlement.rails.standin.server import StandinServer
from settlement.selectors.balances import available_minor
from settlement.services import profiles
from settlement.services.auto_top_up_rules import AutoTerms
from tests.cast import Cast
from tests.marketplace.test_race import race
from tests.permissions import answers, clients, covers

# The cast has $1,000.00; it is low below $2,000.00.
AMOUNTS = {"threshold_minor": 200_000, "amount_minor": 50_000, "monthly_limit_minor": 100_000}


@pytest.fixture
def network(settings, tmp_path):
    """A card network of the test's own."""
    server = StandinServer(
        port=0, state=str(tmp_path / "card.sqlite"), webhook_url="http://127.0.0.1:9/", webhook_secret="whsec_x"
    )
    server.start()
    settings.STRIPE_API_BASE = server.url
    yield server
    server.close()


def saved(cast: Cast, method: str = "pm_card_visa") -> str:
    return str(profiles.save_card(cast.lion.party_id, method)["id"])


def ruled(cast: Cast, method: str = "pm_card_visa") -> None:
    """Fay of finance has set it."""
    terms = AutoTerms(**AMOUNTS, payment_method=saved(cast, method))
    auto_top_ups.set_up(cast.lion, terms, user=cast.fay, actor=cast.fay.as_actor())


def charge() -> None:
    """The doorbell of settlement, rung."""
    for payment_id in CardPayment.objects.filter(state="creating").values_list("pk", flat=True):
        tasks.charge_top_up(str(payment_id))


def charges(network: StandinServer) -> list[dict]:
    with network.store.transaction():
        return network.store.every("payment_intent")


def test_the_sweep_asks_the_gate_and_fills_the_balance(cast: Cast, network):
    ruled(cast)
    assert auto_top_ups.serve_all() == 1
    assert auto_top_ups.serve_all() == 0
    charge()
    assert available_minor(cast.lion.party_id) == 150_000
    decision = Decision.objects.get(purpose="deposit")
    assert (decision.outcome, decision.actor) == ("ALLOW", "system:auto-top-up")
    assert decision.subject_id == CardPayment.objects.get().pk
    # Still low: once more, and then the month's limit is reached.
    for _ in range(3):
        auto_top_ups.serve_all()
        charge()
    assert available_minor(cast.lion.party_id) == 200_000
    assert len(charges(network)) == 2


def test_a_restricted_team_is_neither_charged_nor_asked_about(cast: Cast, network):
    ruled(cast)
    restrictions.impose(cast.lion.party_id, "SANCTIONS_MATCH", actor=system("tests"))
    for _ in range(3):
        assert auto_top_ups.serve(cast.lion.party_id) is None
    assert not Decision.objects.filter(purpose="deposit").exists()
    assert charges(network) == []


def test_a_team_that_was_restricted_after_the_charge_was_begun_is_not_charged(cast: Cast, network):
    ruled(cast)
    auto_top_ups.serve(cast.lion.party_id)
    restrictions.impose(cast.lion.party_id, "SANCTIONS_MATCH", actor=system("tests"))
    charge()
    assert charges(network) == []
    assert CardPayment.objects.get().failure_code == "clearance_lapsed"


def test_a_payer_whom_the_gate_does_not_clear_is_asked_about_once_a_day(cast: Cast, network, clock):
    ruled(cast)
    clock.advance(days=366)  # The verification has run out.
    for _ in range(3):
        auto_top_ups.serve_all()
    assert [row.outcome for row in Decision.objects.filter(purpose="deposit")] != ["ALLOW"]
    assert Decision.objects.filter(purpose="deposit").count() == 1
    assert (charges(network), CardPayment.objects.count()) == ([], 0)
    assert AutoTopUp.objects.get().state == "on"
    before = Case.objects.count()
    clock.advance(hours=25)
    auto_top_ups.serve_all()
    assert Decision.objects.filter(purpose="deposit").count() == 2
    assert Case.objects.count() <= before + 1


def test_two_workers_at_once_make_one_charge(real_cast: Cast, network):
    ruled(real_cast)
    party_id = real_cast.lion.party_id
    race(*[lambda: auto_top_ups.serve(party_id)] * 3)
    race(*[charge] * 2)
    assert len(charges(network)) == 1
    assert available_minor(party_id) == 150_000
    assert AutoTopUp.objects.get().sequence == 1


def test_owners_have_one_letter_about_a_stop(cast: Cast, network, mailoutbox, monkeypatch, clock):
    ruled(cast, "pm_card_authenticationRequired")
    auto_top_ups.serve_all()
    charge()
    with monkeypatch.context() as broken:
        broken.setattr(mail, "send", lambda *a, **k: (_ for _ in ()).throw(OSError))
        auto_top_ups.serve_all()
    clock.advance(minutes=11)
    for _ in range(3):
        auto_top_ups.serve_all()
    (letter,) = mailoutbox
    assert (letter.to, letter.subject) == (["alice@lion.example"], "Automatic top-up has stopped")
    assert "your bank wants the cardholder to confirm" in letter.body
    assert len(charges(network)) == 1


def test_whoever_has_no_rule_costs_one_look(cast: Cast, django_assert_num_queries):
    with django_assert_num_queries(1):
        auto_top_ups.look_soon(cast.strange.party_id)
    with django_assert_num_queries(2):
        assert auto_top_ups.serve_all() == 0


@covers("api:auto-top-up")
def test_owners_and_finance_set_it_by_program(cast: Cast, network):
    url, by = reverse("api:auto-top-up"), clients(cast)
    body = {**AMOUNTS, "payment_method": saved(cast)}
    unset = {"anonymous": 401, "owner": 404, "team_mate": 404, "finance": 404, "stranger": 404}
    assert answers(by, "get", url) == unset
    # The stranger acts for its own organization, which saved no such card.
    assert answers(by, "put", url, body) == {
        "anonymous": 401, "owner": 200, "team_mate": 403, "finance": 200, "stranger": 422,
    }  # fmt: skip
    assert answers(by, "get", url) == unset | {"owner": 200, "team_mate": 200, "finance": 200}
    shown = by["team_mate"].get(url).json()
    assert (shown["state"], shown["charged_minor"], shown["amount_minor"]) == ("on", 0, 50_000)
    assert AutoTopUp.objects.get().party_id == cast.lion.party_id
    assert answers(by, "delete", url) == {
        "anonymous": 401, "owner": 204, "team_mate": 403, "finance": 204, "stranger": 204,
    }  # fmt: skip
    assert AutoTopUp.objects.get().state == "off"
    assert by["owner"].put(url, {**body, "amount_minor": 1}, "application/json").status_code == 422
