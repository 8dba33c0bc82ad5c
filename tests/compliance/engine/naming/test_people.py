"""People's names compared: each likeness beside the difference that it must not be taken for."""

import pytest

from compliance.engine.naming.prepare import PERSON, prepare
from compliance.engine.naming.scoring import likeness
from compliance.engine.naming.words import FATHER, GIVEN, INITIAL, PATRONYMIC, TITLE
from compliance.engine.screening import THRESHOLD

# The same but for how it is written; to be looked at; another.
SAME, ALIKE, OTHER = "same", "alike", "other"


def compared(first, second):
    return likeness(prepare(first, PERSON), prepare(second, PERSON), PERSON)


def verdict(first, second):
    found = compared(first, second)
    if found.score < THRESHOLD:
        return OTHER
    return SAME if found.same else ALIKE


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        # order, commas, titles, particles
        ("Ann Lee Marlow", "MARLOW, Ann Lee", SAME),
        ("Ann Lee Marlow", "Dr. Ann Lee Marlow", SAME),
        ("Ann Lee Marlow", "Ann Lee Hartley", OTHER),
        ("Basil al-Hamdi", "Basil Hamdi", SAME),
        ("Basil al-Hamdi", "Hatem al-Hamdi", OTHER),
        # middle names left out, and replaced
        ("Ann Marlow", "Ann Lee Marlow", ALIKE),
        ("Ann Joy Marlow", "Ann Lee Marlow", OTHER),
        ("Marlow", "Ann Lee Marlow", OTHER),
        # initials
        ("A. L. Marlow", "Ann Lee Marlow", ALIKE),
        ("AL. Marlow", "Ann Lee Marlow", OTHER),
        ("JC Bressard", "Jean-Claude Bressard", ALIKE),
        ("B. Marlow", "Ann Marlow", OTHER),
        ("William G. Marlow", "William W. Marlow", OTHER),
        # typing errors and other words
        ("Ann Marlwo", "Ann Marlow", ALIKE),
        ("Ann Marlowe", "Ann Marlow", ALIKE),
        ("Ann Marbury", "Ann Marlow", OTHER),
        ("AnnMarlow", "Ann Marlow", SAME),
        ("Ann Mar low", "Ann Marlow", SAME),
        ("4nn M4rlow", "Ann Marlow", SAME),
        ("Ordnassel Marlow", "Lessandro Marlow", ALIKE),  # written backwards
        # short forms
        ("Ted Marlow", "Theodore Marlow", ALIKE),
        ("Ted Marlow", "Edward Marlow", ALIKE),
        ("Ted Marlow", "Thomas Marlow", OTHER),
        # a woman's name and a man's
        ("Martin Weber", "Martin Weber Koch", ALIKE),
        # names said twice
        ("Ann Ann Marlow", "Ann Marlow", ALIKE),
        ("Hamad Mohamed Mohamed Saleh", "Hamad Osman Mohamed Saleh", OTHER),
    ],
)
def test_names_in_latin_letters(first, second, expected):
    assert verdict(first, second) == expected
    assert verdict(second, first) == expected


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("Ivan Petrovich Sidorov", "Sidorov Ivan Petrovich", SAME),
        ("Ivan Petrovich Sidorov", "Ivan Sidorov", ALIKE),
        ("Ivan Petrovich Sidorov", "Ivan P. Sidorov", ALIKE),
        ("Ivan Petrovich Sidorov", "Ivan Sergeevich Sidorov", OTHER),
        ("Ivan Petrovich Sidorov", "Petr Ivanovich Sidorov", OTHER),
        ("Ivan Sidorov", "Ivanovich Sidorov", OTHER),
        ("Salman bin Harith al-Wadi", "SALMAN BIN HARITH AL WADI", SAME),
        ("Salman bin Harith al-Wadi", "Harith bin Salman al-Wadi", OTHER),
        ("Salman Harith al-Wadi", "Harith Salman al-Wadi", OTHER),
        ("Harith bin Salman", "bin Salman Harith", SAME),
        ("Oskar Anselm Brunner", "Anselm Oskar Brunner", ALIKE),
        ("Nikolai Mikhalkin", "Mikalai Mikhalkin", ALIKE),
        ("Andrei Mikhalkin", "Mikalai Mikhalkin", OTHER),
        ("Nikolai Nikolaevich Gaichuk", "Mikalai Mikalaevich Gaichuk", ALIKE),
        ("Friedrich, Hans", "Hans Friedrich", SAME),
        ("Friedrich, Hans", "Hans, Friedrich", OTHER),
    ],
)
def test_fathers_sons_and_the_order_of_names(first, second, expected):
    assert verdict(first, second) == expected
    assert verdict(second, first) == expected


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("Вадрик Остерланов", "Vadrik Osterlanov", SAME),
        ("Вадрик Остерланов", "Vadryk Osterlanow", ALIKE),
        ("Вадрик Остерланов", "Vadrik Petrovsky", OTHER),
        ("Володимир Зеленчук", "Vladimir Selentschuk", ALIKE),
        ("Илья Зеленчук", "Vladimir Selentschuk", OTHER),
        ("محمد رضا رحیمی", "Mohammad Reza Rahimi", ALIKE),
        ("محمد رضا رحیمی", "Mahmoud Reza Karimi", OTHER),
        ("فرناندو بيريز", "Fernando Pérez", ALIKE),
        ("فرناندو بيريز", "Fernando Ruiz", OTHER),
        ("عبد الرحمن السوداني", "Abdurrahman Al-Sudani", ALIKE),
        ("علی‌رضا نوری", "Ali Reza Nouri", ALIKE),
        ("בנימין לוינסקי", "Binyamin Levinski", ALIKE),
        ("בנימין לוינסקי", "Binyamin Cohen", OTHER),
        ("ბარაკ ობამა", "Barak Obama", SAME),
        ("バラク・オバマ", "Barack Obama", ALIKE),
    ],
)
def test_names_across_scripts(first, second, expected):
    assert verdict(first, second) == expected
    assert verdict(second, first) == expected


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("习近平", "Xi Jinping", SAME),
        ("习近平", "Jinping Xi", SAME),
        ("习近平", "Hsi Chin-p'ing", ALIKE),
        ("Xi Jinping", "Hsi Chin-ping", ALIKE),
        ("习近平", "Xi Jinan", OTHER),
        ("习近平", "习近朋", OTHER),
        ("丁仲禮", "丁仲礼", SAME),  # traditional and simplified
        ("高石早苗", "高市早苗", OTHER),  # read alike in Mandarin
        ("김정은", "Kim Jong Un", ALIKE),
        ("김정은", "Kim Jong Il", OTHER),
        ("Pak Chong-hui", "Park Jeong Hee", ALIKE),
        ("Pak Chong-hui", "Park Jeong Su", OTHER),
        ("曾庆红", "Zeng Qinghong", SAME),  # as a family name; elsewhere it is read ceng
        ("峰晨王", "Chen Wang", OTHER),  # every syllable is the name
    ],
)
def test_names_of_east_asia(first, second, expected):
    assert verdict(first, second) == expected
    assert verdict(second, first) == expected


