"""Loading lists: immutable versions, one current; what is no list, or too little of one, changes nothing."""

from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from compliance.base.actor import Actor, system
from compliance.base.errors import InvalidInput
from compliance.models import Case, ListedParty, ListFetch, WatchlistVersion
from compliance.selectors.list_changes import delta
from compliance.selectors.watchlists import watchlist_status
from compliance.services import cases, list_alarms, watchlists
from compliance.services.watchlists import UnknownWatchlist, WatchlistRefused, load_watchlist
from compliance.sources import download
from compliance.sources.catalogue import KNOWN_LISTS, SAMPLES, reader
from compliance.sources.download import Fetched, Validators
from tests.compliance.services.web_of_lists import web
from tests.factories.compliance import OFFICER, SECOND_OFFICER

__all__ = ["web"]

pytestmark = pytest.mark.django_db

OPERATOR = Actor("operator", "tests")
SDN = str(SAMPLES / "ofac_sdn_advanced.xml")
SDN_2 = str(SAMPLES / "ofac_sdn_advanced_2.xml")
SHRUNKEN = str(SAMPLES / "ofac_sdn_advanced_shrunken.xml")


def load(source, code="ofac_sdn", **more):
    return load_watchlist(code, source, actor=OPERATOR, **more)


def current(code="ofac_sdn"):
    return WatchlistVersion.objects.get(watchlist=code, state="current")


def test_a_list_is_loaded_with_names_and_wallets(clock):
    version = load(SDN)
    assert version.state == "current"
    assert version.row_count == version.entries.count() == 6
    assert version.counts["names"] > 6
    wallet = ListedParty.objects.get(primary_name="Nightjar Tumbler Collective").wallets.get()
    assert wallet.address != wallet.address.lower()
    assert wallet.address_key == wallet.address.lower()
    assert ListedParty.objects.get(primary_name="Nightjar Tumbler Collective").authority == "OFAC"


def test_the_same_content_is_only_confirmed(clock):
    first = load(SDN)
    clock.advance(days=1)
    again = load(SDN)
    assert again.pk == first.pk
    assert again.confirmed_at == clock.now()
    assert again.fetched_at < clock.now()
    assert WatchlistVersion.objects.count() == 1


def test_what_other_code_read_is_read_again(monkeypatch):
    url = "https://lists.example/sdn.xml"
    asked = []

    @contextmanager
    def answers(source, validators):
        asked.append(validators)
        yield Fetched(Path(SDN), Validators('"one"', ""))

    monkeypatch.setattr(watchlists, "downloaded", answers)
    with monkeypatch.context() as before:
        before.setattr(watchlists, "reader", lambda: "an older reader")
        first = load(url)
        assert load(url).pk == first.pk
    again = load(url)
    assert (again.state, again.sha256, again.read_by) == ("current", first.sha256, reader())
    assert (again.added, again.changed, again.removed) == (0, 0, 0)
    assert load(url).pk == again.pk
    assert [each.etag for each in asked] == ["", '"one"', "", '"one"']


def test_a_newer_list_supersedes_and_the_difference_is_known():
    old, new = load(SDN), load(SDN_2)
    old.refresh_from_db()
    assert (old.state, new.state) == ("superseded", "current")
    changed = delta(old.pk, new.pk)
    assert [ListedParty.objects.get(pk=row).primary_name for row in changed.added.values()] == ["Aurelian Compute GmbH"]
    assert changed.changed == changed.removed == {}
    back = delta(new.pk, old.pk)
    assert list(back.removed) == list(changed.added)


def test_a_shrunken_list_is_refused_kept_out_and_alarmed():
    version = load(SDN)
    with pytest.raises(WatchlistRefused, match="shrank"):
        load(SHRUNKEN)
    assert current().pk == version.pk
    refused = WatchlistVersion.objects.get(state="refused")
    assert refused.entries.count() == 0
    case = Case.objects.get(kind="list_alarm")
    assert case.subject_id == refused.pk
    status = next(each for each in watchlist_status() if each.code == "ofac_sdn")
    assert "shrank" in status.refusal
    assert status.refusal.endswith(".")
    with pytest.raises(WatchlistRefused):
        load(SHRUNKEN)
    assert Case.objects.count() == 1


