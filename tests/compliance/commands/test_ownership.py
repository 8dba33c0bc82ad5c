"""`ownership`: hidden corners of graphs, days, and lines that are refused."""

import json
import time
from datetime import date

import pytest

from compliance.engine.batch.ownership import owned
from compliance.engine.codec import Malformed
from tests.compliance.commands.lines import run

TODAY = date(2026, 11, 25)


def line(*edges, listed=("X",), **more):
    """Edges as (owner, owned, share): a number, a pair for an interval, None for unknown, or a dict of members."""
    rows = []
    for owner, owned_name, share in edges:
        row = {"owner": owner, "owned": owned_name}
        if isinstance(share, dict):
            row |= share
        elif isinstance(share, tuple):
            row |= {"min": share[0], "max": share[1]}
        elif share is not None:
            row["pct"] = share
        rows.append(row)
    return {"listed": list(listed), "edges": rows, **more}


def asked(tmp_path, *lines):
    return run("ownership", tmp_path, lines)


@pytest.mark.parametrize(
    ("edges", "listed", "blocked", "unresolved"),
    [
        pytest.param([("X", "A", 50)], "X", "AX", "", id="exactly half"),
        pytest.param([("X", "A", 49.9999)], "X", "X", "", id="a little less than half"),
        pytest.param([("X", "A", 49.999999999999)], "X", "X", "", id="a float's breadth less"),
        pytest.param([("X", "A", 33.333333), ("Y", "A", 16.666667)], "XY", "AXY", "", id="thirds that make half"),
        pytest.param([("X", "A", 33.333333), ("Y", "A", 16.666666)], "XY", "XY", "", id="thirds that do not"),
        pytest.param([("X", "A", 0.1)] * 500, "X", "AX", "", id="tenths, where floats go astray"),
        pytest.param([("X", "A", 30), ("X", "A", 20)], "X", "AX", "", id="two holdings of one pair"),
        pytest.param([("X", "A", 25), ("A", "A", 50)], "X", "X", "", id="holds itself"),
        pytest.param([("X", "A", 50), ("A", "A", 50)], "X", "AX", "", id="holds itself, and half is held"),
        pytest.param([("A", "B", 60), ("B", "C", 60), ("C", "A", 60)], "X", "X", "", id="a circle of strangers"),
        pytest.param(
            [("X", "A", 40), ("B", "A", 60), ("A", "B", 100)], "X", "X", "", id="a circle does not lift itself"
        ),
        pytest.param([("X", "A", 50), ("B", "A", 50), ("A", "B", 50), ("X", "B", 10)], "X", "ABX", "", id="a circle"),
        pytest.param([("X", "Y", 100), ("Y", "A", 50)], "XY", "AXY", "", id="listed and owned"),
        pytest.param([("Z", "X", 100), ("X", "A", 60)], "X", "AX", "", id="listed, owned by a stranger"),
        pytest.param([("Z", "X", 100)], "XW", "WX", "", id="listed, and holds nothing"),
        pytest.param([("X", "A", (40, 60))], "X", "X", "A", id="an interval across half"),
        pytest.param([("X", "A", (50, 60))], "X", "AX", "", id="an interval from half"),
        pytest.param([("X", "A", (0, 49.99))], "X", "X", "", id="an interval below half"),
        pytest.param([("X", "A", (20, 30)), ("Y", "A", (20, 30))], "XY", "XY", "A", id="intervals add up"),
        pytest.param([("X", "A", None)], "X", "X", "A", id="an unknown share"),
        pytest.param([("X", "A", None), ("Z", "A", 50.01)], "X", "X", "", id="unknown, but little is left"),
        pytest.param([("X", "A", None), ("Z", "A", 50)], "X", "X", "A", id="unknown, and half is left"),
        pytest.param([("X", "A", None), ("A", "B", 60), ("B", "C", 50)], "X", "X", "ABC", id="openness goes down"),
        pytest.param([("X", "A", {"min": 55})], "X", "AX", "", id="only a least"),
        pytest.param([("X", "A", {"max": 49})], "X", "X", "", id="only a most"),
        pytest.param([("Z", "A", None)], "X", "X", "", id="a stranger's unknown share"),
        pytest.param([("X", "A", {"pct": 70, "direct": False})], "X", "X", "A", id="held indirectly"),
        pytest.param([("X", "A", {"interest": "appointmentOfBoard"})], "X", "X", "", id="control is not ownership"),
        pytest.param([("X", "A", 33.34), ("Y", "A", 33.34), ("Z", "A", 33.34)], "XY", "AXY", "", id="rounded up"),
        pytest.param([], "X", "X", "", id="nothing at all"),
    ],
)
def test_who_is_blocked_and_who_is_open(edges, listed, blocked, unresolved, tmp_path):
    (answer,), fine = asked(tmp_path, line(*edges, listed=listed))
    assert fine
    assert "".join(sorted(name for name, is_so in answer["blocked"].items() if is_so)) == blocked
    assert "".join(answer["unresolved"]) == unresolved
    assert set(answer["blocked"]) == {*listed, *(name for edge in edges for name in edge[:2])}
    assert set(unresolved) <= set(answer["paths"])


