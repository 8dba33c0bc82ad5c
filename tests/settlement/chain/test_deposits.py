"""From a cleared hold to a deposit that stands behind it, and every way in which it does not come to that."""

from datetime import timedelta
from uuid import uuid4

import pytest

from compliance.base import clock as time
from compliance.base.errors import InvalidInput
from compliance.models import Restriction
from compliance.services import clearances
from compliance.services.chain_clearance import (
    AmountNotCleared,
    DepositTerms,
    WalletNotCleared,
    lease_ref,
    sign_deposit,
    typed_data_digest,
)
from compliance.services.clearances import ClearanceInvalid
from settlement.models import ChainEvent, ChainTransaction, EscrowDeposit, Hold, PaymentProfile
from settlement.rails.chain_contracts import ESCROW, abi
from settlement.selectors.wallets import wallets_in_use
from settlement.services import blocked_property, chain_delivery, chain_deposits, chain_escrow, chain_guard, holds
from settlement.services.books import verify_books
from settlement.services.chain_deposits import NoPayoutWallet, prepare_deposit, terms_of
from settlement.services.hold_states import HoldNotFound, HoldNotOpen
from tests.settlement.chain.scene import CAP, DOLLAR, RATE, TESTER, Scene, clear, wallet

pytestmark = pytest.mark.chain


def test_a_cleared_deposit_opens_the_hold_once_it_is_final(scene: Scene):
    hold = scene.open_hold()
    request = prepare_deposit(hold.pk)
    assert (request.amount_minor, request.payer, request.payee) == (CAP, scene.payer.address, scene.payee.address)
    assert scene.pay(request)
    scene.follow()
    hold.refresh_from_db()
    assert hold.state == Hold.State.OPENING, "seen, and not final yet"
    assert scene.books() == {}
    scene.finalise()
    hold.refresh_from_db()
    assert hold.state == Hold.State.OPEN
    assert scene.books() == {"contract": -CAP, "held": CAP}
    deposit = EscrowDeposit.objects.get(hold=hold)
    assert deposit.deposited_minor == CAP
    assert deposit.transaction_hash.startswith("0x")


def test_the_digest_that_is_signed_is_the_contracts_own(scene: Scene):
    request = prepare_deposit(scene.open_hold().pk)
    calls = scene.node.web3.eth.contract(address=request.escrow, abi=abi(ESCROW)).functions
    message, terms = request.typed_data["message"], terms_of(EscrowDeposit.objects.get())
    digest = calls.clearanceDigest(terms, message["validUntil"], message["epoch"]).call()
    assert digest == typed_data_digest(request.typed_data)
    assert "0x" + calls.leaseIdOf(terms).call().hex() == request.lease_key


def test_asked_again_the_same_clearance_is_given(scene: Scene, clock):
    hold = scene.open_hold()
    first = prepare_deposit(hold.pk)
    assert prepare_deposit(hold.pk) == first
    clock.advance(minutes=14)
    renewed = prepare_deposit(hold.pk)
    assert renewed.valid_until > first.valid_until
    assert EscrowDeposit.objects.get(hold=hold).signature == renewed.signature != first.signature


def test_the_deposit_clearance_never_outlives_the_clearance(scene: Scene):
    subject = uuid4()
    soon = time.now() + timedelta(minutes=5)
    hold = scene.open_hold(clearance=scene.clearance(subject, expires_at=soon))
    assert prepare_deposit(hold.pk).valid_until == soon


def test_another_wallet_cannot_use_it(scene: Scene):
    hold = scene.open_hold()
    request = prepare_deposit(hold.pk)
    stranger = wallet("stranger")
    scene.node.rpc("anvil_setBalance", stranger.address, hex(10**20))
    assert not scene.pay(request, by=stranger)
    scene.finalise()
    hold.refresh_from_db()
    assert hold.state == Hold.State.OPENING
    assert scene.books() == {}


