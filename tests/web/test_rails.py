"""Setting up how money comes and goes, beside a card network that answers."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.urls import reverse

from settlement.rails.standin.server import StandinServer
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
