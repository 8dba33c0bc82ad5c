"""Versions of a list are kept as they were loaded, with what each changed; the database holds everybody to it."""

import shutil

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from compliance.base.actor import Actor
from compliance.base.audit import AuditEvent
from compliance.base.errors import Forbidden, InvalidInput
from compliance.models import Case, ListChange, ListedParty, Watchlist, WatchlistVersion
from compliance.selectors.list_changes import change_views, changes_of, unscreened
from compliance.services.list_registry import UnknownWatchlist, set_staleness_limit
from compliance.services.watchlists import WatchlistRefused, load_watchlist
from compliance.sources.catalogue import KNOWN_LISTS, SAMPLES
from tests.factories.compliance import OFFICER, OPERATOR

pytestmark = pytest.mark.django_db

SDN = SAMPLES / "ofac_sdn_advanced.xml"
SDN_2 = SAMPLES / "ofac_sdn_advanced_2.xml"
LOADER = Actor("operator", "tests")


def load(source, code="ofac_sdn"):
    return load_watchlist(code, str(source), actor=LOADER)


@pytest.fixture
def changed_list(tmp_path):
    """The grown sample, in which one name is another too."""
    path = tmp_path / "sdn.xml"
    path.write_text(SDN_2.read_text().replace(">Osterlanoff<", ">Osterlanow<"))
    return path


def test_a_version_says_where_from_when_in_which_format_and_how_much(clock):
    version = load(SDN)
    assert (version.source, version.format) == (str(SDN), "ofac_advanced_xml")
    assert (version.published_on.isoformat(), version.fetched_at) == ("2026-11-20", clock.now())
    assert version.counts == {"parties": 6, "names": version.counts["names"], "wallets": 1}
    assert (version.previous, version.added, version.changed, version.removed) == (None, 6, 0, 0)
    assert not ListChange.objects.exists(), "all entries of a first version are new: it says so itself"


def test_what_a_version_changed_is_kept_with_it(changed_list):
    first = load(SDN)
    second = load(changed_list)
    assert (second.previous, second.added, second.changed, second.removed) == (first, 1, 1, 0)
    rows = {row.kind: row for row in changes_of(second)}
    old, new = (version.entries.get(external_id="900001") for version in (first, second))
    changed = rows["changed"]
    assert (changed.old_entry, changed.new_entry, changed.external_id) == (old, new, "900001")
    assert (changed.old_hash, changed.new_hash) == (old.entry_hash, new.entry_hash)
    assert old.entry_hash != new.entry_hash
    added = rows["added"]
    assert (added.old_entry, added.old_hash) == (None, "")
    assert added.new_entry.primary_name == "Aurelian Compute GmbH"
    event = AuditEvent.objects.get(event="watchlist.loaded", subject_id=str(second.pk))
    assert event.data["delta"] == {"added": 1, "changed": 1, "removed": 0}


def test_a_removal_is_kept_with_the_entry_that_went(tmp_path):
    names = [f"Invented Holding Number {number}" for number in range(40)]
    path = tmp_path / "dpl.txt"

    def write(kept):
        head = (SAMPLES / "bis_dpl.txt").read_text().splitlines()[0]
        lines = [f'"{name}"\t""\t""\t""\t"CY"\t""\t"01/02/2026"\t""\t"Y"\t""\t""\t""' for name in kept]
        path.write_text("\n".join([head, *lines]) + "\n")

    write(names)
    first = load(path, "bis_dpl")
    write(names[1:])
    second = load(path, "bis_dpl")
    (row,) = changes_of(second, "removed")
    assert (row.new_entry, row.new_hash, second.removed) == (None, "", 1)
    assert row.old_entry == first.entries.get(primary_name=names[0])


def test_as_many_new_entries_do_not_hide_that_old_ones_went(tmp_path):
    load(SAMPLES / "us_csl.csv", "us_csl")
    path = tmp_path / "us_csl.csv"
    path.write_text((SAMPLES / "us_csl.csv").read_text().replace("Halberd Ridge Avionics Plant", "Quite Another Plant"))
    with pytest.raises(WatchlistRefused, match="lacks 1 of the 6 entries before"):
        load(path, "us_csl")
    assert Case.objects.filter(kind="list_alarm").count() == 1
    assert not ListChange.objects.exists(), "what was refused left nothing behind"


