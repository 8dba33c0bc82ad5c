"""A wallet is proven by the very message that was written for it, once, in time, by its own key."""

from datetime import timedelta

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct

from compliance.base.audit import AuditEvent
from compliance.base.errors import NotFound
from compliance.engine.wallet_message import parsed
from compliance.models import PartyWallet, WalletChallenge
from compliance.services import parties, wallet_proofs
from compliance.services.parties import MalformedWallet, PartyInput, WalletTaken
from compliance.services.wallet_proofs import MessageSpent, ProofRefused
from tests.compliance.services.conftest import ALICE

KEY = Account.from_key("0x" + "11" * 32)
OTHER = Account.from_key("0x" + "22" * 32)
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@pytest.fixture
def stranger(db):
    return parties.register_party(PartyInput("entity", "Stranger Systems Oy", "FI"), actor=ALICE)


def begun(party, key=KEY, chain_id: int = 31337) -> WalletChallenge:
    return wallet_proofs.begin_proof(party.pk, key.address, chain_id, actor=ALICE)


def sign(message: str, key=KEY) -> bytes:
    return bytes(key.sign_message(encode_defunct(text=message)).signature)


def prove(party, row: WalletChallenge, signature: bytes, message: str | None = None) -> PartyWallet:
    found = wallet_proofs.challenge_for(party.pk, row.message if message is None else message)
    if not wallet_proofs.is_signed_by_key(found, signature):
        wallet_proofs.refuse(found, actor=ALICE)
    return wallet_proofs.accept(found, signature, "eoa", actor=ALICE)


def test_the_wallets_own_signature_proves_it(lion, clock):
    row = begun(lion)
    wallet = prove(lion, row, sign(row.message))
    assert (wallet.party_id, wallet.address, wallet.verified_at) == (lion.pk, KEY.address, clock.now())
    row.refresh_from_db()
    assert (row.method, row.used_at) == ("eoa", clock.now())
    event = AuditEvent.objects.get(event="party.wallet_proven")
    assert event.data == {"party": str(lion.pk), "method": "eoa", "chain_id": 31337}
    assert KEY.address not in str(list(AuditEvent.objects.values()))


def test_the_message_is_bound_to_site_wallet_chain_and_time(lion, clock, settings):
    settings.GRIDCLEAR_BASE_URL = "https://gridclear.example:8443"
    said = parsed(begun(lion, chain_id=8453).message)
    assert (said.domain, said.uri) == ("gridclear.example:8443", "https://gridclear.example:8443/verification")
    assert (said.address, said.chain_id) == (KEY.address, 8453)
    assert (said.issued_at, said.expires_at) == (clock.now(), clock.now() + timedelta(minutes=15))
    assert len(said.nonce) == 32
    assert begun(lion).nonce != said.nonce


def test_a_message_is_signed_once(lion):
    row = begun(lion)
    signature = sign(row.message)
    prove(lion, row, signature)
    with pytest.raises(MessageSpent):
        prove(lion, row, signature)
    with pytest.raises(MessageSpent):
        wallet_proofs.accept(row, signature, "eoa", actor=ALICE)


def test_a_message_expires(lion, clock):
    row = begun(lion)
    clock.advance(minutes=15)
    with pytest.raises(MessageSpent):
        prove(lion, row, sign(row.message))
    assert not PartyWallet.objects.exists()


def test_a_message_is_tried_only_so_often(lion):
    row = begun(lion)
    for _ in range(wallet_proofs.MOST_ATTEMPTS):
        with pytest.raises(ProofRefused):
            prove(lion, row, sign(row.message, OTHER))
    with pytest.raises(MessageSpent):
        prove(lion, row, sign(row.message))


def high_twin(signature: bytes) -> bytes:
    """The other signature that the same key's signature can be written as."""
    s = ORDER - int.from_bytes(signature[32:64])
    return signature[:32] + s.to_bytes(32) + bytes([55 - signature[64]])


