"""`screen` against the sample lists: answers best first, many schemata, bad lines, one name in words; and the guide."""

import json
import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from marketplace.config.settings.environment import ROOT
from tests.compliance.commands.lines import run
from tests.factories.compliance import load_sample_lists

GUIDE = ROOT / "docs" / "guides" / "batch.md"
EXAMPLE = re.compile(r"```jsonl (\w+)\n(.*?)```\s+```jsonl answer\n(.*?)```", re.DOTALL)
FIRST = {"schema": "Person", "name": "Vadrik Osterlanov"}


@pytest.fixture
def lists(db):
    """The sample lists are loaded."""
    load_sample_lists()


def keys(answer):
    return [(each["list"], each["id"], each["match"]) for each in answer["matches"]]


@pytest.mark.parametrize("name", ["classify", "ownership", "compare", "screen"])
def test_the_guide_tells_what_is_answered(name, request, tmp_path):
    if name == "screen":
        request.getfixturevalue("lists")
    examples = [found for found in EXAMPLE.findall(GUIDE.read_text()) if found[0] == name]
    assert examples
    for _, asked, told in examples:
        answers, fine = run(name, tmp_path, asked.splitlines())
        assert answers == [json.loads(line) for line in told.splitlines()]
        assert fine is not any("error" in each for each in answers)


def test_matches_have_their_keys_and_the_best_comes_first(lists, tmp_path):
    (answer,), fine = run("screen", tmp_path, [FIRST])
    assert fine
    assert set(answer) == {"matches"}
    for match in answer["matches"]:
        assert set(match) == {"list", "id", "name", "score", "match", "why"}
        assert match["match"] is True
        assert match["why"]
    scores = [match["score"] for match in answer["matches"]]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == 1.0
    assert len({(match["list"], match["id"]) for match in answer["matches"]}) == len(scores)


def test_properties_are_values_or_lists_flat_or_apart(lists, tmp_path):
    same = [
        {"schema": "Person", "name": ["Nobody At All", "Vadrik Osterlanov"], "country": ["cy"], "birthDate": None},
        {"schema": "Person", "properties": {"name": ["Vadrik Osterlanov"], "nationality": "cy"}, "id": "x1"},
        {"schema": "Person", "firstName": ["Vadrik"], "lastName": "Osterlanov", "topics": ["sanction"]},
        {"schema": "LegalEntity", "alias": "OSTERLANOV, Vadrik"},
        {"schema": "Thing", "name": "Вадрик Остерланов"},
        {"name": "Vadrik Osterlanov"},
    ]
    answers, fine = run("screen", tmp_path, [FIRST, *same])
    assert fine
    first = keys(answers[0])[0]
    assert [keys(each)[0] for each in answers[1:]] == [first] * len(same)


def test_strangers_answer_with_no_matches(lists, tmp_path):
    strangers = [
        {"schema": "Person", "name": "Matilda Hargreaves"},
        {"schema": "Company", "name": "Lion City Labs Pte Ltd", "jurisdiction": "sg"},
        {"schema": "PublicBody", "name": "Municipality of Nowhere"},
        {"schema": "Vessel", "name": "Calm Sea"},
        {"schema": "Airplane", "name": "EP-XYZ"},
        {"schema": "CryptoWallet", "publicKey": "0x0000000000000000000000000000000000000001"},
    ]
    answers, fine = run("screen", tmp_path, strangers)
    assert fine
    assert answers == [{"matches": []}] * len(strangers)


@pytest.mark.parametrize(
    "line",
    [
        "nope",
        {"schema": "Person"},
        {"schema": "Spaceship", "name": "Ann Lee"},
        {"schema": "Person", "name": "x" * 10_000},
        {"schema": "Person", "name": "\u200b"},
        {"schema": "Person", "name": "Ann\u202eeeL"},
        {"schema": "Person", "name": "-.-"},
        {"schema": "Person", "name": ["Ann Lee"] * 201},
        {"schema": "Person", "name": ["Ann Lee"] * 150, "alias": ["Ann Marlow"] * 150},
        {"schema": "Person", "name": "Ann Lee", "birthDate": "2999-01-01"},
        {"schema": "Person", "name": {"en": "Ann Lee"}},
        '{"schema": "Person", "name": "\\ud800"}',
    ],
)
def test_a_bad_line_gives_one_clear_error_and_the_others_are_answered(line, lists, tmp_path):
    answers, fine = run("screen", tmp_path, [FIRST, line, FIRST])
    assert not fine
    assert set(answers[1]) == {"error", "line"}
    assert answers[1]["line"] == 2
    assert 0 < len(answers[1]["error"]) < 300
    assert answers[0] == answers[2]
    assert answers[0]["matches"]


def test_one_name_in_words(lists):
    out = StringIO()
    call_command("screen", "Vadrik Osterlanov", "--kind", "person", stdout=out)
    first, *_ = out.getvalue().splitlines()
    assert first.startswith("strong 1.00 ")
    for name, more in (("Matilda Hargreaves", ()), ("Lion City Labs", ("--country", "SG"))):
        out = StringIO()
        call_command("screen", name, *more, stdout=out)
        assert out.getvalue() == "No match.\n"
    with pytest.raises(CommandError, match="signs that nobody sees"):
        call_command("screen", "Ann\u202eeeL", stdout=StringIO())


@pytest.mark.django_db
def test_without_a_list_nothing_is_answered(tmp_path):
    with pytest.raises(CommandError, match="No watchlist is loaded"):
        call_command("screen", "Ann Lee", stdout=StringIO())
