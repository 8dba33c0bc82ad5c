"""classify, ownership, compare and decide: answers, bad lines, no database."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command

from compliance.engine.batch.ownership import owned
from compliance.engine.decide import decide
from compliance.engine.facts import Facts
from compliance.engine.packs import pack_in_force
from marketplace.config.settings.environment import ROOT
from tests.compliance.commands.lines import run
from tests.compliance.engine.world import PACKS, edge, entity, hit, measured_at
from tests.compliance.engine.world import lease as lease_at

# These commands ask the machine's clock what lies in the future.
RELEASED = datetime(2026, 11, 26, tzinfo=UTC)
PACK = pack_in_force(RELEASED, PACKS)


def lease(**changes: object) -> Facts:
    """An honest lease of a day that is over."""
    return lease_at(**{"as_of": RELEASED} | changes)


BAD = {
    "classify": {"dense_tops": {"8": 100}, "die_mm2": 100, "datacenter": True},
    "ownership": {"listed": ["X"], "edges": [{"owner": "X", "owned": "A", "pct": 50}]},
    "compare": {"query": {"name": "Ann Lee"}, "candidate": {"name": "Ann Lee"}},
    "decide": lease().to_json(),
}


@pytest.mark.parametrize("command", sorted(BAD))
def test_answers_keep_their_order_around_bad_lines(command, tmp_path):
    good = BAD[command]
    hostile = [
        "nope", "", "[]", "3", '"x"', "{", '{"a": NaN}', '{"a": -Infinity}', '{"a": 1e999999999}', '{"a": 1, "a": 2}',
        '{"a": ' + "9" * 5000 + "}", "[" * 100_000, '{"a": ' * 90 + "1" + "}" * 90, '{"a": "\\ud800"}', b"\xff\xfe{}",
    ]  # fmt: skip
    answers, fine = run(command, tmp_path, [good, *hostile, good])
    assert not fine
    assert len(answers) == len(hostile) + 2
    assert answers[0] == answers[-1]
    assert "error" not in answers[0]
    for number, answer in enumerate(answers[1:-1], start=2):
        assert set(answer) == {"error", "line"}
        assert answer["line"] == number
        assert answer["error"]
    assert run(command, tmp_path, [good])[1]


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("classify", {"dense_tops": {"8": "1979"}}),
        ("classify", {"dense_tops": {"8": True}}),
        ("classify", {"dense_tops": {"8": 0}}),
        ("classify", {"dense_tops": {"fp8": 10}}),
        ("classify", {"dense_tops": [8, 16]}),
        ("classify", {"dense_tops": {"8": 10}, "die_mm2": -1}),
        ("classify", {"dense_tops": {"8": 10}, "datacenter": "yes"}),
        ("ownership", {"listed": ["X"]}),
        ("ownership", {"listed": "X", "edges": []}),
        ("ownership", {"listed": [], "edges": [{"owner": "X", "owned": "A", "pct": 100.01}]}),
        ("ownership", {"listed": [], "edges": [{"owner": "X", "owned": "A", "pct": "50"}]}),
        ("ownership", {"listed": [], "edges": [{"owner": "X", "owned": "A", "min": 60, "max": 50}]}),
        ("ownership", {"listed": [], "edges": [{"owner": "X", "owned": "A", "percent": 50}]}),
        ("ownership", {"listed": [], "edges": [{"owner": "X", "owned": "A", "pct": 1, "max": 2}]}),
        ("compare", {"query": {"name": "A"}}),
        ("compare", {"query": {"name": "x" * 10_000}, "candidate": {"name": "Ann Lee"}}),
        ("compare", {"query": {"name": "\u200b\u200b"}, "candidate": {"name": "Ann Lee"}}),
        ("compare", {"query": {"name": "Ann\u202eeeL"}, "candidate": {"name": "Ann Lee"}}),
        ("compare", {"query": {"name": 3}, "candidate": {"name": "Ann Lee"}}),
        ("compare", {"query": {"name": ["Ann Lee"] * 201}, "candidate": {"name": "Ann Lee"}}),
        ("compare", {"query": {"name": "Ann Lee", "birthDate": "2999-01-01"}, "candidate": {"name": "Ann Lee"}}),
        ("compare", {"query": {"name": "Ann Lee", "birthDate": "12 May"}, "candidate": {"name": "Ann Lee"}}),
        ("compare", {"query": {"name": "Ann Lee", "country": "Ruritania"}, "candidate": {"name": "Ann Lee"}}),
        ("compare", {"query": {"schema": "Spaceship", "name": "Ann Lee"}, "candidate": {"name": "Ann Lee"}}),
        ("decide", {}),
        ("decide", {"purpose": "lease", "renter": {"id": "r"}}),
        ("decide", {**lease().to_json(), "surprise": 1}),
        ("decide", {**lease().to_json(), "as_of": "2999-01-01T00:00:00+00:00"}),
        ("decide", {**lease().to_json(), "as_of": "2026-01-01T00:00:00"}),
        ("decide", {**lease().to_json(), "as_of": "2026-02-30"}),
        ("decide", {**lease().to_json(), "as_of": "2019-01-01T00:00:00+00:00"}),
        ("decide", {**lease().to_json(), "chips": [{"slug": "x", "count": -1}]}),
        ("decide", lease(edges=(edge("a", "renter", 60), edge("b", "renter", 60))).to_json()),
        ("decide", lease(renter=entity("renter", birth_date="2999-01-01")).to_json()),
        ("decide", {**lease().to_json(), "rail": "Escrow"}),
        ("decide", {**lease().to_json(), "node_country": "cn"}),
        ("decide", {**lease().to_json(), "end_user": {"kind": "self", "country": "ir"}}),
        ("decide", {**lease().to_json(), "locations": {"declared": "SG", "login": "Iran"}}),
        ("decide", {**lease().to_json(), "provider_locations": {"login": "Iran"}}),
        ("decide", lease(node_place=measured_at(datetime(2999, 1, 1, tzinfo=UTC))).to_json()),
        ("decide", lease(wallet="0x1", wallet_proven_at=datetime(2999, 1, 1, tzinfo=UTC)).to_json()),
        ("decide", {**lease().to_json(), "node_place": {"label": "Brisbane", "radius_km": 20_000}}),
        ("decide", lease(renter=entity("renter", aliases=("An\u200bn",))).to_json()),
        ("decide", lease(renter=replace(entity("renter"), name="nn\u202eA")).to_json()),
    ],
)
def test_a_bad_line_gives_one_clear_error(command, line, tmp_path):
    (answer,), fine = run(command, tmp_path, [line])
    assert not fine
    assert answer["line"] == 1
    assert "Traceback" not in answer["error"]
    assert len(answer["error"]) < 300


@pytest.mark.parametrize("figure", ["NaN", "Infinity", "0", "-3", "many", "1e999999999"])
def test_figures_in_facts_are_numbers(figure, tmp_path):
    facts = lease().to_json()
    facts["chips"][0]["figures"]["dense_tops"][0]["tops"] = figure
    (answer,), fine = run("decide", tmp_path, [facts])
    assert (set(answer), fine) == ({"error", "line"}, False)


def test_no_database_is_needed_and_lines_stream(tmp_path):
    environment = {**os.environ, "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    for command, line in BAD.items():
        with subprocess.Popen(
            [sys.executable, "manage.py", command],
            cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ) as process:  # fmt: skip
            process.stdin.write(json.dumps(line).encode() + b"\n")
            process.stdin.flush()
            assert "error" not in json.loads(process.stdout.readline())  # answered while the input is still open
            out, err = process.communicate(b"nope\n")
        assert json.loads(out)["line"] == 2
        assert process.returncode == 1
        assert b"Traceback" not in err


def test_ownership_answers_the_cases_of_ofac(shared_data, tmp_path):
    cases = json.loads((shared_data / "cases" / "ofac_50_percent.json").read_text())["cases"]
    answers, fine = run("ownership", tmp_path, cases)
    assert fine
    for case, answer in zip(cases, answers, strict=True):
        assert {name: answer["blocked"][name] for name in case["expected_blocked"]} == case["expected_blocked"]
        named = {each[key] for each in case["edges"] for key in ("owner", "owned")}
        assert set(answer["blocked"]) == named.union(case["listed"])
        blocked = {name for name, is_so in answer["blocked"].items() if is_so}
        assert set(answer["paths"]) == blocked - set(case["listed"])


def test_unknown_shares_are_unresolved_and_circles_end():
    found = owned({"listed": ["X"], "edges": [{"owner": "X", "owned": "A"}, {"owner": "A", "owned": "X", "pct": 100}]})
    assert found["blocked"] == {"A": False, "X": True}
    assert found["unresolved"] == ["A"]
    assert found["paths"]["A"] == [{"owner": "X", "owned": "A", "min": 0, "max": 100}]
    control = {"owner": "X", "owned": "A", "pct": 60, "interest": "votingRights"}
    free = {"blocked": {"A": False, "X": True}, "unresolved": [], "paths": {}}
    assert owned({"listed": ["X"], "edges": [control]}) == free


def test_a_long_chain_is_answered_in_linear_size():
    edges = [{"owner": str(n), "owned": str(n + 1), "pct": 50} for n in range(20_000)]
    found = owned({"listed": ["0"], "edges": edges})
    assert all(found["blocked"].values())
    assert found["paths"]["20000"] == [{"owner": "19999", "owned": "20000", "pct": 50}]


def test_decide_gives_what_the_engine_gives_as_of_any_day(tmp_path):
    denied = lease(hits=(hit("renter"),))
    answers, fine = run("decide", tmp_path, [lease().to_json(), denied.to_json()])
    assert fine
    assert [each["outcome"] for each in answers] == ["ALLOW", "DENY"]
    assert answers[1]["digest"] == decide(denied, PACK).digest()
    assert answers[1]["facts_digest"] == denied.digest()
    cambodia = lease(renter=entity("renter", "KH", headquarters_country="KH")).to_json()
    by_day = [run("decide", tmp_path, [cambodia], "--as-of", day)[0][0] for day in ("2026-02-02", "2026-02-03")]
    codes = [{reason["code"] for reason in each["reasons"]} for each in by_day]
    assert "headquarters" in codes[0] - codes[1]
    assert by_day[0]["as_of"] == "2026-02-02T00:00:00+00:00"


def test_decide_takes_the_present_for_facts_without_a_moment(tmp_path, clock):
    facts = lease().to_json()
    del facts["as_of"]
    (answer,), fine = run("decide", tmp_path, [facts])
    assert fine
    assert answer["as_of"] == clock.now().isoformat()


@pytest.mark.parametrize("day", ["2999-01-01", "yesterday", "2026-13-01"])
def test_decide_refuses_a_day_that_is_none_or_not_yet(day):
    with pytest.raises(CommandError):
        call_command("decide", os.devnull, "--as-of", day)


def test_compare_weighs_second_facts_and_takes_the_best_of_many(tmp_path):
    ann = {"schema": "Person", "name": "Ann Lee Marlow", "birthDate": "1980-02-03", "country": "sg"}
    others = [
        {**ann, "name": ["Someone Else", "Marlow, Ann Lee"]},
        {**ann, "birthDate": "1955-01-01", "country": "fr"},
        {"properties": {"firstName": ["Ann"], "middleName": ["Lee"], "lastName": ["Marlow"]}, "schema": "Person"},
        {"schema": "Person", "name": "Bob Harbour"},
    ]
    answers, fine = run("compare", tmp_path, [{"query": ann, "candidate": each} for each in others])
    assert fine
    assert [set(each) for each in answers] == [{"score", "match", "why"}] * 4
    assert [each["match"] for each in answers] == [True, False, True, False]
    assert answers[0]["why"][-1] == "Taken for the same party."
    assert "The date of birth is another (-0.20)." in answers[1]["why"]
    assert answers[1]["score"] < answers[0]["score"]


def test_wallets_are_one_whatever_the_case_of_their_letters_where_it_tells_nothing(tmp_path):
    pairs = [("0xabc1", "0xabc1"), ("0xABC1", "0xabc1"), ("BC1QAA", "bc1qaa"), ("1BoatS", "1BOATS")]
    lines = [{"query": _wallet(one), "candidate": {"name": "Bob Harbour", **_wallet(other)}} for one, other in pairs]
    answers, _ = run("compare", tmp_path, [{**line, "query": {**line["query"], "name": "Ann Lee"}} for line in lines])
    assert [each["match"] for each in answers] == [True, True, True, False]


def _wallet(address):
    return {"schema": "CryptoWallet", "publicKey": address}
