"""Packs: released ones never change, their own cases hold, and the date picks the pack."""

import json
import re
import shutil
import subprocess
import tomllib
from datetime import UTC, date, datetime

import pytest

from compliance.engine.cases import load_cases, mismatch
from compliance.engine.decide import decide
from compliance.engine.outcome import ABOUT
from compliance.engine.packs import (
    GRIDCLEAR,
    POLICIES,
    NoPackInForce,
    PackInvalid,
    load_pack,
    load_packs,
    pack_as_of,
    pack_in_force,
    pack_labelled,
)
from compliance.engine.releases import Altered, Manifest, folder_hash, seal
from compliance.engine.rules import RULES
from tests.compliance.engine.world import codes, entity, lease

FOLDERS = sorted(path.parent for path in GRIDCLEAR.glob("*/pack.toml"))
CASES = [(folder, case) for folder in FOLDERS for case in load_cases(folder)]
ROOT = POLICIES.parent.parent


@pytest.mark.parametrize(("folder", "case"), CASES, ids=[f"{folder.name}: {case.name}" for folder, case in CASES])
def test_a_pack_answers_its_own_cases(folder, case):
    assert mismatch(case, load_pack(folder)) == ""


NEWER = [folder for folder in FOLDERS if folder.name > "2026-11-24"]


@pytest.mark.parametrize("folder", NEWER, ids=[folder.name for folder in NEWER])
def test_every_rule_has_a_case_that_trips_it_and_a_neighbour_that_does_not(folder):
    cases = load_cases(folder)
    told_only = {"chips"}  # explains, and trips nothing
    for rule in load_pack(folder).rules:
        tripping = [case for case in cases if rule.code in case.reasons]
        neighbours = [case for case in cases if case.beside == rule.code]
        assert tripping or rule.code in told_only, rule.code
        assert neighbours, rule.code
        for neighbour in neighbours:
            assert rule.code not in neighbour.reasons, neighbour.name
            nearest = min((len(differences(neighbour.facts, each.facts)) for each in tripping), default=0)
            assert nearest <= 2, f"{neighbour.name} is no neighbour of what trips {rule.code}"


def differences(one, other):
    mine, theirs = one.to_json(), other.to_json()
    return {name for name in {*mine, *theirs} if mine.get(name) != theirs.get(name)}


@pytest.mark.parametrize("folder", NEWER, ids=[folder.name for folder in NEWER])
def test_every_rule_says_what_it_is_about(folder):
    """Renting compute is kept apart from exporting the chip."""
    for rule in load_pack(folder).rules:
        assert rule.about in ABOUT, rule.code
        if rule.about == "rental" and rule.outcome == "DENY":
            assert rule.kind != "LAW", rule.code


def test_a_case_that_fails_says_how():
    folder, case = CASES[0]
    pack = load_pack(folder)
    wrong = type(case)(case.name, case.facts, "DENY", frozenset({"headquarters"}))
    assert "ALLOW [], not DENY ['headquarters']" in mismatch(wrong, pack)


def test_what_was_released_has_not_changed():
    manifest = Manifest.read(POLICIES)
    there = {path.parent.relative_to(POLICIES).as_posix() for path in POLICIES.glob("*/*/*.toml")}
    assert there == {*manifest.released, *manifest.open}
    assert not set(manifest.released) & set(manifest.open)
    assert manifest.released == {name: folder_hash(POLICIES / name) for name in manifest.released}


def test_no_commit_changed_a_line_that_was_released():
    """What git knows of the manifest: a hash once written stands in every later version.

    Before the manifest told open folders from released ones, a pack in work had its line too: those do not count.
    """
    path = (POLICIES / "MANIFEST.toml").relative_to(ROOT).as_posix()
    log = git("log", "--format=%H", "--", path)
    if log is None:
        pytest.skip("not a git checkout, or without its history")
    versions = [tomllib.loads(git("show", f"{commit}:{path}") or "") for commit in log.split()]
    now = Manifest.read(POLICIES).released
    for version in versions:
        if "open" in version:
            assert version["released"].items() <= now.items()


def git(*words):
    try:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout


@pytest.fixture
def house(tmp_path):
    """A copy of the policies with the newest pack open."""
    copy = shutil.copytree(POLICIES, tmp_path / "policies")
    shutil.copytree(FOLDERS[-1], copy / "gridclear" / "2099-01-01")
    path = copy / "MANIFEST.toml"
    path.write_text(path.read_text().replace("open = [", 'open = [\n  "gridclear/2099-01-01",\n', 1))
    return copy


