"""Wallets and domains proven at the pages, without JavaScript and with a browser's wallet."""

import re
from html import unescape

import pytest
from django.test import Client
from eth_account import Account
from eth_account.messages import encode_defunct
from playwright.sync_api import Browser

from compliance.base.errors import Refusal
from compliance.models import DomainProof, PartyWallet
from compliance.selectors.identity_needs import level_of, need_states
from compliance.services import gate
from marketplace.services import leases, mail
from settlement.rails import chain
from settlement.rails.chain import Deployment
from tests.cast import Cast
from tests.chromium import NEEDS_CHROMIUM
from tests.factories import marketplace as make
from tests.factories.dns_server import running_zone
from tests.web.test_deciding import text
from tests.web.test_in_browser import chromium, faults_of, session_of, town

__all__ = ["chromium", "town"]

KEY = Account.from_key("0x" + "11" * 32)
THIEF = Account.from_key("0x" + "22" * 32)
MESSAGE = re.compile(r'id="wallet-message">([^<]+)</pre>')


class Elsewhere:
    """A chain by its id alone: what these tests sign is checked by keys, and no node is asked."""

    deployment = Deployment(31337, KEY.address, KEY.address)


@pytest.fixture(autouse=True)
def _chain(monkeypatch, settings):
    monkeypatch.setattr(chain, "connect", Elsewhere)
    settings.CHAIN_RPC_URL = ""


def message_of(answer) -> str:
    return unescape(MESSAGE.search(answer.content.decode())[1])


def signed(message: str, key=KEY) -> str:
    return key.sign_message(encode_defunct(text=message)).signature.to_0x_hex()


def asked(client: Client) -> str:
    return message_of(client.post("/verification/wallet", {"address": KEY.address}))


def brought(client: Client, message: str, signature: str):
    body = {"address": KEY.address, "message": message, "signature": signature}
    return client.post("/verification/wallet", body, follow=True)


class TestWallet:
    def test_copy_and_paste_proves_it(self, cast: Cast, browse):
        alice = browse(cast.alice)
        message = asked(alice)
        assert message.startswith("127.0.0.1:8000 wants you to sign in with your Ethereum account:\n" + KEY.address)
        page = text(brought(alice, message.replace("\n", "\r\n"), signed(message)))
        assert "The wallet is proven to be yours." in page
        assert PartyWallet.objects.get(address=KEY.address).verified_at is not None

    def test_another_keys_signature_is_told_beside_the_message(self, cast: Cast, browse):
        alice = browse(cast.alice)
        message = asked(alice)
        answer = brought(alice, message, signed(message, THIEF))
        assert answer.status_code == 200
        # No key made it and no contract can be asked here: refused either way, and the message stays to be signed.
        assert "chain" in text(answer) or "does not prove" in text(answer)
        assert message_of(answer) == message
        assert not PartyWallet.objects.exists()

    def test_only_owners_prove_wallets(self, cast: Cast, browse):
        assert browse(cast.bob).post("/verification/wallet", {"address": KEY.address}).status_code == 403
        message = asked(browse(cast.alice))
        stranger = brought(browse(cast.charlie), message, signed(message))
        assert stranger.status_code == 404
        assert not PartyWallet.objects.exists()

    def test_a_malformed_address_is_told(self, cast: Cast, browse):
        answer = browse(cast.alice).post("/verification/wallet", {"address": "0x12"}, follow=True)
        assert "checksum" in text(answer)

    def test_escrow_waits_for_the_proof(self, cast: Cast, browse):
        _, offer = cast.supply()
        request = make.lease_request(offer, cast.lion, rail="escrow", wallet=KEY.address)
        with pytest.raises(gate.ClearanceDenied) as denied:
            leases.request_lease(request, user=cast.alice, actor=cast.alice.as_actor())
        assert "Sign a message with the wallet" in denied.value.reasons[0]["next_step"]
        page = text(browse(cast.alice).get(f"/decisions/{denied.value.decision_id}"))
        assert "We take only wallets that were proven to be yours." in page
        assert "Not proven" in text(browse(cast.alice).get("/verification"))
        alice = browse(cast.alice)
        message = asked(alice)
        brought(alice, message, signed(message))
        try:
            leases.request_lease(request, user=cast.alice, actor=cast.alice.as_actor())
        except gate.ClearanceDenied as still:
            pytest.fail(str(still.reasons))
        except Refusal:
            pass  # the gate cleared it; there is no chain here to deposit on


