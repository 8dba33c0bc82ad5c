"""Names are found among the listed ones, weighed with all that is known, and guarded against false alarms."""

import csv
import json

import pytest

from compliance.engine.country_names import country_code
from compliance.engine.screening import (
    STRONG,
    THRESHOLD,
    WEAK,
    EntryFacts,
    ListedEntry,
    NameIndex,
    NameQuery,
    compare,
    judge,
)
from compliance.sources.catalogue import read_list

NO_FACTS = EntryFacts()


def entry(key, kind, *names, weak=(), facts=NO_FACTS, marks=()):
    return ListedEntry(key, kind, tuple((name, name in weak) for name in names), facts, marks, f"note of {key}")


ENTRIES = (
    entry(
        "vadrik", "person", "Vadrik Osterlanov", "Вадрик Остерланов",
        facts=EntryFacts(("1961-04-17",), ("CY",), ("Passport QX4471902 (CY)",)), marks=("0xabc1",),
    ),
    entry("perihelion", "entity", "Perihelion Freight Brokerage FZE"),
    entry("aurelian", "entity", "Aurelian Compute GmbH", facts=EntryFacts(identifiers=("LEI 5493001KJTIIGC8Y1R12",))),
    entry("wei", "person", "Zhang Wei", facts=EntryFacts(("1970",), ("CN",))),
    entry("qaida", "entity", "Al-Qa'ida"),
    entry("nickname", "person", "Ferryman of Sample Bay", weak=("Ferryman of Sample Bay",)),
    entry("generic", "entity", "International Trading Company Ltd"),
    entry("single", "person", "Hannibal"),
    entry("unsaid", "unknown", "Corvane Maritsky"),
    entry("ship", "vessel", "Aurelian Compute"),
    entry("nobody", "entity", "..."),
)  # fmt: skip
INDEX = NameIndex.build(ENTRIES)


def best(name, kind="entity", **more):
    found = INDEX.search(NameQuery(name, kind, **more))
    return (found[0].entry_key, found[0].strength) if found else None


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("Aurelian Compute GmbH", "entity", ("aurelian", STRONG)),
        ("aurelian compute", "entity", ("aurelian", STRONG)),
        ("Aurelian Compute AG", "entity", ("aurelian", WEAK)),
        ("Aurellian Compute GmbH", "entity", ("aurelian", WEAK)),
        ("Aurelian Trading GmbH", "entity", None),
        ("Perihelion Freight Brokerage", "entity", ("perihelion", STRONG)),
        ("OSTERLANOV, Vadrik", "person", ("vadrik", STRONG)),
        ("Vadryk Osterlanow", "person", ("vadrik", WEAK)),
        ("Boris Osterlanov", "person", None),
        ("Al Qaida", "entity", ("qaida", STRONG)),
        ("Alqaida", "entity", ("qaida", STRONG)),
        ("Corvane Maritsky", "", ("unsaid", STRONG)),
        ("Corvane Maritsky", "person", ("unsaid", STRONG)),
        ("Maritsky, Corvane", "", ("unsaid", STRONG)),
        ("Lion City Labs Pte. Ltd.", "entity", None),
        ("Limmatrechner AG", "entity", None),
        ("Matilda Hargreaves", "person", None),
    ],
)
def test_who_is_found(name, kind, expected):
    assert best(name, kind) == expected


def test_vessels_are_found_only_when_asked_for():
    assert {each.entry_key for each in INDEX.search(NameQuery("Aurelian Compute", "entity"))} == {"aurelian"}
    assert {each.entry_key for each in INDEX.search(NameQuery("Aurelian Compute", ""))} == {"aurelian"}
    assert {each.entry_key for each in INDEX.search(NameQuery("MV Aurelian Compute", "vessel"))} == {"ship"}
    assert INDEX.search(NameQuery("Aurelian Compute", "aircraft")) == []


