"""Between deposit and payout, too: whoever uses a listed wallet is frozen, once, until officers say otherwise."""

import pytest

from compliance.base.actor import system
from compliance.models import Case, Party
from compliance.selectors.restrictions import is_restricted
from compliance.services import cases, wallet_answers
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


def test_what_two_officers_released_is_not_frozen_again(lion: Party):
    watch({LISTED: lion.pk}, actor=WATCH)
    case = Case.objects.get(reason_codes=[REASON])
    cases.propose_disposition(case.pk, "release", "different_party", "Not theirs.", actor=OFFICER)
    cases.approve_disposition(case.pk, "Agreed.", actor=SECOND_OFFICER)
    assert not is_restricted(lion.pk)
    assert watch({LISTED: lion.pk}, actor=WATCH) == 0
    assert not is_restricted(lion.pk)


def test_what_the_second_source_says_counts_as_well(lion: Party, monkeypatch):
    asked: list[str] = []
    hit = wallet_answers.WalletHit(CLEAN, wallet_answers.CODE, wallet_answers.AUTHORITY, CLEAN, "somebody", "eip155:1")
    monkeypatch.setattr(wallet_answers, "ask", asked.extend)
    monkeypatch.setattr(wallet_answers, "heard", lambda *_: wallet_answers.Heard(None, (hit,)))
    assert watch({CLEAN: lion.pk}, actor=WATCH) == 1
    assert asked == [CLEAN]
    assert is_restricted(lion.pk)
