"""Lists that are fetched: only what has changed is asked for, failures are waited out, and nobody fetches twice."""

import itertools
from datetime import timedelta

import httpx
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from compliance.base.actor import Actor, system
from compliance.base.audit import AuditEvent
from compliance.base.errors import Forbidden, InvalidInput
from compliance.models import Case, ListFetch, Watchlist, WatchlistVersion
from compliance.selectors.list_fetches import is_due, next_fetch_at
from compliance.selectors.watchlists import watchlist_status
from compliance.services import cases, list_fetches
from compliance.services.list_alarms import alarm_stale_lists
from compliance.services.list_fetches import fetch_due_lists, fetch_list
from compliance.services.list_registry import schedule_fetching
from compliance.services.watchlists import WatchlistRefused, load_watchlist
from compliance.sources.catalogue import KNOWN_LISTS, SAMPLES, KnownList, known_list
from compliance.sources.ofac_csv import set_of_urls
from tests.compliance.services.web_of_lists import web
from tests.factories.compliance import OFFICER, OPERATOR, SECOND_OFFICER

__all__ = ["web"]

pytestmark = pytest.mark.django_db

URL = "https://lists.example/sdn.xml"
SDN = (SAMPLES / "ofac_sdn_advanced.xml").read_bytes()
SDN_2 = (SAMPLES / "ofac_sdn_advanced_2.xml").read_bytes()
FETCHER = system("list-fetcher")
LOADER = Actor("operator", "tests")
BEARS = {"etag": 'W/"abc"', "last-modified": "Wed, 19 Nov 2025 10:00:00 GMT"}


def load(source=URL):
    return load_watchlist("ofac_sdn", source, actor=LOADER)


def outcomes():
    return list(ListFetch.objects.order_by("created_at", "id").values_list("outcome", flat=True))


def test_a_server_is_asked_only_for_what_has_changed_and_its_304_confirms(web, clock):
    web.answers = [httpx.Response(200, content=SDN, headers=BEARS), httpx.Response(304)]
    first = load()
    clock.advance(days=1)
    again = load()
    assert again == first
    assert again.confirmed_at == clock.now()
    assert WatchlistVersion.objects.count() == 1
    assert web.conditions == [{}, {"if-none-match": 'W/"abc"', "if-modified-since": BEARS["last-modified"]}]
    clock.advance(days=1)
    # The validators of the content outlive a 304 that repeats none.
    web.answers = [httpx.Response(304)]
    load()
    assert web.conditions[2] == web.conditions[1]
    assert outcomes() == ["loaded", "not_modified", "not_modified"]
    assert AuditEvent.objects.filter(event="watchlist.confirmed", data__how="not_modified").count() == 2


def test_the_same_content_is_confirmed_even_when_the_server_sends_it_again(web, clock):
    web.answers = [
        httpx.Response(200, content=SDN, headers=BEARS),
        httpx.Response(200, content=SDN, headers={"etag": "n"}),
    ]
    first = load()
    clock.advance(hours=1)
    assert load() == first
    web.answers = [httpx.Response(304)]
    clock.advance(hours=1)
    load()
    assert web.conditions[2] == {"if-none-match": "n"}
    assert outcomes() == ["loaded", "confirmed", "not_modified"]


def test_nothing_is_conditional_when_the_current_content_came_from_elsewhere(web, tmp_path, clock):
    web.answers = [httpx.Response(200, content=SDN, headers=BEARS), httpx.Response(200, content=SDN_2, headers=BEARS)]
    load()
    clock.advance(hours=1)
    path = tmp_path / "sdn.xml"
    path.write_bytes(SDN_2)
    by_hand = load(str(path))
    clock.advance(hours=1)
    assert load() == by_hand
    assert web.conditions == [{}, {}]


def test_a_304_that_nobody_asked_for_is_no_list(web):
    web.answers = [httpx.Response(304)]
    with pytest.raises(WatchlistRefused, match="answered 304"):
        load()
    assert not WatchlistVersion.objects.exists()
    assert outcomes() == ["failed"]


def test_validators_longer_than_any_honest_one_are_not_kept(web):
    web.answers = [httpx.Response(200, content=SDN, headers={"etag": "x" * 301, "last-modified": "y" * 65})]
    load()
    row = ListFetch.objects.get()
    assert (row.etag, row.last_modified) == ("", "")


