"""Entities' names compared: each likeness beside the difference that it must not be taken for."""

import pytest

from compliance.engine.naming.prepare import ENTITY, prepare
from compliance.engine.naming.scoring import likeness
from compliance.engine.naming.words import NUMBER, PLACE, TRADE
from compliance.engine.screening import THRESHOLD

SAME, ALIKE, OTHER = "same", "alike", "other"


def verdict(first, second):
    found = likeness(prepare(first, ENTITY), prepare(second, ENTITY), ENTITY)
    if found.score < THRESHOLD:
        return OTHER
    return SAME if found.same else ALIKE


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        # forms: how they are written, in which language, of which kind
        ("Brightwater GmbH", "Brightwater G.m.b.H.", SAME),
        ("Brightwater GmbH", "Brightwater Ltd", SAME),
        ("Brightwater GmbH", "Brightwater", SAME),
        ("Brightwater GmbH", "Brightwater AG", ALIKE),
        ("BrightwaterAG", "Brightwater Aktiengeselschaft", SAME),
        ("OOO Baikal", "Общество с ограниченной ответственностью «Байкал»", ALIKE),
        ("Oyster Bay SA de CV", "Oyster Bay S.A.", SAME),
        ("The Brightwater Corporation", "Brightwater Company", SAME),
        ("Brightwater", "Brightwood", OTHER),
        # words of trade
        ("Brightwater Shipping Ltd", "Brightwater Trading Ltd", OTHER),
        ("Brightwater Shipping Ltd", "Brightwater Sudokhodnaya Kompaniya", ALIKE),
        ("Brightwater Systems Ltd", "Brightwater Ltd", OTHER),
        ("Brightwater Shipping Group", "Brightwater Shipping", ALIKE),
        ("Brightwater Int'l Bank", "International Bank Brightwater", SAME),
        ("Муромский приборостроительный завод", "Murom Instrument-Making Plant", ALIKE),
        ("Муромский приборостроительный завод", "Murom Machine-Building Plant", OTHER),
        ("华为技术有限公司", "Huawei Technologies Co., Ltd.", ALIKE),
        ("华为技术有限公司", "Huawei Trading Co., Ltd.", OTHER),
        ("شركة النورس للتجارة", "Al Nawras Trading Company", ALIKE),
        ("شركة النورس للتجارة", "Al Nawras Shipping Company", OTHER),
        # places
        ("Brightwater Bank", "Brightwater Bank (Singapore)", ALIKE),
        ("Brightwater Bank (Cyprus)", "Brightwater Bank (Singapore)", OTHER),
        ("Brightwater Schweiz AG", "Brightwater Switzerland AG", ALIKE),
        # numbers
        ("Brigade Forty-Four", "Brigade 44", ALIKE),
        ("Brigade 44", "Brigade 45", OTHER),
        ("Brightwater Fund I LP", "Brightwater Fund II LP", ALIKE),
        ("2nd Brightwater Brigade", "Second Brightwater Brigade", ALIKE),
        ("3%ers", "Three Percenters", ALIKE),
        # spelling and spaces
        ("Bright Water Ltd", "Brightwater Ltd", SAME),
        ("Brightwatter Ltd", "Brightwater Ltd", ALIKE),
        ("A.B.C. Ltd", "ABC Ltd", SAME),
        ("A.B.C. Ltd", "ABD Ltd", OTHER),
        ("BP plc", "BD plc", OTHER),
        ("H&M Hennig & Moritz", "H and M Hennig and Moritz", SAME),
        ("IRGC Air Force", "Islamic Revolutionary Guard Corps Air Force", ALIKE),
        ("IRGC Air Force", "International Rowing Guild Air Force", OTHER),
        # nothing that tells
        ("CORP", "Brightwater Corp", OTHER),
        ("International Trading", "International Trading Group", OTHER),
    ],
)
def test_names_of_entities(first, second, expected):
    assert verdict(first, second) == expected
    assert verdict(second, first) == expected


def test_a_form_is_read_wherever_it_stands_and_is_no_part_of_the_name():
    for form in ("GmbH", "G.m.b.H.", "Limited Liability Company", "Sp. z o.o.", "S.r.l.", "Pte. Ltd."):
        prepared = prepare(f"The AURELIAN Compute {form}", ENTITY)
        assert [word.text for word in prepared.words] == ["aurelian", "compute"], form
        assert prepared.forms == {"limited"}, form
    assert [word.text for word in prepare("Limited", ENTITY).words] == ["limited"]


def test_words_are_known_for_what_they_mean():
    words = prepare("2nd Brightwater Banco of Deutschland III", ENTITY).words
    assert {word.meaning for word in words if word.part == NUMBER} == {"2", "3"}
    assert {word.meaning for word in words if word.part == TRADE} == {"bank"}
    assert {word.meaning for word in words if word.part == PLACE} == {"germany"}


@pytest.mark.parametrize(
    ("name", "tells"),
    [
        ("Brightwater Trading", True),
        ("Bank of China", True),
        ("International Trading Company Ltd", False),
        ("CORP", False),
        ("General Trading", False),
    ],
)
def test_a_name_of_generic_words_tells_nobody_apart(name, tells):
    assert prepare(name, ENTITY).distinctive is tells