def test_every_candidate_says_why():
    (found,) = INDEX.search(NameQuery("Vadryk Osterlanov", "person", ("1961-04-17",), ("CY",)))
    assert found.features == (
        "'osterlanov' stands in both.",
        "'vadryk' sounds like 'vadrik' (-0.02).",
        "The date of birth agrees (+0.04).",
        "A country agrees.",
    )
    assert (found.strength, found.threshold, found.note) == (STRONG, THRESHOLD, "note of vadrik")


def test_another_date_of_birth_makes_another_person():
    asked = {
        day: INDEX.search(NameQuery("Vadrik Osterlanov", "person", (day,) if day else ()))[0]
        for day in ("", "1961-04-17", "1961", "1961-17-04", "1961-04-18", "1999-01-01")
    }
    assert {day: found.strength for day, found in asked.items()} == {
        "": STRONG, "1961-04-17": STRONG, "1961": STRONG, "1961-17-04": WEAK, "1961-04-18": WEAK, "1999-01-01": WEAK,
    }  # fmt: skip
    assert asked["1999-01-01"].score < asked["1961-17-04"].score < asked[""].score
    assert "Another date of birth speaks against it." in asked["1999-01-01"].features
    several = INDEX.search(NameQuery("Vadrik Osterlanov", "person", ("1999-01-01", "1961-04-17")))[0]
    assert several.strength == STRONG
    near = INDEX.search(NameQuery("Zhang Wei", "person", ("1971",)))[0]
    assert ("The date of birth is near, but another (-0.10)." in near.features, near.strength) == (True, WEAK)


@pytest.mark.parametrize(
    ("asked", "change", "strength"),
    [
        ("1977-05-05", 0.0, WEAK),
        ("1975", 0.0, WEAK),
        ("1980-12-31", 0.0, WEAK),
        ("1981", -0.1, WEAK),
        ("1982-01-01", -0.2, WEAK),
    ],
)
def test_a_birth_within_the_years_that_a_list_names_speaks_neither_for_nor_against(asked, change, strength):
    """It is no other date, which would hide whom the list means; nor a second fact: so many are born in those years."""
    index = NameIndex.build((entry("li", "person", "Li Na", facts=EntryFacts(("1975/1980",))),))
    (alone,) = index.search(NameQuery("Li Na", "person"))
    (found,) = index.search(NameQuery("Li Na", "person", (asked,)))
    assert round(found.score - alone.score, 4) == change
    assert found.strength == strength
    misspelt = NameQuery("Vadryk Osterlanow", "person", (asked,))
    spelt = NameIndex.build((entry("v", "person", "Vadrik Osterlanov", facts=EntryFacts(("1975/1980",))),))
    assert bool(spelt.search(misspelt)) == (change > -0.2)


def test_a_strong_name_stays_strong_within_the_years_and_not_outside():
    index = NameIndex.build((entry("v", "person", "Vadrik Osterlanov", facts=EntryFacts(("1975/1980",))),))
    found = {
        year: index.search(NameQuery("Vadrik Osterlanov", "person", (year,)))[0].strength for year in ("1977", "1981")
    }
    assert found == {"1977": STRONG, "1981": WEAK}


def test_a_country_weighs_a_little_and_settles_nothing():
    (elsewhere,) = INDEX.search(NameQuery("Vadrik Osterlanov", "person", countries=("JP",)))
    (there,) = INDEX.search(NameQuery("Vadrik Osterlanov", "person", countries=("CY",)))
    assert elsewhere.score < there.score
    assert best("Zhang Wei", "person", countries=("CN",)) == ("wei", WEAK)


def test_an_equal_identifier_settles_it_whatever_the_spelling():
    (found,) = INDEX.search(NameQuery("V. Osterlanof", "person", identifiers=("QX-4471902",)))
    assert (found.score, found.strength) == (1.0, STRONG)
    assert "An identifier is the same." in found.features
    (renamed,) = INDEX.search(NameQuery("Silver Birch Holdings", "entity", identifiers=("5493001KJTIIGC8Y1R12",)))
    assert (renamed.entry_key, renamed.score, renamed.strength) == ("aurelian", 1.0, WEAK)
    assert INDEX.search(NameQuery("Silver Birch Holdings", "entity", identifiers=("5493001KJTIIGC8Y1R13",))) == []
    assert INDEX.search(NameQuery("Silver Birch Holdings", "entity", identifiers=("12345",))) == []