def test_a_shrunken_list_comes_in_only_by_four_eyes(tmp_path):
    load(SDN)
    with pytest.raises(WatchlistRefused):
        load(SHRUNKEN)
    case = Case.objects.get()
    for reference in ("", str(case.number), "999", "x"):
        with pytest.raises(InvalidInput):
            load(SHRUNKEN, allow_shrink=True, reference=reference)
    cases.propose_disposition(case.pk, "release", "list_is_sound", "The authority delisted them.", actor=OFFICER)
    cases.approve_disposition(case.pk, "Checked on its site.", actor=SECOND_OFFICER)
    # The permission is for the content that the officers saw.
    other = tmp_path / "other.xml"
    other.write_text((SAMPLES / "ofac_sdn_advanced_shrunken.xml").read_text() + "\n<!-- another -->")
    with pytest.raises(WatchlistRefused):
        load(str(other), allow_shrink=True, reference=str(case.number))
    assert load(SHRUNKEN, allow_shrink=True, reference=str(case.number)).state == "current"


@pytest.mark.parametrize(
    "content",
    [b"", b"<!DOCTYPE html><html>sorry</html>", b"not a list at all", b"<Sanctions>", b"PK\x03\x04zip", b"\x00" * 64],
)
@pytest.mark.parametrize("code", [known.code for known in KNOWN_LISTS])
def test_what_is_no_list_changes_nothing(tmp_path, content, code):
    before = load(str(next(known.sample for known in KNOWN_LISTS if known.code == code)), code)
    path = tmp_path / "upload"
    path.write_bytes(content)
    with pytest.raises(WatchlistRefused, match="version before stays"):
        load(str(path), code)
    assert current(code).pk == before.pk
    assert Case.objects.filter(kind="list_alarm").count() == 1


@pytest.mark.parametrize(
    ("before", "after"),
    [("QUILLAMORE", "QUILLA\\u0000MORE"), ("QUILLAMORE", "QUILLA\\ud800MORE"), ("QUILLAMORE", "Q" * 10_000)],
)
def test_a_list_with_what_cannot_be_kept_is_refused_with_its_case(tmp_path, before, after):
    present = load(str(SAMPLES / "us_csl.json"), "us_csl")
    path = tmp_path / "list.json"
    path.write_text((SAMPLES / "us_csl.json").read_text().replace(before, after))
    with pytest.raises(WatchlistRefused, match="version before stays"):
        load(str(path), "us_csl")
    assert current("us_csl").pk == present.pk
    assert ListedParty.objects.exclude(version=present).count() == 0
    assert Case.objects.filter(kind="list_alarm").count() == 1
    assert ListFetch.objects.filter(outcome="refused").count() == 1


def test_half_a_file_changes_nothing(tmp_path):
    before = load(SDN)
    path = tmp_path / "half.xml"
    path.write_bytes((SAMPLES / "ofac_sdn_advanced_2.xml").read_bytes()[:-2000])
    with pytest.raises(WatchlistRefused):
        load(str(path))
    assert current().pk == before.pk
    assert ListedParty.objects.exclude(version=before).count() == 0


def test_unknown_lists_and_missing_files_are_refused(tmp_path):
    with pytest.raises(UnknownWatchlist):
        load(SDN, "nowhere")
    with pytest.raises(WatchlistRefused, match="could not be read"):
        load(str(tmp_path / "none.xml"))
    assert not WatchlistVersion.objects.exists()


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/list.xml",
        "ftp://example.org/list.xml",
        "file:///etc/passwd",
        "https://user:secret@example.org/list.xml",
        "https://example.org:8443/list.xml",
        "https://127.0.0.1/list.xml",
        "https://[::1]/list.xml",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.7/list.xml",
        "https://localhost/list.xml",
    ],
)
def test_only_https_from_public_addresses(url):
    with pytest.raises(WatchlistRefused):
        load(url)
    assert not WatchlistVersion.objects.exists()