@pytest.mark.parametrize(
    ("edges", "word"),
    [
        ([("X", "A", 60), ("Y", "A", 41)], "101 %"),
        ([("X", "A", 100), ("X", "A", 100)], "200 %"),
        ([("X", "A", 60), ("A", "A", 60)], "120 %"),
        ([("X", "A", (60, 70)), ("Y", "A", (50, 60))], "110 %"),
        ([("X", "A", 50.5), ("Y", "A", 50.5)], "101 %"),
        ([("X", "A", -1)], "between 0 and 100"),
        ([("X", "A", 100.0001)], "between 0 and 100"),
        ([("X", "A", {"pct": True})], "number"),
        ([("X", "A", {"pct": 10, "interest": "friendship"})], "interest"),
        ([("X", "A", {"pct": 10, "direct": "no"})], "direct"),
        ([("X", "A", {"pct": 10, "start": "2999-01-01"})], "future"),
        ([("X", "A", {"pct": 10, "start": "2020"})], "YYYY-MM-DD"),
        ([("X", "A", {"pct": 10, "start": "2020-01-02", "end": "2020-01-01"})], "before"),
        ([("X", "A", {"pct": 10, "id": "e1"}), ("X", "B", {"pct": 10, "id": "e1"})], "twice"),
        ([("X", "", 10)], "empty"),
        ([("X", "A\u200b", 10)], "nobody sees"),
        ([("X\u202e", "A", 10)], "nobody sees"),
        ([("X", "A\u200d", 10)], "nobody sees"),
        ([("X", "A\u3164", 10)], "nobody sees"),
    ],
)
def test_what_cannot_be_is_one_error_and_the_next_line_is_answered(edges, word, tmp_path):
    (bad, good), fine = asked(tmp_path, line(*edges), line(("X", "A", 50)))
    assert not fine
    assert word in bad["error"]
    assert bad["line"] == 1
    assert good["blocked"]["A"] is True


def test_holdings_are_read_as_of_a_day():
    sold = [("X", "A", {"pct": 60, "end": "2025-06-01"}), ("Z", "A", {"pct": 60, "start": "2025-06-01"})]
    by_day = [owned(line(*sold, as_of=day), TODAY)["blocked"]["A"] for day in ("2025-05-31", "2025-06-01")]
    assert by_day == [True, False]
    assert owned(line(*sold), TODAY)["blocked"].get("A") is False
    with pytest.raises(Malformed, match="future"):
        owned(line(*sold, as_of="2026-11-26"), TODAY)


def test_a_holding_that_is_over_leaves_everybody_named():
    over = owned(line(("X", "A", {"pct": 60, "end": "2025-06-01"})), TODAY)
    assert over["blocked"] == {"A": False, "X": True}


def test_a_name_is_one_however_unicode_writes_it():
    found = owned(line(("Ё", "Ａ  B", 60), ("A B", "C", 60), listed=("Е\u0308",)), TODAY)
    assert found["blocked"] == {"A B": True, "C": True, "Ё": True}
    persian = "نامه\u200cها"
    assert owned(line((persian, "A", 50), listed=(persian,)), TODAY)["blocked"] == {"A": True, persian: True}


def test_a_line_with_a_member_that_nobody_knows_is_refused():
    with pytest.raises(Malformed, match="unknown members: edgs"):
        owned({"listed": ["X"], "edges": [], "edgs": []}, TODAY)
    with pytest.raises(Malformed, match="unknown members: percent"):
        owned(line(("X", "A", {"percent": 50})), TODAY)


def test_remarks_and_expected_answers_are_not_looked_at():
    remarks = {"name": "half", "description": "FAQ 401", "expected_blocked": {"A": False}, "expected_unresolved": ["A"]}
    found = owned(line(("X", "A", {"pct": 50, "comment": "as told"}), **remarks), TODAY)
    assert (found["blocked"]["A"], found["unresolved"]) == (True, [])


def test_a_hundred_thousand_edges_are_answered_in_one_line():
    edges = [("X", str(n), 50) if n % 10 == 0 else (str(n - 1), str(n), 60) for n in range(50_000)]
    edges += [(f"s{n}", str(n), 25) for n in range(50_000)]
    text = json.dumps(line(*edges))
    began = time.process_time()
    found = owned(json.loads(text), TODAY)
    assert time.process_time() - began < 30  # seconds, on a busy machine; `make bench` measures
    assert all(found["blocked"][str(n)] for n in range(50_000))
    assert len(found["paths"]) == 50_000
