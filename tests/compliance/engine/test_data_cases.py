"""Packs of data answer their own cases: figures, levels, networks, places, retention, travel."""

import shutil

import pytest

from compliance.engine.data_cases import CasesInvalid, answer, data_mismatch, load_data_cases
from compliance.engine.levels import load_release
from compliance.engine.packs import POLICIES
from compliance.engine.releases import Manifest
from compliance.engine.retention import load_schedule
from compliance.engine.travel import load_rules

PACKS = ("accelerators", "identity", "networks", "places", "retention", "travel")
FOLDERS = [
    POLICIES / name
    for name in sorted({*Manifest.read(POLICIES).released, *Manifest.read(POLICIES).open})
    if name.partition("/")[0] in PACKS and name.rpartition("/")[2] > "2026-11-25"
]
CASES = [(folder, case) for folder in FOLDERS for case in load_data_cases(folder)]
NEWEST = {folder.parent.name: folder for folder in FOLDERS}


@pytest.mark.parametrize(
    ("folder", "case"), CASES, ids=[f"{folder.parent.name}/{folder.name}: {case.name}" for folder, case in CASES]
)
def test_a_pack_of_data_answers_its_own_cases(folder, case):
    assert case.expect
    assert data_mismatch(folder, case) == ""


def test_every_pack_of_data_carries_cases():
    assert set(NEWEST) == set(PACKS)
    for folder in FOLDERS:
        names = [case.name for case in load_data_cases(folder)]
        assert len(names) == len(set(names)) >= 5, folder


def test_the_cases_meet_every_rule_class_and_level():
    def told(pack, name):
        return [each for case in load_data_cases(NEWEST[pack]) for each in case.expect.get(name, ())]

    assert set(told("travel", "rules")) == {rule.code for rule in load_rules(NEWEST["travel"]).rules}
    clocks = {code for case in load_data_cases(NEWEST["retention"]) for code in case.given["clocks"]}
    assert clocks >= set(load_schedule(NEWEST["retention"]).classes)
    asked = {(case.given["level"], case.given["party_kind"]) for case in load_data_cases(NEWEST["identity"])}
    assert asked >= {(each.code, each.party_kind) for each in load_release(NEWEST["identity"]).levels}
    unmet = set(told("identity", "unmet"))
    assert unmet >= {"birth_date", "liveness", "owners", "registry_extract", "domain", "proof_of_address"}


def test_a_case_that_fails_says_how(tmp_path):
    folder, case = next((folder, case) for folder, case in CASES if folder.parent.name == "travel")
    wrong = type(case)(case.name, case.given, {"rules": ["none"], "waits": True})
    assert data_mismatch(folder, wrong) == f"{case.name}: {{'rules': ['eu_between_casps']}}, not {{'rules': ['none']}}"
    copy = shutil.copytree(folder, tmp_path / "travel" / folder.name)
    path = copy / "travel.toml"
    path.write_text(path.read_text().replace("threshold = 0", "threshold = 1", 1))
    assert data_mismatch(copy, case)


@pytest.mark.parametrize("content", ["", "cases = 3", 'cases = [{ name = "x" }]', "not toml ["])
def test_cases_that_cannot_be_read_are_refused(tmp_path, content):
    (tmp_path / "cases.toml").write_text(content)
    with pytest.raises(CasesInvalid):
        load_data_cases(tmp_path)


def test_a_case_must_give_what_its_pack_asks_for():
    for pack, given in (("travel", {}), ("places", {}), ("networks", {}), ("identity", {"level": "individual"})):
        with pytest.raises(CasesInvalid, match=pack):
            answer(NEWEST[pack], given)
    with pytest.raises(CasesInvalid, match="of this form"):
        answer(POLICIES / "gridclear" / "2026-11-26", {})
