"""Names that mislead other screenings: each is found, let pass or left to an officer, as a person would have it."""

import pytest

from compliance.engine.codec import Malformed
from compliance.engine.decide import decide
from compliance.engine.entities import described
from compliance.engine.screening import STRONG, THRESHOLD, WEAK, EntryFacts, ListedEntry, NameIndex, NameQuery
from tests.compliance.engine.world import NOW, PACK, codes, hit, lease

BORN = EntryFacts(("1970-05-05",))
LISTED = {
    "entity": (
        "CORP", "Corp International Ltd", "Huaxin Semiconductor (Shanghai) Co., Ltd.", "Brightwater Shipping Ltd",
        "Rosneft Oil Company", "Tranche 7 Holdings Limited",
    ),
    "person": (
        "Petr Sergeevich Ivanov", "Li Na", "Wang Wei", "김민", "Nguyen Hoa", "Aurelian Vexler",
    ),
}  # fmt: skip
INDEX = NameIndex.build(
    ListedEntry(name, kind, ((name, False),), BORN if kind == "person" else EntryFacts())
    for kind, names in LISTED.items()
    for name in names
)


def found(name, kind, *births):
    return {each.entry_key: each.strength for each in INDEX.search(NameQuery(name, kind, births))}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("CORP", {"CORP": WEAK}),
        ("Corp Ltd", {}),
        ("Company", {"CORP": WEAK}),
        ("Harbour Mills Corp", {}),
        ("International Trading Ltd", {}),
        ("Corp International", {"Corp International Ltd": WEAK}),
    ],
)
def test_words_that_every_company_has_prove_nothing(name, expected):
    assert found(name, "entity") == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Huaxin Semiconductor (Beijing) Co., Ltd.", {}),
        ("Brightwater Trading Ltd", {}),
        ("Rosneft Insurance Company", {}),
        ("Tranche 8 Holdings Limited", {"Tranche 7 Holdings Limited": WEAK}),
        ("Huaxin Semiconductor Shanghai", {"Huaxin Semiconductor (Shanghai) Co., Ltd.": STRONG}),
        ("Brightwater Shipping", {"Brightwater Shipping Ltd": STRONG}),
        ("Tranche 7 Holdings", {"Tranche 7 Holdings Limited": STRONG}),
    ],
)
def test_a_sister_company_is_not_the_listed_one(name, expected):
    assert found(name, "entity") == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Ivanov Petr Sergeevich", STRONG),
        ("Sergeevich Petr Ivanov", STRONG),
        ("IVANOV, Petr Sergeyevich", WEAK),
        ("Иванов Пётр Сергеевич", STRONG),
        ("Petr Ivanov", WEAK),
        ("Sergei Petrovich Ivanov", None),  # the father
        ("Petr Ivanovich Sergeev", None),
        ("Pavel Sergeevich Ivanov", None),  # the brother
    ],
)
def test_a_patronymic_counts_wherever_it_stands(name, expected):
    assert found(name, "person").get("Petr Sergeevich Ivanov") == expected


@pytest.mark.parametrize(
    ("name", "listed"),
    [("Li Na", "Li Na"), ("Na Li", "Li Na"), ("Wang Wei", "Wang Wei"), ("王伟", "Wang Wei"), ("김민", "김민"),
     ("Kim Min", "김민"), ("Nguyen Hoa", "Nguyen Hoa"), ("Nguyễn Hoa", "Nguyen Hoa")],
)  # fmt: skip
def test_a_name_of_two_syllables_is_reviewed_and_needs_a_second_fact_to_be_refused(name, listed):
    for births, strength, outcome in (((), WEAK, "REVIEW"), (("1970-05-05",), STRONG, "DENY")):
        assert found(name, "person", *births)[listed] == strength
        assert decide(lease(hits=(hit("renter", strength=strength),)), PACK).outcome == outcome
    refused = decide(lease(hits=(hit("renter", strength=WEAK),)), PACK)
    assert "sanctions_listed" not in codes(refused)


HIDING = (
    "Aurel\u200bian Vex\u200bler",
    "\u202eAurelian Vexler",
    "Aurelian\u2066 Vexler\u2069",
    "Au\u00adrelian Vexler",
    "\ufeffAurelian Vexler",
)


@pytest.mark.parametrize("hidden", HIDING)
def test_signs_that_nobody_sees_hide_nobody_and_are_refused_at_the_door(hidden):
    assert found(hidden, "person") == {"Aurelian Vexler": STRONG}
    with pytest.raises(Malformed, match="nobody sees"):
        described({"schema": "Person", "name": hidden}, NOW.date())


def test_a_name_of_ten_thousand_characters_is_refused_at_the_door_and_finds_nobody_wrongly():
    long = ("Aurelian Vexler " * 625).strip().ljust(10_000, "x")
    with pytest.raises(Malformed, match="10000 characters; at most"):
        described({"schema": "Person", "name": long}, NOW.date())
    assert all(each.score >= THRESHOLD for each in INDEX.search(NameQuery(long, "person")))
    assert found("x" * 10_000, "person") == {}