def test_a_wallet_that_was_not_cleared_gets_no_signature(scene: Scene):
    hold = scene.open_hold()
    Hold.objects.filter(pk=hold.pk).update(wallet_address=wallet("stranger").address)
    with pytest.raises(WalletNotCleared):
        prepare_deposit(hold.pk)
    assert not EscrowDeposit.objects.exists()


def test_a_clearance_without_a_wallet_clears_none(scene: Scene):
    hold = scene.open_hold(clearance=scene.clearance(uuid4(), wallet_address=""))
    with pytest.raises(WalletNotCleared):
        prepare_deposit(hold.pk)


def test_more_than_was_cleared_gets_no_signature(scene: Scene):
    hold = scene.open_hold()
    Hold.objects.filter(pk=hold.pk).update(amount_minor=CAP + 1)
    with pytest.raises(AmountNotCleared):
        prepare_deposit(hold.pk)


def test_a_revoked_or_lapsed_clearance_gets_no_signature(scene: Scene, clock):
    revoked, lapsed = scene.open_hold(), scene.open_hold()
    clearances.revoke([revoked.clearance], "list_change", actor=TESTER)
    with pytest.raises(ClearanceInvalid):
        prepare_deposit(revoked.pk)
    clock.advance(hours=2)
    with pytest.raises(ClearanceInvalid):
        prepare_deposit(lapsed.pk)
    assert not EscrowDeposit.objects.exists()


def test_a_restricted_party_gets_no_signature(scene: Scene):
    hold = scene.open_hold()
    Restriction.objects.create(party=scene.provider, reason_code="sdn", imposed_by="test")
    with pytest.raises(ClearanceInvalid):
        prepare_deposit(hold.pk)


def test_only_an_escrow_hold_that_waits_is_prepared(scene: Scene):
    with pytest.raises(HoldNotFound):
        prepare_deposit(uuid4())
    with pytest.raises(HoldNotOpen):
        prepare_deposit(scene.funded_hold().pk)


def test_a_provider_without_a_wallet_is_not_paid_on_chain(scene: Scene):
    PaymentProfile.objects.update(payout_wallet="")
    with pytest.raises(NoPayoutWallet):
        prepare_deposit(scene.open_hold().pk)