def test_the_parts_of_a_name_are_known():
    words = {word.text: word for word in prepare("Dr. Salman ibn Harith A. al-Wadi", PERSON).words}
    assert "dr" not in words
    assert words["harith"].role == FATHER
    assert words["a"].part == INITIAL
    petrovich = prepare("Petrovich Ivan Petrovich", PERSON).words
    assert [word.part == PATRONYMIC for word in petrovich] == [False, False, True]
    assert [word.role == GIVEN for word in prepare("Marlow, Ann Lee", PERSON).words] == [True, True, False]
    assert [word.part == TITLE for word in prepare("Sultan Ahmad Sultan", PERSON).words] == [True, False, False]
    assert [word.text for word in prepare("Ann Lee Marlow LLC", PERSON).words] == ["ann", "lee", "marlow"]
    assert [word.text for word in prepare("Abd el-Rahman Hadi", PERSON).words] == ["abdul", "rahman", "hadi"]


def test_the_sentences_add_up_to_the_score():
    found = compared("Vadryk Osterlanof", "OSTERLANOV, Vadrik Petrovich")
    assert found.why == [
        "'vadryk' sounds like 'vadrik' (-0.02).",
        "'osterlanof' sounds like 'osterlanov' (-0.01).",
        "Only one has 'petrovich' (-0.02).",
    ]
    assert found.score == pytest.approx(1 - sum(cost.cost for cost in found.costs), abs=1e-4)
    assert compared("Ann Marlow", "Ann Marlow").why == ["The names are the same."]
