"""Setting up how money comes and goes, beside a card network that answers."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from django.urls import reverse

from settlement.models import AutoTopUp
from settlement.rails.standin.server import StandinServer
from settlement.selectors.auto_top_ups import auto_top_up_of
from settlement.selectors.payouts import payout_setup
from settlement.services import profiles
from tests.cast import Cast
from tests.factories import proofs


@pytest.fixture
def network(settings, tmp_path: Path) -> Iterator[StandinServer]:
    server = StandinServer(
        port=0, state=str(tmp_path / "card.sqlite"), webhook_url="http://127.0.0.1:9/", webhook_secret="whsec_x"
    )
    server.start()
    settings.STRIPE_API_BASE = server.url
    yield server
    server.close()


def _visit(url: str, body: bytes) -> None:
    """The person presses the button on the card network's page, which leads back to us."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *args: object) -> None:
            return None

    with pytest.raises(urllib.error.HTTPError, match="303"):
        urllib.request.build_opener(Stay).open(urllib.request.Request(url, body, method="POST"), timeout=5)


def test_a_card_is_saved_on_the_card_networks_page(cast: Cast, browse, network: StandinServer):
    page = browse(cast.alice).post(reverse("web:card_form"))
    assert page.status_code == 200
    url = page.context["url"]
    assert url.startswith(network.url)
    assert f'href="{url}"' in page.content.decode()
    _visit(url, b"card=pm_card_sg")
    assert [card["last4"] for card in profiles.saved_cards(cast.lion.party_id)] == ["0003"]
    assert "ending in 0003" in browse(cast.alice).get(reverse("web:money")).content.decode()


def test_a_team_mate_without_the_purse_saves_no_card(cast: Cast, browse, network: StandinServer):
    assert browse(cast.bob).post(reverse("web:card_form")).status_code == 403
    assert profiles.saved_cards(cast.lion.party_id) == []


def test_a_card_network_that_is_down_is_said_to_be(cast: Cast, browse, network: StandinServer):
    with network.store.transaction():
        network.store.arm("/v1/", "500", 5)
    page = browse(cast.alice).post(reverse("web:card_form"), follow=True)
    assert "does not answer just now" in page.content.decode()


def test_a_provider_opens_an_account_for_its_earnings(cast: Cast, browse, network: StandinServer):
    pia = browse(cast.pia)
    page = pia.post(reverse("web:payout_account"))
    party_id = cast.pia.memberships.get().organization.party_id
    assert payout_setup(party_id).card_ready is False
    _visit(page.context["url"], b"")
    assert "can receive payouts" in pia.post(reverse("web:payout_account"), follow=True).content.decode()
    assert payout_setup(party_id).card_ready is True


def test_a_wallet_is_kept_only_with_its_checksum_and_only_once(cast: Cast, browse):
    pia, party_id = browse(cast.pia), cast.pia.memberships.get().organization.party_id
    before = payout_setup(party_id).wallet
    wrong = pia.post(reverse("web:payout_wallet"), {"wallet": "0x" + "ab" * 20}, follow=True)
    assert "checksum" in wrong.content.decode()
    assert payout_setup(party_id).wallet == before
    address = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
    claimed = pia.post(reverse("web:payout_wallet"), {"wallet": address}, follow=True)
    assert "was not proven to be yours" in claimed.content.decode()
    assert payout_setup(party_id).wallet == before
    proofs.wallet(party_id, address)
    pia.post(reverse("web:payout_wallet"), {"wallet": address})
    assert payout_setup(party_id).wallet == address


AUTOMATIC = {
    "threshold_minor": "50.00",
    "amount_minor": "100",
    "monthly_limit_minor": "500.00",
    "agreed": "on",
}


def _text(response) -> str:
    return unescape(response.content.decode())


def test_automatic_top_up_asks_for_a_saved_card_first(cast: Cast, browse, network: StandinServer):
    page = _text(browse(cast.alice).get(reverse("web:auto_top_up")))
    assert "Save a card first" in page
    assert "Turn on" not in page


def test_automatic_top_up_is_turned_on_changed_and_off(cast: Cast, browse, network: StandinServer):
    url = reverse("web:auto_top_up")
    method = profiles.save_card(cast.lion.party_id, "pm_card_visa")["id"]
    finance = browse(cast.fay)
    page = _text(finance.post(url, {**AUTOMATIC, "payment_method": method}, follow=True))
    assert "Automatic top-up is on." in page
    assert "Visa ending in 4242" in page
    assert "$0.00 of $500.00" in page
    changed = {**AUTOMATIC, "payment_method": method, "amount_minor": "7.50"}
    assert "$7.50" in _text(finance.post(url, changed, follow=True))
    assert "$7.50 below $50.00" in _text(finance.get(reverse("web:money")))
    # A team-mate reads it and cannot touch it.
    mate = browse(cast.bob)
    assert "Owners and finance of your organization set this." in _text(mate.get(url))
    for body in (changed, {"action": "off"}):
        assert mate.post(url, body).status_code == 403
    assert auto_top_up_of(cast.lion.party_id).state == "on"
    assert "Automatic top-up is off" in _text(finance.post(url, {"action": "off"}, follow=True))
    assert auto_top_up_of(cast.lion.party_id).state == "off"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("agreed", "", "required"),
        ("amount_minor", "4.99", "Between $5.00"),
        ("amount_minor", "ten", "An amount is above zero"),
        ("threshold_minor", "-1", "An amount is above zero"),
        ("monthly_limit_minor", "99.99", "At least one top-up"),
        ("payment_method", "pm_other", "not one of the available choices"),
    ],
)
def test_automatic_top_up_says_bad_input_beside_its_field(
    cast: Cast, browse, network: StandinServer, field: str, value: str, words: str
):
    method = profiles.save_card(cast.lion.party_id, "pm_card_visa")["id"]
    body = {**AUTOMATIC, "payment_method": method, field: value}
    page = _text(browse(cast.alice).post(reverse("web:auto_top_up"), body))
    assert words in page
    assert auto_top_up_of(cast.lion.party_id) is None


def test_a_stop_is_said_on_the_page_with_what_to_do(cast: Cast, browse, network: StandinServer):
    method = profiles.save_card(cast.lion.party_id, "pm_card_visa")["id"]
    browse(cast.alice).post(reverse("web:auto_top_up"), {**AUTOMATIC, "payment_method": method})
    AutoTopUp.objects.update(state="stopped", stopped_code="authentication_required")
    page = _text(browse(cast.bob).get(reverse("web:auto_top_up")))
    assert "Automatic top-up has stopped" in page
    assert "your bank wants the cardholder to confirm the payment" in page
    assert "Nothing is charged by itself until you turn it on again" in _text(
        browse(cast.alice).get(reverse("web:money"))
    )