@pytest.mark.parametrize(
    "change",
    [
        {"cap_minor": 0},
        {"cap_minor": -1},
        {"rate_minor_per_hour": 0},
        {"fee_bps": 10_001},
        {"ref": "0x" + "00" * 32},
        {"payee": "0x9858effd232b4033e47d90003d41ec34ecaeda94"},
        {"contract": "nonsense"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_malformed_terms_are_never_signed(scene: Scene, change: dict[str, object]):
    subject = uuid4()
    clearance = scene.clearance(subject)
    good = {
        "chain_id": 31337,
        "contract": scene.chain.deployment.escrow,
        "ref": lease_ref(subject),
        "payer": scene.payer.address,
        "payee": scene.payee.address,
        "cap_minor": CAP,
        "currency": "USDC",
        "rate_minor_per_hour": RATE,
        "fee_bps": 500,
        "expiry": int(time.now().timestamp()) + 7200,
        "epoch": 0,
    }
    parties = {"renter_party_id": scene.renter.pk, "provider_party_id": scene.provider.pk}
    sign_deposit(clearance.pk, DepositTerms(**good), subject_id=subject, **parties)
    with pytest.raises(InvalidInput):
        sign_deposit(clearance.pk, DepositTerms(**good | change), subject_id=subject, **parties)


def test_a_clearance_about_others_signs_nothing(scene: Scene):
    subject = uuid4()
    hold = scene.open_hold()
    other = clear("lease", subject, renter=scene.provider, provider=scene.renter, wallet_address=scene.payer.address)
    terms = chain_deposits._terms(hold, scene.chain)
    with pytest.raises(ClearanceInvalid):
        sign_deposit(
            other.pk,
            terms,
            subject_id=hold.subject_id,
            renter_party_id=scene.renter.pk,
            provider_party_id=scene.provider.pk,
        )


def test_a_revoked_deposit_is_refused_by_the_contract_itself(scene: Scene):
    hold = scene.open_hold()
    assert chain_escrow.revoke_deposit(hold.pk) is None, "nothing was given out"
    request = prepare_deposit(hold.pk)
    chain_escrow.revoke_deposit(hold.pk)
    chain_delivery.deliver()
    assert not scene.pay(request)
    assert chain_escrow.revoke_deposit(hold.pk) is None, "told again, once"


def test_what_was_deposited_is_not_revoked(scene: Scene):
    assert chain_escrow.revoke_deposit(scene.funded_hold().pk) is None


@pytest.mark.parametrize("why", ["the hold ended", "the clearance fell"])
def test_a_deposit_that_should_not_come_any_more_cannot(scene: Scene, why: str):
    hold = scene.open_hold()
    request = prepare_deposit(hold.pk)
    assert chain_guard.guard() == 0
    if why == "the hold ended":
        holds.cancel_hold(hold.pk, actor=TESTER)
    else:
        clearances.revoke([hold.clearance], "list_change", actor=TESTER)
    assert chain_guard.guard() == 1
    assert chain_guard.guard() == 0
    assert not scene.pay(request)


def test_a_new_payout_wallet_does_not_make_a_second_lease_of_one(scene: Scene, clock):
    hold = scene.open_hold()
    first = prepare_deposit(hold.pk)
    PaymentProfile.objects.update(payout_wallet=wallet("new").address)
    clock.advance(minutes=14)
    renewed = prepare_deposit(hold.pk)
    assert renewed.signature != first.signature
    assert (renewed.lease_key, renewed.payee) == (first.lease_key, first.payee)


# -- what happened meanwhile -----------------------------------------------------------------------------------


def test_a_deposit_whose_clearance_was_revoked_meanwhile_is_frozen(scene: Scene):
    hold = scene.open_hold()
    assert scene.pay(prepare_deposit(hold.pk))
    clearances.revoke([hold.clearance], "list_change", actor=TESTER)
    scene.finalise()
    hold.refresh_from_db()
    assert (hold.state, hold.frozen_reason) == (Hold.State.FROZEN, "clearance_revoked")
    assert scene.books() == {"contract": -CAP, "blocked": CAP}
    chain_escrow.freeze_escrow(hold.pk)
    assert scene.chain.escrow(scene.lease_key(hold)).frozen_until > time.now().timestamp()


def test_a_deposit_whose_clearance_lapsed_meanwhile_goes_back(scene: Scene, clock):
    hold = scene.open_hold()
    assert scene.pay(prepare_deposit(hold.pk))
    clock.advance(hours=1)
    scene.finalise()
    hold.refresh_from_db()
    assert (hold.state, hold.failure_code) == (Hold.State.FAILED, "clearance_lapsed")
    chain_escrow.return_deposit(hold.pk)
    scene.finalise()
    assert scene.books() == {"contract": -CAP, "available": CAP}
    assert scene.withdraw(scene.payer)
    scene.finalise()
    assert scene.books() == {}
    assert scene.chain.token_balance(scene.payer.address) == 1000 * DOLLAR


def test_a_late_deposit_whose_return_the_contract_turned_down_is_returned_again(scene: Scene, clock):
    hold = scene.open_hold()
    assert scene.pay(prepare_deposit(hold.pk))
    clock.advance(hours=1)
    scene.finalise()
    row = {"to_address": scene.chain.deployment.escrow, "raw": "0x", "hash": "0x01", "sender": "0x02", "nonce": 7}
    ChainTransaction.objects.create(
        state=ChainTransaction.State.REVERTED,
        purpose="close",
        idempotency_key=f"close:{hold.pk}:0",
        chain_id=scene.chain.deployment.chain_id,
        subject_id=hold.subject_id,
        **row,
    )
    assert chain_guard.guard() == 1
    assert chain_guard.guard() == 0, "it is under way"
    scene.finalise()
    assert scene.books() == {"contract": -CAP, "available": CAP}


def test_a_late_deposit_of_somebody_restricted_does_not_go_back(scene: Scene, clock):
    hold = scene.open_hold()
    assert scene.pay(prepare_deposit(hold.pk))
    clock.advance(hours=1)
    scene.finalise()
    Restriction.objects.create(party=scene.renter, reason_code="sdn", imposed_by="test")
    assert chain_escrow.return_deposit(hold.pk) is None
    assert chain_guard.guard() == 1, "the wallet is frozen"
    scene.finalise()
    assert ChainEvent.objects.filter(name="AccountFrozen").count() == 1
    assert scene.books() == {"contract": -CAP, "held": CAP}
    sweep = blocked_property.sweep_property
    assert (sweep(actor=TESTER), sweep(actor=TESTER)) == (1, 0)
    assert scene.books() == {"contract": -CAP, "blocked": CAP}
    assert chain_guard.guard() == 0
    hold.refresh_from_db()
    assert (hold.state, hold.blocked_minor) == (Hold.State.FAILED, CAP)


def test_a_late_deposit_that_was_blocked_goes_back_when_it_is_let_go(scene: Scene, clock):
    hold = scene.open_hold()
    assert scene.pay(prepare_deposit(hold.pk))
    clock.advance(hours=1)
    scene.finalise()
    # Two freezes, each undone: every one moves the money.
    for _ in range(2):
        restriction = Restriction.objects.create(party=scene.renter, reason_code="sdn", imposed_by="test")
        assert blocked_property.block_property([scene.renter.pk], actor=TESTER) == 1
        assert scene.books() == {"contract": -CAP, "blocked": CAP}
        Restriction.objects.filter(pk=restriction.pk).update(
            lifted_at=time.now(), lift_proposed_by="user:one", lifted_by="user:two"
        )
        assert blocked_property.sweep_property(actor=TESTER) == 1
        assert scene.books() == {"contract": -CAP, "held": CAP}
    assert scene.payer.address in wallets_in_use()
    assert chain_guard.guard() == 1
    scene.finalise()
    assert scene.books() == {"contract": -CAP, "available": CAP}
    assert wallets_in_use()[scene.payer.address] == scene.renter.pk, "the contract owes it still"
    assert scene.withdraw(scene.payer)
    scene.finalise()
    assert scene.payer.address not in wallets_in_use()
    assert verify_books().verified


def test_a_lost_task_costs_a_round_and_not_the_deposit(scene: Scene, clock):
    hold = scene.open_hold()
    assert scene.pay(prepare_deposit(hold.pk))
    clock.advance(hours=1)
    scene.finalise()
    assert chain_guard.guard() == 1
    assert chain_guard.guard() == 0
    scene.finalise()
    assert scene.books() == {"contract": -CAP, "available": CAP}


def test_a_hold_frozen_before_its_deposit_takes_it_blocked(scene: Scene):
    hold = scene.open_hold()
    assert scene.pay(prepare_deposit(hold.pk))
    holds.freeze_hold(hold.pk, "case", actor=TESTER)
    scene.finalise()
    hold.refresh_from_db()
    assert (hold.state, hold.blocked_minor) == (Hold.State.FROZEN, CAP)
    assert scene.books() == {"contract": -CAP, "blocked": CAP}


def test_tokens_sent_directly_are_in_no_books(scene: Scene):
    contract = scene.node.web3.eth.contract(address=scene.chain.deployment.token, abi=abi("TestUSDC"))
    data = contract.encode_abi("transfer", args=[scene.chain.deployment.escrow, 7])
    assert scene.send(scene.payer, scene.chain.deployment.token, data)
    scene.finalise()
    assert scene.books() == {}
    assert scene.chain.accounted() == 0
