"""The index on disk: built once on a machine, shared by its processes, never trusted when damaged or out of date."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from compliance.engine.index.entries import entries_block
from compliance.engine.screening import EntryFacts, ListedEntry, NameIndex, NameQuery
from compliance.selectors.watchlists import current_versions
from compliance.services import index_files, screening_index
from compliance.services.index_files import shared
from tests.factories.compliance import load_sample_lists

ENTRIES = [
    ListedEntry("v", "person", (("Vadrik Osterlanov", False),), EntryFacts(("1961",))),
    ListedEntry("a", "entity", (("Aurelian Compute GmbH", False),)),
]


@pytest.fixture
def folder(settings, tmp_path):
    settings.GRIDCLEAR_INDEX_DIR = tmp_path / "index"
    return tmp_path / "index"


class Builder:
    """Counts how often it was asked."""

    def __init__(self):
        self.times = 0
        self._lock = threading.Lock()

    def __call__(self):
        with self._lock:
            self.times += 1
        return entries_block(ENTRIES)


def found(index):
    return [each.entry_key for each in index.search(NameQuery("Vadrik Osterlanov", "person"))]


def test_a_block_is_built_once_for_all(folder):
    build = Builder()
    with ThreadPoolExecutor(4) as pool:
        opened = list(pool.map(lambda _: shared("lists of today", build, NameIndex.opened), range(4)))
    assert build.times == 1
    assert all(found(each) == ["v"] for each in opened)
    assert [path.suffix for path in folder.iterdir() if path.name != "lock"] == [".index"]
    assert folder.stat().st_mode & 0o077 == 0


def test_other_lists_and_other_code_have_other_blocks(folder, monkeypatch):
    build = Builder()
    shared("lists of today", build, NameIndex.opened)
    shared("lists of tomorrow", build, NameIndex.opened)
    monkeypatch.setattr(index_files, "reader", lambda: "names are read otherwise now")
    shared("lists of today", build, NameIndex.opened)
    assert build.times == 3


def test_a_damaged_block_is_built_anew(folder, caplog):
    build = Builder()
    shared("lists", build, NameIndex.opened)
    (path,) = folder.glob("*.index")
    for content in (path.read_bytes()[:-8], b"", b"<html>"):
        path.write_bytes(content)
        with caplog.at_level(logging.WARNING):
            assert found(shared("lists", build, NameIndex.opened)) == ["v"]
    assert build.times == 4
    assert caplog.text.count("built anew") == 3


def test_of_the_older_blocks_a_few_stay(folder):
    opened = [shared(f"lists {number}", Builder(), NameIndex.opened) for number in range(8)]
    assert len(list(folder.glob("*.index"))) == 4
    assert found(opened[0]) == ["v"]  # what is mapped stays readable


def test_without_a_folder_the_block_is_the_process_s_own(settings, tmp_path, caplog):
    build = Builder()
    settings.GRIDCLEAR_INDEX_DIR = None
    assert found(shared("lists", build, NameIndex.opened)) == ["v"]
    blocked = tmp_path / "a file"
    blocked.write_text("")
    settings.GRIDCLEAR_INDEX_DIR = blocked / "index"
    with caplog.at_level(logging.WARNING):
        assert found(shared("lists", build, NameIndex.opened)) == ["v"]
    assert "not shared" in caplog.text
    assert build.times == 2


@pytest.mark.django_db
def test_a_new_process_opens_what_another_built(folder, monkeypatch, django_assert_num_queries):
    load_sample_lists()
    versions = tuple(current_versions())
    monkeypatch.setattr(screening_index, "_built", None)
    first = screening_index.current(versions)
    monkeypatch.setattr(screening_index, "_built", None)
    with django_assert_num_queries(0):
        second = screening_index.current(versions)
    assert len(first) == len(second) > 0
    asked = [NameQuery("Vadrik Osterlanov", "person")]
    assert first.candidates_of(asked, ()) == second.candidates_of(asked, ()) != []