def test_a_download_asks_the_address_that_was_checked(web):
    web.answers = [
        httpx.Response(302, headers={"location": "https://other.example/sdn.xml"}),
        httpx.Response(200, content=(SAMPLES / "ofac_sdn_advanced.xml").read_bytes()),
    ]
    assert load("https://lists.example/sdn.xml").row_count == 6
    assert web.asked == [
        ("93.184.215.14", "lists.example", "lists.example"),
        ("93.184.215.15", "other.example", "other.example"),
    ]


@pytest.mark.parametrize(
    "answers",
    [
        [httpx.Response(302, headers={"location": "https://evil.example/sdn.xml"})],
        [httpx.Response(302, headers={"location": "http://other.example/sdn.xml"})],
        [httpx.Response(302, headers={"location": "https://lists.example/again"}) for _ in range(7)],
        [httpx.Response(503)],
    ],
)
def test_a_download_follows_only_where_it_may(web, answers):
    web.answers = answers
    with pytest.raises(WatchlistRefused):
        load("https://lists.example/sdn.xml")
    assert not WatchlistVersion.objects.exists()


def test_a_download_has_a_largest_size(web, monkeypatch):
    monkeypatch.setattr(download, "MAX_BYTES", 1000)
    web.answers = [httpx.Response(200, content=b"x" * 1001)]
    with pytest.raises(WatchlistRefused, match="larger"):
        load("https://lists.example/sdn.xml")


def test_a_load_that_died_is_swept(clock):
    load(SDN)
    row = current()
    dead = WatchlistVersion.objects.create(
        watchlist=row.watchlist,
        state="loading",
        state_deadline_at=clock.now() + watchlists.LOAD_WITHIN,
        sha256="0" * 64,
        source="x",
        fetched_at=clock.now(),
        confirmed_at=clock.now(),
    )
    assert list_alarms.sweep_unfinished_loads(actor=OPERATOR) == 0
    clock.advance(hours=1)
    assert list_alarms.sweep_unfinished_loads(actor=OPERATOR) == 1
    dead.refresh_from_db()
    assert dead.state == "refused"


def test_stale_and_missing_lists_are_alarmed_once(clock):
    for known in KNOWN_LISTS:
        load(str(known.sample), known.code)
    assert list_alarms.alarm_stale_lists(actor=system("watchlists")) == 0
    clock.advance(days=7)
    for _ in range(2):
        assert list_alarms.alarm_stale_lists(actor=system("watchlists")) == len(KNOWN_LISTS)
    assert Case.objects.filter(kind="list_alarm").count() == len(KNOWN_LISTS)
    assert {each.state for each in watchlist_status()} == {"stale"}


def test_a_list_that_is_not_required_is_missed_only_once_it_is_in_use(clock):
    required = sum(known.required for known in KNOWN_LISTS)
    assert list_alarms.alarm_stale_lists(actor=system("watchlists")) == required
    load(str(SAMPLES / "eu_fsf.xml"), "eu_fsf")
    clock.advance(days=7)
    assert list_alarms.alarm_stale_lists(actor=system("watchlists")) == required + 1


def test_the_command_loads_samples_and_refuses_aloud(capsys):
    call_command("load_watchlists", "--samples")
    told = capsys.readouterr().out
    assert all(f"{known.code}: " in told for known in KNOWN_LISTS)
    with pytest.raises(CommandError):
        call_command("load_watchlists", "ofac_sdn", SHRUNKEN)
    with pytest.raises(CommandError):
        call_command("load_watchlists", "ofac_sdn", SHRUNKEN, "--allow-shrink", "1")
    with pytest.raises(CommandError):
        call_command("load_watchlists")
    assert current().row_count == 6


def test_the_screen_command_explains(capsys):
    with pytest.raises(CommandError):
        call_command("screen", "Vadrik Osterlanov", "--kind", "person")
    call_command("load_watchlists", "--samples")
    call_command("screen", "Vadrik Osterlanov", "--kind", "person")
    assert "ofac_sdn:900001" in capsys.readouterr().out
    call_command("screen", "Lion City Labs Pte Ltd")
    assert "No match." in capsys.readouterr().out


@pytest.mark.shared_data
def test_a_real_un_list_is_loaded(shared_data):
    version = load(str(shared_data / "lists" / "un_consolidated_watchman.xml"), "un_sc")
    assert version.row_count == 730 + 273
