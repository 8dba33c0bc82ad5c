"""Between deposit and payout, too: whoever uses a listed wallet is frozen, once, until officers say otherwise."""

from dataclasses import replace

import pytest

from compliance.base.actor import system
from compliance.models import Case, OracleAnswer, Party
from compliance.selectors.restrictions import is_restricted
from compliance.selectors.watchlists import current_versions
from compliance.services import cases, screening, wallet_answers
from compliance.services.wallet_watch import REASON, watch
from compliance.sources.wallet_oracle import evm_addresses
from tests.factories.compliance import OFFICER, SECOND_OFFICER, load_sample_lists, verified_company

pytestmark = pytest.mark.django_db

WATCH = system("wallet-watch")
CLEAN = "0x52908400098527886E0F7030069857D2E4169EE7"
LISTED = evm_addresses(["0x44e2a7e803519572b580a3db1d3991dd938df2ba"])[0]


@pytest.fixture
def lion() -> Party:
    load_sample_lists()
    return verified_company("Lion City Labs Pte Ltd", "SG")


def test_a_listed_wallet_that_was_never_linked_freezes_whoever_uses_it_once(lion: Party):
    assert [watch({LISTED: lion.pk, CLEAN: lion.pk}, actor=WATCH) for _ in range(2)] == [1, 0]
    assert is_restricted(lion.pk)
    case = Case.objects.get(reason_codes=[REASON])
    assert (case.kind, case.reason_codes, case.party) == ("screening_hit", [REASON], lion)
    assert LISTED not in case.summary


def test_a_wallet_that_is_not_listed_freezes_nobody(lion: Party):
    assert watch({CLEAN: lion.pk}, actor=WATCH) == 0
    assert watch({}, actor=WATCH) == 0
    assert not is_restricted(lion.pk)


def release(party: Party) -> None:
    for case in Case.objects.filter(reason_codes=[REASON], party=party).exclude(state="closed"):
        cases.propose_disposition(case.pk, "release", "different_party", "Not theirs.", actor=OFFICER)
        cases.approve_disposition(case.pk, "Agreed.", actor=SECOND_OFFICER)
    assert not is_restricted(party.pk)


def test_what_two_officers_released_is_not_frozen_again_while_the_listing_stays(lion: Party):
    watch({LISTED: lion.pk}, actor=WATCH)
    release(lion)
    assert watch({LISTED: lion.pk, CLEAN: lion.pk}, actor=WATCH) == 0
    assert not is_restricted(lion.pk)


def test_a_listing_in_other_words_or_by_another_list_is_a_new_question(lion: Party, monkeypatch):
    watch({LISTED: lion.pk}, actor=WATCH)
    release(lion)
    (entry,) = screening.wallet_hits([LISTED], tuple(current_versions()))
    newer, other = replace(entry, entry_hash="f" * 64), replace(entry, list_code="eu_fsf", external_id="EU.1")
    for listed_now in ([newer], [newer, other]):
        monkeypatch.setattr(screening, "wallet_hits", lambda *_, hits=tuple(listed_now): list(hits))
        assert [watch({LISTED: lion.pk}, actor=WATCH) for _ in range(2)] == [1, 0]
        assert is_restricted(lion.pk)
        release(lion)
        assert watch({LISTED: lion.pk}, actor=WATCH) == 0


def test_another_wallet_of_a_party_that_was_released_is_a_new_question(lion: Party, monkeypatch):
    watch({LISTED: lion.pk}, actor=WATCH)
    release(lion)
    hits = [*screening.wallet_hits([LISTED], tuple(current_versions()))]
    both = [*hits, *(replace(each, address=CLEAN) for each in hits)]
    monkeypatch.setattr(screening, "wallet_hits", lambda *_: both)
    assert watch({LISTED: lion.pk, CLEAN: lion.pk}, actor=WATCH) == 1
    assert is_restricted(lion.pk)


def test_what_the_second_source_says_counts_as_well(lion: Party, monkeypatch):
    asked: list[str] = []
    hit = wallet_answers.WalletHit(CLEAN, wallet_answers.CODE, wallet_answers.AUTHORITY, CLEAN, "somebody", "eip155:1")
    monkeypatch.setattr(wallet_answers, "ask", asked.extend)
    monkeypatch.setattr(wallet_answers, "heard", lambda *_: wallet_answers.Heard(None, (hit,)))
    assert watch({CLEAN: lion.pk}, actor=WATCH) == 1
    assert asked == [CLEAN]
    assert is_restricted(lion.pk)
    release(lion)
    assert watch({CLEAN: lion.pk}, actor=WATCH) == 0
    # It is named no more, and later again.
    OracleAnswer.objects.create(address=CLEAN, sanctioned=False, chain_id=1, block=20_000_000)
    assert watch({CLEAN: lion.pk}, actor=WATCH) == 1
    assert is_restricted(lion.pk)
