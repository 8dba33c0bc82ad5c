"""Packs: released ones never change, their own cases hold, and the date picks the pack."""

import json
import shutil
import tomllib
from datetime import UTC, datetime

import pytest

from compliance.engine.cases import load_cases, mismatch
from compliance.engine.packs import (
    GRIDCLEAR,
    POLICIES,
    NoPackInForce,
    PackInvalid,
    load_pack,
    load_packs,
    manifest_of,
    pack_hash,
    pack_in_force,
    pack_labelled,
)
from compliance.engine.rules import RULES

FOLDERS = sorted(path.parent for path in GRIDCLEAR.glob("*/pack.toml"))
CASES = [(folder, case) for folder in FOLDERS for case in load_cases(folder)]


@pytest.mark.parametrize(("folder", "case"), CASES, ids=[case.name for _, case in CASES])
def test_a_pack_answers_its_own_cases(folder, case):
    assert mismatch(case, load_pack(folder)) == ""


def test_a_case_that_fails_says_how():
    folder, case = CASES[0]
    pack = load_pack(folder)
    wrong = type(case)(case.name, case.facts, "DENY", frozenset({"headquarters"}))
    assert "ALLOW [], not DENY ['headquarters']" in mismatch(wrong, pack)


def test_what_was_released_has_not_changed():
    released = tomllib.loads((POLICIES / "MANIFEST.toml").read_text())["released"]
    assert released == manifest_of(POLICIES)


def test_the_hash_sees_a_change_of_one_letter(tmp_path):
    copy = shutil.copytree(FOLDERS[0], tmp_path / "pack")
    before = pack_hash(copy)
    path = copy / "countries.toml"
    path.write_text(path.read_text().replace('members = ["MO"]', 'members = ["MA"]'))
    assert pack_hash(copy) != before


def test_every_rule_of_a_pack_is_written_and_cited():
    for pack in load_packs():
        for rule in pack.rules:
            assert rule.function in RULES
            assert rule.citation
            assert rule.source_url
            assert rule.effective
            # What is not the law is not dressed up as it.
            if rule.kind == "POLICY" and "CFR" in rule.citation:
                assert "Gridclear policy" in rule.citation


def test_words_for_the_renter_do_not_tip_off():
    telling = ("sanction", "list", "ofac", "screen", "match", "blocked", "red flag", "embargo")
    for pack in load_packs():
        for rule in pack.rules:
            words = f"{rule.renter_words} {rule.next_step}".casefold()
            assert not [word for word in telling if word in words], rule.code


def test_the_date_picks_the_pack_and_no_pack_is_no_answer():
    packs = load_packs()
    assert pack_in_force(datetime(2026, 11, 24, tzinfo=UTC), packs) == packs[-1]
    assert pack_labelled(packs[0].label, packs) == packs[0]
    with pytest.raises(NoPackInForce):
        pack_in_force(datetime(2019, 1, 1, tzinfo=UTC), packs)
    with pytest.raises(NoPackInForce):
        pack_labelled("gridclear@1999-01-01", packs)


@pytest.mark.parametrize("content", ["", "id = 3", "not toml ["])
def test_a_broken_pack_is_refused(tmp_path, content):
    copy = shutil.copytree(FOLDERS[0], tmp_path / "pack")
    (copy / "pack.toml").write_text(content)
    with pytest.raises(PackInvalid):
        load_pack(copy)


def test_country_groups_equal_the_reference(shared_data):
    groups = json.loads((shared_data / "country_groups.json").read_text())["groups"]
    tables = load_packs()[-1].countries
    day = datetime(2026, 11, 24, tzinfo=UTC).date()
    for name in ("D:1", "D:4", "D:5", "A:5", "A:6"):
        # Hong Kong counts as China under the EAR since 2020-12-23; the reference has it under CN.
        assert tables.members(name, day) - {"HK"} == set(groups[name]), name
    assert "HK" in tables.members("D:5", day)
    assert "KH" in tables.members("D:5", datetime(2026, 2, 2).date())
    assert "KH" not in tables.members("D:5", datetime(2026, 2, 3).date())