def test_names_that_went_are_a_loss_too(tmp_path):
    load(SDN)
    path = tmp_path / "sdn.xml"
    text = SDN.read_text()
    while "Osterlanoff" in text or "Остерланов" in text:
        at = text.index("<Alias ", text.index('Primary="true" LowQuality', text.index("900001")) + 10)
        text = text[:at] + text[text.index("</Alias>", at) + len("</Alias>") :]
    path.write_text(text)
    with pytest.raises(WatchlistRefused, match="names shrank"):
        load(path)


def test_wallets_that_went_are_a_loss_too(tmp_path):
    load(SDN)
    path = tmp_path / "sdn.xml"
    path.write_text(SDN.read_text().replace("Digital Currency Address - ETH", "Something else"))
    with pytest.raises(WatchlistRefused, match="its wallets shrank from 1 to 0"):
        load(path)


def test_entries_are_never_changed_deleted_or_slipped_in_afterwards(changed_list):
    load(SDN)
    version = load(changed_list)
    entry = version.entries.first()
    deeds = {
        "UPDATE compliance_listedparty SET blocked = false": "kept as written",
        "DELETE FROM compliance_listedname": "kept as written",
        "UPDATE compliance_listedwallet SET address_key = 'x'": "kept as written",
        "DELETE FROM compliance_listchange": "kept as written",
        "UPDATE compliance_listfetch SET outcome = 'loaded'": "kept as written",
        "UPDATE compliance_watchlistversion SET sha256 = repeat('0', 64)": "kept as it was loaded",
        "UPDATE compliance_watchlistversion SET row_count = 1": "kept as it was loaded",
        "UPDATE compliance_watchlistversion SET fetched_at = now()": "kept as it was loaded",
        "DELETE FROM compliance_watchlistversion": "kept as written",
        f"INSERT INTO compliance_listedname (listed_party_id, name, weak) VALUES ('{entry.pk}', 'x', false)": "loading",
        "INSERT INTO compliance_listedwallet (listed_party_id, currency, address, address_key) "
        f"VALUES ('{entry.pk}', 'ETH', 'x', 'x')": "loading",
    }
    for sql, why in deeds.items():
        with pytest.raises(IntegrityError, match=why), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    with pytest.raises(IntegrityError, match="loading"), transaction.atomic():
        ListedParty.objects.create(version=version, external_id="x", kind="entity", primary_name="x", entry_hash="x")


def test_a_version_that_loads_keeps_where_it_came_from(clock):
    row = load(SDN)
    loading = WatchlistVersion.objects.create(
        watchlist=row.watchlist, state="loading", sha256="0" * 64, source="x", fetched_at=clock.now(),
        confirmed_at=clock.now(), state_deadline_at=clock.now(),
    )  # fmt: skip
    with pytest.raises(IntegrityError, match="came from"), transaction.atomic():
        WatchlistVersion.objects.filter(pk=loading.pk).update(source="elsewhere")


def test_the_difference_takes_the_same_queries_for_one_change_and_for_many(changed_list, tmp_path):
    load(SDN)
    version = load(changed_list)

    def queries(count):
        with CaptureQueriesContext(connection) as seen:
            views = change_views(changes_of(version)[:count])
        assert len(views) == count
        return len(seen)

    assert queries(1) == queries(2) <= 4
    (changed,) = change_views(changes_of(version, "changed"))
    (names,) = changed.fields
    assert names.label == "Names"
    assert "Osterlanoff" in names.before
    assert "Osterlanow" in names.after


def test_versions_that_were_skipped_count_into_what_parties_have_not_seen(changed_list, clock):
    first = load(SDN)
    assert unscreened(first).whole
    WatchlistVersion.objects.filter(pk=first.pk).update(rescreened_at=clock.now())
    clock.advance(hours=1)
    load(changed_list)
    clock.advance(hours=1)
    third = load(SDN_2)
    changes = unscreened(third)
    assert not changes.whole
    fresh = set(ListedParty.objects.filter(pk__in=changes.fresh).values_list("external_id", flat=True))
    assert fresh == {"900001", "900007"}, "one changed and changed back, one came"
    assert changes.gone == {"900001"}
    assert {row.version for row in ListedParty.objects.filter(pk__in=changes.fresh)} == {third}