def scheduled(url=URL, every=6 * 3600):
    return schedule_fetching("ofac_sdn", url, every, actor=OPERATOR)


def test_an_operator_says_where_a_list_is_fetched_on_record():
    row = scheduled("official")
    assert row.fetch_url.endswith("SDN_ADVANCED.XML")
    event = AuditEvent.objects.get(event="watchlist.fetching_scheduled")
    host = "sanctionslistservice.ofac.treas.gov"
    assert event.data == {"code": "ofac_sdn", "host": host, "every_seconds": 21600}
    assert scheduled("").fetch_url == ""


@pytest.mark.parametrize(
    ("url", "every", "why"),
    [
        ("http://lists.example/sdn.xml", 21600, "https"),
        ("https://user:secret@lists.example/sdn.xml", 21600, "without a login"),
        ("https://lists.example:8443/", 21600, "port"),
        ("https://lists.example:port/", 21600, "port"),
        ("/etc/passwd", 21600, "https"),
        (URL, 60, "every 15 minutes"),
        (URL, 5 * 24 * 3600, "at least twice"),
    ],
)
def test_no_list_is_fetched_from_elsewhere_or_too_often_or_too_seldom(url, every, why):
    with pytest.raises(InvalidInput, match=why):
        scheduled(url, every)
    assert not Watchlist.objects.exclude(fetch_url="").exists()


def test_a_list_without_an_official_address_needs_one_and_officers_set_none():
    with pytest.raises(InvalidInput, match="no official address"):
        schedule_fetching("opensanctions", "official", actor=OPERATOR)
    with pytest.raises(Forbidden):
        schedule_fetching("ofac_sdn", URL, actor=OFFICER)


def test_a_list_is_fetched_at_once_then_at_its_pace_more_or_less(web, clock):
    row = scheduled()
    assert is_due(row)
    web.answers = [httpx.Response(200, content=SDN, headers=BEARS)]
    assert fetch_list("ofac_sdn", actor=FETCHER)
    row.refresh_from_db()
    wait = next_fetch_at(row) - clock.now()
    assert timedelta(hours=5.4) <= wait <= timedelta(hours=6.6)
    assert not fetch_list("ofac_sdn", actor=FETCHER), "run again, it has nothing to do"
    clock.advance(seconds=int(wait.total_seconds()) + 1)
    web.answers = [httpx.Response(304)]
    assert fetch_list("ofac_sdn", actor=FETCHER)
    assert row.fetching_until is None
    assert outcomes() == ["loaded", "not_modified"]


def test_lists_do_not_all_come_at_one_moment(clock):
    row = scheduled()
    waits = set()
    for _ in range(20):
        ListFetch.objects.create(watchlist=row, source=URL, outcome="not_modified")
        waits.add(next_fetch_at(row) - clock.now())
        clock.advance(seconds=1)
    assert len(waits) > 15
    assert all(timedelta(hours=5.4) <= wait <= timedelta(hours=6.6) for wait in waits)


def test_a_server_that_fails_is_asked_less_and_less_and_the_list_grows_stale(web, clock):
    scheduled()
    row = Watchlist.objects.get(pk="ofac_sdn")
    waits = []
    for _ in range(12):
        web.answers = [httpx.Response(503)]
        assert fetch_list("ofac_sdn", actor=FETCHER)
        wait = next_fetch_at(row) - clock.now()
        waits.append(wait.total_seconds())
        clock.advance(seconds=int(wait.total_seconds()) + 1)
    assert 54 <= waits[0] <= 66
    assert all(later > earlier for earlier, later in itertools.pairwise(waits[:8]))
    assert waits[-1] <= 6.6 * 3600
    assert outcomes() == ["failed"] * 12
    web.answers = [httpx.Response(200, content=SDN)]
    fetch_list("ofac_sdn", actor=FETCHER)
    assert (next_fetch_at(row) - clock.now()) >= timedelta(hours=5.4), "after a success the pace is as before"


def test_content_that_is_refused_keeps_the_old_version_and_raises_one_alarm(web, clock):
    scheduled()
    web.answers = [
        httpx.Response(200, content=SDN),
        *(httpx.Response(200, content=b"<html>moved</html>") for _ in range(2)),
    ]
    fetch_list("ofac_sdn", actor=FETCHER)
    for _ in range(2):
        clock.advance(hours=8)
        assert fetch_list("ofac_sdn", actor=FETCHER)
    assert WatchlistVersion.objects.get(state="current").row_count == 6
    assert Case.objects.filter(kind="list_alarm").count() == 1
    assert outcomes() == ["loaded", "refused", "refused"]


