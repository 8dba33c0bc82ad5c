"""Lists at the pages: how each stands, what its versions changed, and how old it may grow."""

from html import unescape

import pytest
from django.urls import reverse

from compliance.base import clock as clocks
from compliance.base.actor import system
from compliance.base.audit import AuditEvent
from compliance.models import Watchlist, WatchlistVersion
from compliance.services import rescreening
from settlement.services.differences import Comparison, Difference, record
from tests.cast import Cast
from tests.compliance.services.lists_by_hand import screening_list

EVIL = "<script>alert(1)</script> Holdings"


@pytest.fixture
def versions(cast: Cast, tmp_path, clock) -> list[WatchlistVersion]:
    """Three versions of the US screening list: the first, one more entry and one changed, one gone."""
    path = tmp_path / "us_csl.csv"
    WatchlistVersion.objects.filter(watchlist="us_csl").update(state="superseded")
    kept, evil = (1, "Kestrel Harrow Logistics", {"programs": "SDGT"}), (2, EVIL, {})
    contents = ((kept,), ((1, "Kestrel Harrow Logistics", {"programs": "SDGT; IRAN"}), evil), (evil,))
    found = []
    for rows in contents:
        clock.advance(seconds=1)
        found.append(screening_list(path, *rows))
    return found


def text(response) -> str:
    """The page as people read it."""
    return " ".join(unescape(response.content.decode()).split())


def of(version: WatchlistVersion, **query: str) -> str:
    """The address of a version's page."""
    return reverse("web:list_version", args=["us_csl", version.pk], query=query)


def test_the_index_leads_to_each_list_with_its_last_change(cast: Cast, versions, browse):
    for who in (cast.olga, cast.ned):
        page = text(browse(who).get(reverse("web:watchlists")))
        assert reverse("web:watchlist", args=["us_csl"]) in page
        assert "+0 ~0 −1" in page
    assert reverse("web:watchlists") in text(browse(cast.olga).get("/"))
    assert reverse("web:watchlists") not in text(browse(cast.alice).get("/"))


def test_the_history_of_a_list_shows_every_version_with_what_it_changed(cast: Cast, versions, browse):
    page = text(browse(cast.olga).get(reverse("web:watchlist", args=["us_csl"])))
    for version in versions:
        assert of(version) in page
        assert version.sha256[:8] in page
    assert [(each.added, each.changed, each.removed) for each in versions[1:]] == [(1, 1, 0), (0, 0, 1)]
    assert 'data-label="Removed" class="right num">1<' in page
    assert "How old it may grow" not in page, "officers read, operators set"


def test_a_version_shows_each_entry_and_each_fact_that_differs(cast: Cast, versions, browse):
    client = browse(cast.olga)
    page = text(client.get(of(versions[1])))
    assert "Kestrel Harrow Logistics" in page
    for shown in ("Programmes", "IRAN, SDGT", "Added", "Changed"):
        assert shown in page
    assert "<script>alert(1)" not in client.get(of(versions[1])).content.decode(), "what a list says is only text"
    added = text(client.get(of(versions[1], state="added")))
    assert EVIL in added
    assert "IRAN" not in added
    assert "Kestrel Harrow Logistics" in text(client.get(of(versions[2], state="removed")))
    assert "no such entries" in text(client.get(of(versions[2], state="changed")))
    assert "The first version" in text(client.get(of(versions[0])))
    assert client.get(of(versions[1], state="evil", page="99")).status_code == 200


def test_a_version_of_another_list_or_an_unknown_one_is_not_found(cast: Cast, versions, browse):
    client = browse(cast.olga)
    assert client.get(reverse("web:list_version", args=["ofac_sdn", versions[0].pk])).status_code == 404
    assert client.get(reverse("web:watchlist", args=["evil"])).status_code == 404


def test_a_diff_costs_as_few_queries_however_long_it_is(
    cast: Cast, versions, browse, tmp_path, django_assert_max_num_queries
):
    rows = [(n, f"Qwist Company {n}", {}) for n in range(100, 160)]
    many = screening_list(tmp_path / "us_csl.csv", *rows)
    client = browse(cast.olga)
    with django_assert_max_num_queries(30):
        page = text(client.get(of(many)))
    assert "1–40 of 61 entries" in page


def test_an_operator_sets_the_limit_on_record_and_within_bounds(cast: Cast, browse):
    client, url = browse(cast.ned), reverse("web:list_limit", args=["us_csl"])
    page = text(client.post(url, {"hours": "24"}, follow=True))
    assert "for 1 d, the gate lets nothing through" in page
    assert Watchlist.objects.get(pk="us_csl").staleness_limit_seconds == 24 * 3600
    event = AuditEvent.objects.get(event="watchlist.staleness_limit_set")
    assert (event.actor, event.data["after_seconds"]) == (f"user:{cast.ned.pk}", 24 * 3600)
    for hours in ("0", "337", "-1", "1e9", "many", ""):
        assert "between 1 and 336" in text(client.post(url, {"hours": hours}, follow=True))
    assert client.post(reverse("web:list_limit", args=["evil"]), {"hours": "24"}).status_code == 404
    assert Watchlist.objects.get(pk="us_csl").staleness_limit_seconds == 24 * 3600


def test_a_stale_list_in_use_is_an_alarm_of_the_platform_and_one_never_loaded_is_not(cast: Cast, browse, clock):
    clock.advance(days=6)
    for row in WatchlistVersion.objects.filter(state="current").exclude(watchlist="eu_fsf"):
        WatchlistVersion.objects.filter(pk=row.pk).update(confirmed_at=clocks.now())
    clock.advance(days=2)
    page = text(browse(cast.ned).get(reverse("web:platform")))
    title = Watchlist.objects.get(pk="eu_fsf").title
    assert f"{title} is stale" in page
    assert page.count("is stale") == 1


def test_what_is_wrong_with_money_and_late_cases_are_alarms_of_the_platform(cast: Cast, browse, clock):
    page = text(browse(cast.ned).get(reverse("web:platform")))
    assert "and the books differ" not in page
    assert "Cases past their deadline" not in page
    found = Comparison("escrow", "USDC", 1, 2, 1, clocks.now(), [Difference("accounted", 1, 2, "what it owes", True)])
    record(found, actor=system("tests"))
    clock.advance(days=90)
    page = text(browse(cast.ned).get(reverse("web:platform")))
    assert "The escrow contract and the books differ" in page
    assert "Cases past their deadline" in page


def test_a_case_leads_to_the_list_of_its_match(cast: Cast, versions, browse, tmp_path, clock):
    rescreening.rescreen_after_list_changes(actor=system("tests"))
    clock.advance(seconds=1)
    screening_list(tmp_path / "us_csl.csv", (5, "LION CITY LABS PTE LTD", {"addresses": "Singapore, SG"}))
    rescreening.rescreen_after_list_changes(actor=system("tests"))
    case = cast.lion.party.cases.get(kind="screening_hit")
    client = browse(cast.olga)
    url = reverse("web:case", args=[case.pk])
    assert reverse("web:watchlist", args=["us_csl"]) in text(client.get(url))
    clock.advance(seconds=1)
    screening_list(tmp_path / "us_csl.csv")
    rescreening.rescreen_after_list_changes(actor=system("tests"))
    page = text(client.get(url))
    assert "Entry changed or gone" in page
    assert "No longer on us_csl" in page
    assert "What it rests on has changed" in page