def test_a_released_pack_that_was_altered_on_the_disk_is_refused(house):
    assert len(load_packs(house / "gridclear")) == len(FOLDERS) + 1
    path = house / "gridclear" / "2026-11-24" / "countries.toml"
    path.write_text(path.read_text().replace('members = ["MO"]', 'members = ["MA"]'))
    with pytest.raises(PackInvalid, match="not what was released"):
        load_packs(house / "gridclear")


def test_a_pack_that_nobody_listed_is_never_in_force(house):
    shutil.copytree(FOLDERS[-1], house / "gridclear" / "2020-01-01")
    assert len(load_packs(house / "gridclear")) == len(FOLDERS) + 1


def test_an_open_pack_is_sealed_once_and_stands_still_from_then_on(house):
    name = "gridclear/2099-01-01"
    sealed = seal(house, name)
    manifest = Manifest.read(house)
    assert (manifest.released[name], name in manifest.open) == (sealed, False)
    assert load_packs(house / "gridclear")
    with pytest.raises(Altered, match="released before"):
        seal(house, name)
    with pytest.raises(Altered, match="not listed as open"):
        seal(house, "gridclear/1999-01-01")
    (house / name / "cases.toml").write_text("")
    with pytest.raises(PackInvalid):
        load_packs(house / "gridclear")


def test_the_hash_sees_a_change_of_one_letter(tmp_path):
    copy = shutil.copytree(FOLDERS[0], tmp_path / "pack")
    before = folder_hash(copy)
    path = copy / "countries.toml"
    path.write_text(path.read_text().replace('members = ["MO"]', 'members = ["MA"]'))
    assert folder_hash(copy) != before


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


def test_the_newest_pack_tells_policy_from_law_and_red_flag():
    """POLICY says that it is Gridclear's own; LAW and RED_FLAG rest on a source outside of it (ADR 11)."""
    for rule in load_pack(FOLDERS[-1]).rules:
        if rule.kind == "POLICY":
            assert rule.citation.startswith("Gridclear policy"), rule.code
        else:
            assert rule.source_url.startswith("https://"), rule.code
            assert re.search(r"\d{2,}|[A-Z]{2,}", rule.citation.replace("Gridclear policy", "")), rule.code


def test_words_for_the_renter_do_not_tip_off():
    telling = ("sanction", "list", "ofac", "screen", "match", "blocked", "red flag", "embargo")
    for pack in load_packs():
        for rule in pack.rules:
            words = f"{rule.renter_words} {rule.next_step}".casefold()
            assert not [word for word in telling if word in words], rule.code


def test_the_date_picks_the_pack_and_no_pack_is_no_answer():
    packs = load_packs()
    assert pack_in_force(datetime(2026, 11, 24, 23, 59, tzinfo=UTC), packs).version == "2026-11-24"
    assert pack_in_force(datetime(2026, 11, 25, tzinfo=UTC), packs).version == "2026-11-25"
    assert pack_labelled(packs[0].label, packs) == packs[0]
    with pytest.raises(NoPackInForce):
        pack_in_force(datetime(2019, 1, 1, tzinfo=UTC), packs)
    with pytest.raises(NoPackInForce):
        pack_labelled("gridclear@1999-01-01", packs)


def test_before_the_first_pack_its_rules_say_since_when_they_hold():
    packs = load_packs()
    first = packs[0]
    assert pack_as_of(datetime(2026, 11, 25, tzinfo=UTC), packs).version == "2026-11-25"
    assert pack_as_of(datetime(2023, 11, 16, tzinfo=UTC), packs) == first
    assert pack_as_of(datetime(2020, 1, 1, tzinfo=UTC), packs) == first
    with pytest.raises(NoPackInForce, match="hold only from 2020-01-01"):
        pack_as_of(datetime(2019, 12, 31, tzinfo=UTC), packs)
    with pytest.raises(NoPackInForce):
        pack_as_of(datetime(2026, 11, 25, tzinfo=UTC), ())


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


@pytest.mark.parametrize(
    ("country", "day", "inside"),
    [
        ("NI", (2024, 1, 10), False),
        ("NI", (2024, 3, 14), False),
        ("NI", (2024, 3, 15), True),  # 89 FR 18780
        ("CY", (2024, 1, 10), True),
        ("CY", (2024, 5, 29), True),
        ("CY", (2024, 5, 30), False),  # 89 FR 40369
        ("CY", (2026, 11, 26), False),
    ],
)
def test_nicaragua_and_cyprus_are_in_d5_on_their_days(country, day, inside):
    pack = load_pack(FOLDERS[-1])
    assert (country in pack.countries.members("D:5", date(*day))) == inside
    as_of = datetime(*day, tzinfo=UTC)
    facts = lease(as_of=as_of, renter=entity("renter", country))
    assert ("headquarters" in codes(decide(facts, pack))) == inside