def test_a_fetch_under_way_is_not_begun_again_until_it_must_have_died(web, clock):
    scheduled()
    Watchlist.objects.update(fetching_until=clock.now() + list_fetches.CLAIM_FOR)
    assert not fetch_list("ofac_sdn", actor=FETCHER)
    assert web.asked == []
    clock.advance(seconds=int(list_fetches.CLAIM_FOR.total_seconds()))
    web.answers = [httpx.Response(200, content=SDN)]
    assert fetch_list("ofac_sdn", actor=FETCHER)


def test_a_fetch_that_dies_gives_its_claim_back(web, monkeypatch):
    scheduled()

    def dies(*_, **__):
        raise MemoryError

    monkeypatch.setattr(list_fetches, "load_watchlist", dies)
    with pytest.raises(MemoryError):
        fetch_list("ofac_sdn", actor=FETCHER)
    assert Watchlist.objects.get(pk="ofac_sdn").fetching_until is None


def test_the_beat_sends_a_task_for_each_list_that_is_due(monkeypatch, clock):
    sent = []
    monkeypatch.setattr(list_fetches, "enqueue", lambda name, *args: sent.append((name, *args)))
    assert fetch_due_lists() == []
    scheduled()
    schedule_fetching("un_sc", "official", actor=OPERATOR)
    assert fetch_due_lists() == ["ofac_sdn", "un_sc"]
    ListFetch.objects.create(watchlist_id="un_sc", source=Watchlist.objects.get(pk="un_sc").fetch_url, outcome="failed")
    assert fetch_due_lists() == ["ofac_sdn"]
    assert sent[-1] == ("compliance.fetch_list", "ofac_sdn")


def test_no_list_is_fetched_unless_an_operator_said_so(web):
    load_watchlist("ofac_sdn", str(SAMPLES / "ofac_sdn_advanced.xml"), actor=LOADER)
    assert not fetch_list("ofac_sdn", actor=FETCHER)
    assert web.asked == []


def test_the_command_schedules_one_list_or_all_that_have_an_address(capsys):
    call_command("watchlists", "fetch", "all", "official", "--every-hours", "12")
    told = capsys.readouterr().out
    assert told.count("12:00:00") == sum(bool(known.source_url) for known in KNOWN_LISTS)
    call_command("watchlists", "status")
    assert "next fetch" in capsys.readouterr().out
    call_command("watchlists", "fetch", "un_sc", "off")
    assert "by hand" in capsys.readouterr().out
    with pytest.raises(CommandError, match="do not come from one address"):
        call_command("watchlists", "fetch", "all", URL)
    with pytest.raises(CommandError, match="https address"):
        call_command("watchlists", "fetch", "un_sc", "http://lists.example/")


CSV_URL = "https://lists.example/exports/CONS_PRIM.CSV"
CONS, CONS_ALT, CONS_ADD = ((SAMPLES / f"ofac_cons_{each}.csv").read_bytes() for each in ("prim", "alt", "add"))
CONS_MORE = b'990002,"alt. Passport Z5512909 (Cyprus); DOB 1967."\r\n'


def answered(*contents):
    return [httpx.Response(200, content=each) for each in contents]


def test_a_list_in_several_files_is_fetched_whole(web):
    """The alternate names, the addresses and the longer remarks come with the first file, each time."""
    web.answers = answered(CONS, CONS_ALT, CONS_ADD, CONS_MORE, CONS)
    first = load_watchlist("ofac_consolidated", CSV_URL, actor=LOADER)
    assert (first.format, first.state, web.answers) == ("ofac_cons_csv", "current", [])
    person = first.entries.get(external_id="990002")
    assert set(person.names.values_list("name", flat=True)) == {"Ansel MARDOLEK", "Anselm MARDOLECK"}
    assert "1967" in person.birth_dates
    assert any("Z5512909" in each for each in person.identifiers)
    web.answers = answered(CONS, CONS_ALT, CONS_ADD, CONS_MORE, CONS)
    assert load_watchlist("ofac_consolidated", CSV_URL, actor=LOADER) == first
    # Where only a name beside the first file changed, the list did.
    web.answers = answered(CONS, CONS_ALT.replace(b"FERROWICK BANK", b"FERROWICK BANQUE"), CONS_ADD, CONS_MORE, CONS)
    second = load_watchlist("ofac_consolidated", CSV_URL, actor=LOADER)
    assert (second.previous, second.changed) == (first, 1)
    assert web.conditions == [{}] * 15