def test_a_version_of_the_legacy_format_is_one_with_the_files_beside_it(tmp_path):
    for name in ("ofac_cons_prim.csv", "ofac_cons_alt.csv", "ofac_cons_add.csv"):
        shutil.copy(SAMPLES / name, tmp_path / name)
    first = load(tmp_path / "ofac_cons_prim.csv", "ofac_consolidated")
    assert load(tmp_path / "ofac_cons_prim.csv", "ofac_consolidated") == first
    names = tmp_path / "ofac_cons_alt.csv"
    names.write_text(names.read_text().replace("FERROWICK BANK", "FERROWICK BANQUE"))
    second = load(tmp_path / "ofac_cons_prim.csv", "ofac_consolidated")
    assert (second.changed, second.format) == (1, "ofac_cons_csv")
    names.unlink()
    with pytest.raises(WatchlistRefused, match="lacks the file of alternate names"):
        load(tmp_path / "ofac_cons_prim.csv", "ofac_consolidated")


@pytest.mark.parametrize("seconds", [3600, 14 * 24 * 3600])
def test_an_operator_sets_how_old_a_list_may_grow_on_record(seconds):
    row = set_staleness_limit("un_sc", seconds, actor=OPERATOR)
    assert Watchlist.objects.get(pk="un_sc").staleness_limit_seconds == row.staleness_limit_seconds == seconds
    event = AuditEvent.objects.get(event="watchlist.staleness_limit_set")
    assert event.data == {"code": "un_sc", "before_seconds": 7 * 24 * 3600, "after_seconds": seconds}
    assert event.actor == OPERATOR.ref


@pytest.mark.parametrize("seconds", [0, 3599, 14 * 24 * 3600 + 1, 10**9])
def test_no_limit_is_set_beyond_two_weeks_or_below_an_hour(seconds):
    with pytest.raises(InvalidInput, match="between 1 hour and 14 days"):
        set_staleness_limit("un_sc", seconds, actor=OPERATOR)
    load(SAMPLES / "un_consolidated.xml", "un_sc")
    with pytest.raises(IntegrityError), transaction.atomic():
        Watchlist.objects.filter(pk="un_sc").update(staleness_limit_seconds=seconds)


def test_only_operators_set_it_and_only_for_lists_that_exist():
    with pytest.raises(Forbidden):
        set_staleness_limit("un_sc", 7200, actor=OFFICER)
    with pytest.raises(UnknownWatchlist):
        set_staleness_limit("nowhere", 7200, actor=OPERATOR)
    assert not AuditEvent.objects.filter(event="watchlist.staleness_limit_set").exists()


def test_the_command_tells_of_every_list_its_versions_and_their_differences(capsys, changed_list):
    load(SDN)
    version = load(changed_list)
    call_command("watchlists", "status")
    told = capsys.readouterr().out
    assert "ofac_sdn: current, 7 entries" in told
    assert all(f"{known.code}: missing" in told for known in KNOWN_LISTS if known.code != "ofac_sdn")
    call_command("watchlists", "history", "ofac_sdn")
    assert "7 entries: +1 ~1 -0" in capsys.readouterr().out
    call_command("watchlists", "diff", "ofac_sdn")
    told = capsys.readouterr().out
    assert "changed 900001 Vadrik Osterlanov" in told
    assert "Osterlanoff" in told
    assert "added" in told
    call_command("watchlists", "diff", "ofac_sdn", str(version.previous_id))
    assert "The first version: 6 entries." in capsys.readouterr().out


def test_the_command_sets_limits_and_refuses_aloud(capsys):
    call_command("watchlists", "limit", "un_sc", "48")
    assert "after 48 h" in capsys.readouterr().out
    with pytest.raises(CommandError, match="between 1 hour and 14 days"):
        call_command("watchlists", "limit", "un_sc", "400")
    with pytest.raises(CommandError, match="never loaded"):
        call_command("watchlists", "diff", "un_sc")