@pytest.mark.parametrize(
    "harm",
    [
        lambda s, m: sign(m, OTHER),
        lambda s, m: sign(m + " "),
        lambda s, m: high_twin(s),
        lambda s, m: s[:64],
        lambda s, m: s + b"\x00",
        lambda s, m: s[:64] + b"\x1d",
        lambda s, m: bytes(65),
        lambda s, m: s[:32] + bytes(32) + s[64:],
        lambda s, m: b"\xff" * 64 + b"\x1b",
        lambda s, m: bytes([s[0] ^ 1]) + s[1:],
    ],
)
def test_no_other_signature_proves_it(lion, harm):
    row = begun(lion)
    with pytest.raises(ProofRefused):
        prove(lion, row, harm(sign(row.message), row.message))
    assert not PartyWallet.objects.exists()
    assert AuditEvent.objects.filter(event="party.wallet_not_proven").count() == 1


def test_the_high_twin_would_recover_the_same_key(lion):
    """So that the test above refuses it for being high, and not for being wrong."""
    row = begun(lion)
    twin = high_twin(sign(row.message))
    assert int.from_bytes(twin[32:64]) > ORDER // 2
    low = high_twin(twin)
    assert wallet_proofs.is_signed_by_key(row, low)


@pytest.mark.parametrize("v", [0, 1])
def test_wallets_that_count_from_zero_are_understood(lion, v):
    row = begun(lion)
    signature = sign(row.message)
    if signature[64] - 27 == v:
        assert wallet_proofs.is_signed_by_key(row, signature[:64] + bytes([v]))
    else:
        assert not wallet_proofs.is_signed_by_key(row, signature[:64] + bytes([v]))


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.replace("moves no money", "moves much money"),
        lambda m: m.replace("Chain ID: 31337", "Chain ID: 1"),
        lambda m: m.split(" wants")[0].join(["evil.example", ""]) + m,
        lambda m: "",
        lambda m: m[:-1],
    ],
)
def test_another_text_is_refused_even_when_signed(lion, change):
    row = begun(lion)
    text = change(row.message)
    with pytest.raises(ProofRefused):
        prove(lion, row, sign(text), text)


def test_a_copied_message_may_have_windows_line_ends(lion):
    row = begun(lion)
    assert prove(lion, row, sign(row.message), row.message.replace("\n", "\r\n") + "\r\n")


def test_a_message_of_another_party_is_not_found(lion, stranger):
    row = begun(lion)
    with pytest.raises(NotFound):
        prove(stranger, row, sign(row.message))


def test_a_message_of_before_a_move_of_the_site_is_refused(lion, settings):
    row = begun(lion)
    settings.GRIDCLEAR_BASE_URL = "https://elsewhere.example"
    with pytest.raises(ProofRefused):
        prove(lion, row, sign(row.message))


@pytest.mark.parametrize("address", ["", "0x12", KEY.address.lower(), "nonsense", KEY.address[2:]])
def test_a_malformed_address_gets_no_message(lion, address):
    with pytest.raises(MalformedWallet):
        wallet_proofs.begin_proof(lion.pk, address, 1, actor=ALICE)


@pytest.mark.parametrize("text", ["", "0x", "xyz", "0xzz", "ab" * 5000])
def test_a_malformed_signature_is_refused(text):
    with pytest.raises(ProofRefused):
        wallet_proofs.signature_bytes(text)


class TestTwoParties:
    def test_a_proof_outweighs_a_claim(self, lion, stranger):
        parties.link_wallet(stranger.pk, KEY.address, actor=ALICE)
        row = begun(lion)
        wallet = prove(lion, row, sign(row.message))
        assert PartyWallet.objects.get().party_id == wallet.party_id == lion.pk
        assert AuditEvent.objects.get(event="party.wallet_lost").data == {"party": str(stranger.pk)}

    def test_a_proof_is_not_outweighed(self, lion, stranger):
        row, later = begun(lion), begun(stranger)
        prove(lion, row, sign(row.message))
        with pytest.raises(WalletTaken):
            prove(stranger, later, sign(later.message))
        with pytest.raises(WalletTaken):
            begun(stranger)
        assert PartyWallet.objects.get().party_id == lion.pk
        later.refresh_from_db()
        assert later.used_at is None, "all or nothing"

    def test_it_may_be_proven_again(self, lion, clock):
        row = begun(lion)
        prove(lion, row, sign(row.message))
        clock.advance(days=1)
        again = begun(lion)
        assert prove(lion, again, sign(again.message)).verified_at == clock.now()