def test_files_of_two_editions_are_no_list(web):
    web.answers = answered(CONS, CONS_ALT, CONS_ADD, CONS_MORE, CONS.replace(b"1966", b"1965"))
    with pytest.raises(WatchlistRefused, match="changed while they were fetched"):
        load_watchlist("ofac_consolidated", CSV_URL, actor=LOADER)
    web.answers = [httpx.Response(200, content=CONS), httpx.Response(404)]
    with pytest.raises(WatchlistRefused, match="answered 404"):
        load_watchlist("ofac_consolidated", CSV_URL, actor=LOADER)
    assert outcomes() == ["failed", "failed"]
    assert not WatchlistVersion.objects.exists()


def test_the_names_of_the_files_of_a_set_follow_the_first():
    sls = "https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports"
    assert list(set_of_urls(f"{sls}/SDN.CSV").items()) == [
        (name, f"{sls}/{name}") for name in ("SDN.CSV", "ALT.CSV", "ADD.CSV", "SDN_COMMENTS.CSV")
    ]
    assert list(set_of_urls("https://lists.example/cons_prim.csv")) == [
        "cons_prim.csv", "cons_alt.csv", "cons_add.csv", "cons_comments.csv",
    ]  # fmt: skip
    assert set_of_urls(f"{sls}/SDN_ADVANCED.XML") == set_of_urls("https://lists.example/get?file=sdn.csv") == {}


def test_an_older_list_comes_in_only_by_two_officers(web, tmp_path):
    load_watchlist("ofac_sdn", str(SAMPLES / "ofac_sdn_advanced_2.xml"), actor=LOADER)
    path = tmp_path / "older.xml"
    path.write_bytes(_of_day(SDN_2, 1))
    with pytest.raises(WatchlistRefused, match="older than the one in force"):
        load(str(path))
    case = Case.objects.get(kind=Case.Kind.LIST_ALARM)
    cases.propose_disposition(case.pk, "release", "list_is_sound", "The authority took it back.", actor=OFFICER)
    cases.approve_disposition(case.pk, "Checked on its site.", actor=SECOND_OFFICER)
    let_in = load_watchlist("ofac_sdn", str(path), actor=LOADER, allow_shrink=True, reference=str(case.number))
    assert let_in.state == "current"


def test_an_address_that_gives_the_same_old_list_for_ever_lets_it_grow_stale(web, clock):
    web.answers = [httpx.Response(200, content=SDN, headers=BEARS), *[httpx.Response(304)] * 2]
    load()
    known = known_list("ofac_sdn")
    clock.advance(days=known.newest_within.days - 10)
    load()
    assert not _stale()
    clock.advance(days=10)
    version = load()
    assert (version.confirmed_at, _stale()) == (clock.now(), True)
    # A file that an operator brought is the operator's word.
    WatchlistVersion.objects.filter(pk=version.pk).update(state="superseded")
    load_watchlist("ofac_sdn", str(SAMPLES / "ofac_sdn_advanced.xml"), actor=LOADER)
    assert not _stale()


def test_a_first_list_from_its_authority_has_as_many_entries_as_such_a_list_has(web, clock, monkeypatch):
    known = known_list("ofac_sdn")
    assert known.is_official(known.source_url)
    assert not known.is_official(URL)
    assert not known.is_official(str(known.sample))
    monkeypatch.setattr(KnownList, "is_official", lambda self, source: source == URL)
    web.answers = [httpx.Response(200, content=SDN)]
    with pytest.raises(WatchlistRefused, match="at least 9000"):
        load()
    assert load(str(known.sample)).state == "current"


def _stale():
    (status,) = [each for each in watchlist_status() if each.code == "ofac_sdn"]
    alarm_stale_lists(actor=FETCHER)
    alarms = Case.objects.filter(summary__startswith="The list ofac_sdn is older").count()
    assert alarms or status.state == "current"  # the alarm of an earlier day may still be open
    return status.state == "stale"


def _of_day(content, day):
    head, found, rest = content.partition(b"<Day>")
    return head + found + str(day).encode() + rest[rest.index(b"<") :]