def test_guards_keep_a_name_from_being_taken_for_proof():
    assert best("Zhang Wei", "person") == ("wei", WEAK)
    assert best("Zhang Wei", "person", birth_dates=("1970-05-05",)) == ("wei", STRONG)
    assert best("International Trading Company", "entity") == ("generic", WEAK)
    assert best("Ferryman of Sample Bay", "person") == ("nickname", WEAK)
    assert best("Vadrik Osterlanov", "entity") == ("vadrik", WEAK)
    assert best("Hannibal", "person") == ("single", WEAK)
    assert best("CORP", "entity") is None


def test_marks_are_found_exactly():
    assert [each.key for each in INDEX.marked("0xabc1")] == ["vadrik"]
    assert INDEX.marked("0xABC1") == []


def test_a_pair_is_judged_whatever_its_score():
    stranger = judge(NameQuery("Ann Marlow", "person"), ENTRIES[0])
    assert 0 <= stranger.score < THRESHOLD
    assert judge(NameQuery("Vadrik Osterlanov", "person"), ENTRIES[0]).score == 1.0


def test_an_empty_index_finds_nobody():
    empty = NameIndex.build(())
    assert len(empty) == 0
    assert empty.search(NameQuery("Anybody", "person")) == []
    assert len(INDEX) == sum(len(each.names) for each in ENTRIES) - 1  # "..." names nobody


def test_quality_on_the_public_pairs_does_not_fall(shared_data):
    """On nomenklatura's labelled pairs: precision 0.96, recall 0.92, F1 0.94 when this was written."""
    cases = json.loads((shared_data / "cases" / "nomenklatura_name_bench.json").read_text())["cases"]
    scored = [
        (compare(each["query"], each["candidate"], "person" if each["schema"] == "Person" else "entity"), each)
        for each in cases
    ]
    hits = sum(score >= THRESHOLD and each["should_match"] for score, each in scored)
    alarms = sum(score >= THRESHOLD and not each["should_match"] for score, each in scored)
    precision, recall = hits / (hits + alarms), hits / sum(each["should_match"] for each in cases)
    assert precision >= 0.94
    assert recall >= 0.89


@pytest.fixture(scope="module")
def sdn_2022(shared_data):
    entries = [
        ListedEntry(
            e.external_id,
            e.kind,
            tuple((name.name, name.strength == "weak") for name in e.names),
            EntryFacts(e.birth_dates, e.countries, e.identifiers),
        )
        for e in read_list(shared_data / "lists" / "ofac_sdn_2022.csv", "ofac_csv")
    ]
    return entries, NameIndex.build(entries)


def test_every_listed_party_is_found_by_its_own_name(sdn_2022):
    entries, index = sdn_2022
    asked = [each for each in entries if each.kind in ("person", "entity")][::25]
    missed = [
        each.names[0][0]
        for each in asked
        if each.key not in {found.entry_key for found in index.search(NameQuery(each.names[0][0], each.kind))}
    ]
    assert missed == []


def test_hardly_anyone_invented_is_taken_for_a_listed_person(sdn_2022, shared_data):
    _, index = sdn_2022
    with (shared_data / "fixtures" / "yente_negatives_us.csv").open() as rows:
        people = [row for number, row in enumerate(csv.DictReader(rows)) if number % 50 == 0]
    found = [
        index.search(
            NameQuery(row["full_name"], "person", (row["date_of_birth"],), (country_code(row["nationality"]),))
        )
        for row in people
    ]
    strong = sum(any(each.strength == STRONG for each in candidates) for candidates in found)
    assert strong == 0
    assert sum(map(bool, found)) / len(people) < 0.003