class TestDomain:
    @pytest.fixture
    def zone(self, settings):
        with running_zone() as server:
            settings.GRIDCLEAR_DNS_SERVER = server.address
            yield server

    def needs_domain(self, cast: Cast) -> bool:
        party = cast.lion.party
        states = need_states(party, level_of(party, "enhanced"), DomainProof.objects.latest("created_at").created_at)
        return not next(each for each in states if each.need.code == "domain").met

    def test_a_record_proves_it(self, cast: Cast, browse, zone):
        alice = browse(cast.alice)
        alice.post("/verification", {"part": "domain", "domain": "www.lionlabs.com.sg"})
        page = text(alice.get("/verification"))
        assert "_gridclear-challenge.lionlabs.com.sg" in page
        value = re.search(r"gridclear-verification=[0-9a-f]{40}", page)[0]
        look = {"part": "record", "proof": str(DomainProof.objects.get().pk)}
        assert "The record is not there yet" in text(alice.post("/verification", look, follow=True))
        assert self.needs_domain(cast)
        zone.records["_gridclear-challenge.lionlabs.com.sg"] = [value]
        assert "The domain is proven to be yours" in text(alice.post("/verification", look, follow=True))
        assert not self.needs_domain(cast)

    @pytest.mark.parametrize("domain", ["gmail.com", "com.sg", "localhost", "10.0.0.1"])
    def test_what_is_no_companys_domain_is_told(self, cast: Cast, browse, zone, domain):
        page = text(browse(cast.alice).post("/verification", {"part": "domain", "domain": domain}))
        assert "Nothing was changed." in page
        assert not DomainProof.objects.exists()

    def test_a_letter_proves_it(self, cast: Cast, browse, mailoutbox):
        alice = browse(cast.alice)
        alice.post("/verification", {"part": "letter", "address": "finance@lionlabs.com.sg"})
        (letter,) = mailoutbox
        assert letter.to == ["finance@lionlabs.com.sg"]
        code = re.search(r"\b\d{8}\b", letter.body)[0]
        proof = str(DomainProof.objects.get().pk)
        wrong = alice.post("/verification", {"part": "mailed", "proof": proof, "code": "00000000"})
        assert "This is not the code of the letter" in text(wrong)
        done = alice.post("/verification", {"part": "mailed", "proof": proof, "code": code}, follow=True)
        assert "The domain is proven to be yours" in text(done)
        stranger = browse(cast.charlie)
        assert stranger.post("/verification", {"part": "mailed", "proof": proof, "code": code}).status_code == 404
        assert stranger.post("/verification", {"part": "record", "proof": "no id"}).status_code == 404

    def test_a_letter_that_is_not_taken_is_told(self, cast: Cast, browse, monkeypatch):
        def fail(*_: object) -> None:
            raise ConnectionRefusedError

        monkeypatch.setattr(mail, "send", fail)
        page = text(browse(cast.alice).post("/verification", {"part": "letter", "address": "ceo@lionlabs.com.sg"}))
        assert "The letter could not be sent just now" in page

    @pytest.mark.parametrize("address", ["me@gmail.com", "no address", "a@lionlabs.com.sg\nBcc: x@y.com"])
    def test_other_addresses_get_no_letter(self, cast: Cast, browse, mailoutbox, address):
        browse(cast.alice).post("/verification", {"part": "letter", "address": address})
        assert mailoutbox == []


WALLET = """
window.ethereum = {
  asked: [],
  async request({ method, params }) {
    this.asked.push(method);
    if (method === "eth_requestAccounts") return window.walletAccounts ?? ["%s"];
    if (method === "personal_sign") return await window.signFor(params[0], params[1]);
    throw { code: 4200 };
  },
};
"""


@pytest.mark.browser
@NEEDS_CHROMIUM
class TestInABrowser:
    def open(self, chromium: Browser, browse, who, live_server, settings, *, wallet: bool = True, refuse: bool = False):
        settings.GRIDCLEAR_BASE_URL = live_server.url
        context = chromium.new_context()
        context.add_cookies([{"name": "sessionid", "value": session_of(browse(who)), "url": live_server.url}])
        page = context.new_page()

        def sign_for(message: str, address: str) -> str:
            if refuse:
                raise RuntimeError("refused")
            assert address == KEY.address
            return signed(bytes.fromhex(message[2:]).decode())

        page.expose_function("signFor", sign_for)
        if wallet:
            page.add_init_script(WALLET % KEY.address.lower())
        assert faults_of(page, live_server.url + "/verification") == []
        page.locator("#wallets [name=address]").last.fill(KEY.address)
        page.get_by_role("button", name="Add the wallet").click()
        page.get_by_role("button", name=f"Prove {KEY.address}").click()
        return page

    def test_the_browsers_wallet_signs_and_the_wallet_is_proven(
        self, town: Cast, chromium: Browser, browse, live_server, settings
    ):
        page = self.open(chromium, browse, town.alice, live_server, settings)
        page.get_by_role("button", name="Sign with the browser's wallet").click()
        page.get_by_text("The wallet is proven to be yours.").wait_for(timeout=8000)
        assert PartyWallet.objects.get(address=KEY.address).verified_at is not None
        page.context.close()

    def test_a_wallet_that_does_not_sign_leaves_everything_as_it_was(
        self, town: Cast, chromium: Browser, browse, live_server, settings
    ):
        page = self.open(chromium, browse, town.alice, live_server, settings, refuse=True)
        page.get_by_role("button", name="Sign with the browser's wallet").click()
        page.get_by_text("The wallet could not sign.").wait_for(timeout=8000)
        assert PartyWallet.objects.get(address=KEY.address).verified_at is None
        page.evaluate("window.walletAccounts = ['0x0000000000000000000000000000000000000001']")
        page.get_by_role("button", name="Sign with the browser's wallet").click()
        page.get_by_text("has another address open").wait_for(timeout=8000)
        page.context.close()

    def test_without_a_wallet_in_the_browser_the_button_is_not_there(
        self, town: Cast, chromium: Browser, browse, live_server, settings
    ):
        page = self.open(chromium, browse, town.alice, live_server, settings, wallet=False)
        assert not page.get_by_role("button", name="Sign with the browser's wallet").is_visible()
        message = page.locator("#wallet-message").inner_text()
        page.locator("[name=signature]").fill(signed(message))
        page.get_by_role("button", name="Check the signature").click()
        page.get_by_text("The wallet is proven to be yours.").wait_for(timeout=8000)
        page.context.close()
