"""Lists: filters, order, pages, and a number of queries that does not grow with the rows."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from marketplace.models import Lease, Node
from marketplace.selectors.earnings import earnings_by_day, figures
from marketplace.selectors.gpu_models import gpu_models_on_offer
from marketplace.selectors.offers import OfferFilters, UnknownSort, search_offers
from marketplace.services import metering, sweeps
from tests.factories import marketplace as make


def browser(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def market(cast):
    """Three offers: H100s in Brisbane, RTX 3090s in Perth, dear H100s in Zurich."""
    bne = make.online_agent(cast.brisbane, cast.pia, name="bne-01")
    per = make.online_agent(
        cast.brisbane, cast.pia, name="per-01", gpus=f"{make.RTX_3090}:4", region="AU-WA", city="Perth"
    )
    zrh = make.online_agent(cast.brisbane, cast.pia, name="zrh-01", country="CH", region="CH-ZH", city="Zurich")
    return {
        "bne": make.offer_on(bne, cast.pia, price=249),
        "per": make.offer_on(per, cast.pia, "rtx-3090", price=22),
        "zrh": make.offer_on(zrh, cast.pia, price=399),
    }


def names(market, filters: OfferFilters) -> list[str]:
    by_id = {offer.pk: name for name, offer in market.items()}
    return [by_id[offer.pk] for offer in search_offers(filters)]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, ["per", "bne", "zrh"]),
        ({"sort": "-price"}, ["zrh", "bne", "per"]),
        ({"sort": "newest"}, ["zrh", "per", "bne"]),
        ({"sort": "-free"}, ["per"]),
        ({"gpu_models": ("h100-sxm",)}, ["bne", "zrh"]),
        ({"gpu_models": ("h100-sxm", "rtx-3090")}, ["per", "bne", "zrh"]),
        ({"gpu_count": 3}, ["per"]),
        ({"price_max_minor": 249}, ["per", "bne"]),
        ({"countries": ("ch",)}, ["zrh"]),
        ({"region": "au-wa"}, ["per"]),
        ({"memory_gib_min": 80}, ["bne", "zrh"]),
        ({"cpu_min": 65}, []),
        ({"ram_mib_min": 1024}, ["per", "bne", "zrh"]),
        ({"simulated": True}, ["per", "bne", "zrh"]),
        ({"simulated": False}, []),
    ],
)
def test_search(market, clock, filters, found):
    got = names(market, OfferFilters(**filters))
    if filters.get("sort") == "newest":
        assert set(got) == set(found)
    else:
        assert got[: len(found)] == found
        assert len(got) == (3 if "sort" in filters else len(found))


def test_an_unknown_order(market):
    with pytest.raises(UnknownSort):
        search_offers(OfferFilters(sort="luck"))


def test_what_is_taken_or_offline_is_not_on_offer(cast, market):
    make.open_lease(market["bne"], cast.alice, cast.lion, gpu_count=1)
    assert {offer.pk: offer.free_gpus for offer in search_offers(OfferFilters())}[market["bne"].pk] == 1
    assert names(market, OfferFilters(gpu_count=2, gpu_models=("h100-sxm",))) == ["zrh"]
    Node.objects.filter(name="zrh-01").update(state="offline")
    assert names(market, OfferFilters(gpu_models=("h100-sxm",))) == ["bne"]
    on_offer = {model.slug: (model.offers_now, model.lowest_price_minor) for model in gpu_models_on_offer()}
    assert on_offer == {"h100-sxm": (1, 249), "rtx-3090": (1, 22)}


def test_pages_by_cursor_neither_skip_nor_repeat(cast, market):
    alice, seen, url = browser(cast.alice), [], "/api/v1/offers?limit=1&sort=-price"
    while url:
        page = alice.get(url).json()
        seen += [offer["price_minor_per_gpu_hour"] for offer in page["results"]]
        url = page["next"]
    assert seen == [399, 249, 22]
    assert alice.get("/api/v1/offers?sort=luck").status_code == 422
    assert alice.get("/api/v1/offers?price_max_minor=x").status_code == 422
    assert alice.get("/api/v1/offers?country=CH&country=AU").status_code == 200


def queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as seen:
        assert client.get(url).status_code == 200
    return len(seen)


def test_lists_cost_the_same_for_one_row_and_for_many(cast):
    _agent, offer = cast.supply(gpus=f"{make.H100}:8")
    alice, pia = browser(cast.alice), browser(cast.pia)
    doors = [
        (alice, "/api/v1/leases"),
        (pia, "/api/v1/leases"),
        (alice, "/api/v1/offers"),
        (pia, "/api/v1/nodes"),
        (alice, "/api/v1/decisions"),
        (alice, "/api/v1/api-keys"),
    ]
    cast.lease(offer)
    before = [queries(*door) for door in doors]
    for number in range(3):
        cast.lease(offer)
        make.offer_on(make.online_agent(cast.brisbane, cast.pia, name=f"bne-1{number}"), cast.pia)
    assert [queries(*door) for door in doors] == before
    assert max(before) <= 8, before


def test_earnings_and_figures(cast, clock):
    agent, offer = cast.supply()
    lease = cast.lease(offer)
    sweeps.sweep_leases()
    agent.sync()
    agent.sync(agent.workload(lease))
    assert figures(cast.brisbane).leases_running == 1
    assert (figures(cast.brisbane).gpus, figures(cast.brisbane).gpus_taken) == (2, 1)
    clock.advance(seconds=3600)
    agent.sync(agent.workload(lease, "exited", 3600, exit_code=0))
    metering.settle_ended_leases()
    days = earnings_by_day(cast.brisbane, days=7)
    assert len(days) == 7
    assert [(day.earned_minor, day.leases, day.billed_seconds) for day in days if day.leases] == [(249, 1, 3600)]
    assert Lease.objects.get().state == "settled"
