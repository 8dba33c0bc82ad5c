"""Card testing: an organization begins so many deeds about its cards, by page and API together, and no more."""

import json
from datetime import UTC, datetime
from html import unescape
from uuid import uuid4

import pytest
from django.test import Client

from compliance.base.clock import ManualClock
from marketplace.services import api_keys, turns
from marketplace.services.turns import LIMITS, Deed, TooOften
from settlement.models import CardPayment
from tests.cast import Cast
from tests.factories.disputed import top_up_of

API = "/api/v1/top-ups"
AUTOMATIC = {"threshold_minor": 100, "amount_minor": 500, "monthly_limit_minor": 500, "payment_method": "pm_x"}


@pytest.fixture
def key(cast: Cast) -> str:
    """A key of Alice's for payments."""
    return api_keys.create_api_key(cast.lion, "pay", ["read", "payments"], user=cast.alice)[1]


def call(key: str, address: str, body: dict, once: str = "", method: str = "POST"):
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": once or str(uuid4())}
    return Client().generic(method, address, json.dumps(body), "application/json", headers=headers)


def spend(cast: Cast, deed: Deed, left: int = 0) -> None:
    """All turns of Lion City Labs but so many are taken."""
    for _ in range(LIMITS[deed].most - left):
        turns.take(cast.lion.pk, deed)


def test_top_ups_by_page_and_api_count_together_until_the_hour_is_over(cast, browse, key, clock: ManualClock):
    spend(cast, Deed.TOP_UP, left=2)
    wanted = {"amount_minor": 500, "payment_method": "pm_card_visa"}
    assert call(key, API, wanted, "first").status_code == 201
    form = {"amount_minor": "5.00", "payment_method": "pm_card_visa", "key": uuid4()}
    alice = browse(cast.alice)
    assert alice.post("/money", form).status_code == 302
    assert alice.post("/money", form).status_code == 302, "the same form again is the same top-up"
    assert call(key, API, wanted, "first").status_code == 201, "and so is the same key"
    refused = call(key, API, wanted, "second")
    told = refused.json()
    now = int(clock.now().timestamp())
    assert (refused.status_code, told["code"]) == (429, "too_often")
    assert int(refused["Retry-After"]) == told["retry_after_seconds"] == 3_600 - now % 3_600
    until = datetime.fromtimestamp(now - now % 3_600 + 3_600, UTC)
    assert f"10 top-ups an hour at most. Nothing was changed; try again from {until:%d %b, %H:%M} UTC" in told["detail"]
    shown = unescape(alice.post("/money", form | {"key": uuid4()}).content.decode())
    assert f"try again from {until:%d %b, %H:%M} UTC" in shown
    assert CardPayment.objects.filter(party=cast.lion.party).count() == 2
    clock.advance(seconds=told["retry_after_seconds"])
    assert call(key, API, wanted, "second").status_code == 201, "a refusal to wait is not the key's answer"


def test_a_strangers_turns_are_its_own_and_who_may_not_takes_none(cast: Cast, browse, key):
    spend(cast, Deed.TOP_UP)
    turns.take(cast.strange.pk, Deed.TOP_UP)
    for _ in range(LIMITS[Deed.SAVE_CARD].most + 1):
        assert browse(cast.bob).post("/money/card").status_code == 403
    turns.take(cast.lion.pk, Deed.SAVE_CARD)


def test_saving_cards_automatic_top_up_and_unused_money_are_limited_by_day(cast: Cast, browse, key):
    top_up_of(cast.lion.party)
    for deed in (Deed.SAVE_CARD, Deed.AUTO_TOP_UP, Deed.UNUSED_MONEY):
        spend(cast, deed)
    alice = browse(cast.alice)
    assert "10 cards a day at most" in alice.post("/money/card", follow=True).content.decode()
    assert call(key, "/api/v1/auto-top-up", AUTOMATIC, method="PUT").json()["code"] == "too_often"
    assert call(key, "/api/v1/unused-money", {"amount_minor": 100}).status_code == 429
    shown = alice.post("/money/unused", {"amount_minor": "1.00", "request_id": uuid4()}).content.decode()
    assert "10 requests for unused money a day at most" in shown


@pytest.mark.parametrize("deed", list(Deed))
def test_one_more_than_the_limit_is_refused_until_the_span_ends(clock: ManualClock, deed: Deed):
    organization, limit = uuid4(), LIMITS[deed]
    for _ in range(limit.most):
        turns.take(organization, deed)
    with pytest.raises(TooOften, match=limit.words) as refused:
        turns.take(organization, deed)
    wait = refused.value.extra["retry_after_seconds"]
    assert 0 < wait <= limit.seconds
    clock.advance(seconds=wait - 1)
    with pytest.raises(TooOften):
        turns.take(organization, deed)
    clock.advance(seconds=1)
    turns.take(organization, deed)
