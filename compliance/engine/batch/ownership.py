"""Listed names and direct holdings in, who is blocked by ownership out (OFAC's 50 percent rule, FAQ 398 to 402)."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from compliance.engine.batch.shapes import as_decimal, as_list, as_name, as_object, as_text, plain_number, required
from compliance.engine.codec import Malformed
from compliance.engine.facts import OwnershipEdgeFacts
from compliance.engine.ownership import (
    INTERESTS,
    SHARES,
    Fixpoint,
    Graph,
    Holding,
    OwnershipAnswer,
    compiled,
)

MAX_EDGES = 200_000
WHOLE_PATHS = 1000  # in larger graphs whole paths would grow with the square of the graph
_REMARKS = ("id", "source", "note", "name", "title", "description", "comment")  # not looked at
_EDGE_KEYS = frozenset({"owner", "owned", "pct", "min", "max", "interest", "direct", "start", "end", *_REMARKS})
_LINE_KEYS = frozenset({"listed", "edges", "as_of", *_REMARKS})
_EXPECTED = "expected"  # what begins so is the answer that somebody expects
_MAX_NAME = 500
_HUNDRED = Decimal(100)


def owned(value: Mapping[str, Any], today: date = date.max) -> dict[str, Any]:
    """`{"blocked", "unresolved", "paths"}` of `{"listed", "edges"}`; everybody who is named stands in `blocked`.

    An edge says what `owner` directly holds of `owned`, in percent: `pct`, or `min` and `max`; without any of them the
    share is unknown. Several edges of one pair are several holdings and add up. `unresolved` names those for whom the
    shares known do not settle it; they are not in law blocked, and not shown to be free. `as_of` leaves out holdings
    that had not begun, or had ended, by that day, and nobody whom they name. In graphs of more than `WHOLE_PATHS` edges
    a path is the last step only: the owners' own paths prove the rest. Raises `Malformed`, among others when sure
    holdings make more than 100 %.
    """
    _refuse_unknown(value, _LINE_KEYS, "a line")
    listed = {as_name(name, "a name", longest=_MAX_NAME) for name in as_list(required(value, "listed"), '"listed"')}
    every, in_force = _edges(value, today)
    graph = Graph(in_force)
    refuse_above_hundred(graph)
    found = Fixpoint(graph, listed)
    named = listed.union(*((each.owner_id, each.owned_id) for each in every))
    open_names = found.unresolved - listed
    whole = len(graph.edges) <= WHOLE_PATHS
    return {
        "blocked": {name: name in listed or name in found.yes for name in sorted(named)},
        "unresolved": sorted(open_names),
        "paths": {name: _told(found.answer(name, whole=whole)) for name in sorted(found.yes | open_names)},
    }


def refuse_above_hundred(edges: Iterable[OwnershipEdgeFacts] | Graph) -> None:
    """Raises `Malformed` when the sure shares of one kind in one entity make more than the whole."""
    above = compiled(edges).above_hundred()
    if above:
        name, _, total = above
        raise Malformed(f"the holdings in {name[:80]} make {total.normalize():f} %, more than 100 %")


def _edges(value: Mapping[str, Any], today: date) -> tuple[list[OwnershipEdgeFacts], list[OwnershipEdgeFacts]]:
    """All that are told, and those that were in force on the day."""
    rows = as_list(required(value, "edges"), '"edges"')
    if len(rows) > MAX_EDGES:
        raise Malformed(f"at most {MAX_EDGES} edges are taken in one line")
    day = _day(value.get("as_of"), '"as_of"', today) or today
    ids: set[str] = set()
    every, in_force = [], []
    for row in rows:
        edge, holds = _edge(as_object(row, "an edge"), day, today)
        if row.get("id") is not None:
            _new(as_text(row["id"], '"id"', longest=_MAX_NAME), ids)
        every.append(edge)
        if holds:
            in_force.append(edge)
    return every, in_force


def _new(edge_id: str, ids: set[str]) -> None:
    if edge_id in ids:
        raise Malformed(f"the edge {edge_id[:80]} stands twice")
    ids.add(edge_id)


def _edge(row: Mapping[str, Any], day: date, today: date) -> tuple[OwnershipEdgeFacts, bool]:
    """The edge, and whether it was in force on the day."""
    _refuse_unknown(row, _EDGE_KEYS, "an edge")
    owner, owned_name = (as_name(required(row, key), f'"{key}"', longest=_MAX_NAME) for key in ("owner", "owned"))
    interest, direct = row.get("interest", SHARES), row.get("direct", True)
    if interest not in INTERESTS:
        raise Malformed('"interest" must be one of the interest types of BODS 0.4, such as shareholding')
    if not isinstance(direct, bool):
        raise Malformed('"direct" must be true or false')
    low, high = _shares(row)
    start, end = (_day(row.get(key), f'"{key}"', today) for key in ("start", "end"))
    if start and end and end < start:
        raise Malformed('"end" lies before "start"')
    in_force = (start is None or start <= day) and (end is None or day < end)
    return OwnershipEdgeFacts(owner, owned_name, str(low), str(high), interest, direct), in_force


def _refuse_unknown(value: Mapping[str, Any], known: frozenset[str], what: str) -> None:
    unknown = sorted(key for key in value.keys() - known if not key.startswith(_EXPECTED))
    if unknown:
        raise Malformed(f"{what} has unknown members: {', '.join(key[:40] for key in unknown[:5])}")


def _day(value: Any, what: str, today: date) -> date | None:
    if value is None:
        return None
    try:
        day = date.fromisoformat(value if isinstance(value, str) and len(value) == len("2026-11-24") else "")
    except ValueError as error:
        raise Malformed(f"{what} must be a date: YYYY-MM-DD") from error
    if day > today:
        raise Malformed(f"{what} lies in the future")
    return day


def _shares(row: Mapping[str, Any]) -> tuple[Decimal, Decimal]:
    exact, low, high = (_share(row.get(key), key) for key in ("pct", "min", "max"))
    if exact is not None:
        if low is not None or high is not None:
            raise Malformed('an edge has "pct", or "min" and "max", not both')
        return exact, exact
    low, high = Decimal(0) if low is None else low, _HUNDRED if high is None else high
    if low > high:
        raise Malformed('"min" is larger than "max"')
    return low, high


def _share(value: Any, key: str) -> Decimal | None:
    if value is None:
        return None
    share = as_decimal(value, f'"{key}"')
    if not 0 <= share <= _HUNDRED:
        raise Malformed(f'"{key}" must lie between 0 and 100 percent')
    return share


def _told(answer: OwnershipAnswer) -> list[dict[str, Any]]:
    return [_shown(each) for each in answer.path]


def _shown(each: Holding) -> dict[str, Any]:
    pair = {"owner": each.owner_id, "owned": each.owned_id}
    if each.low == each.high:
        return {**pair, "pct": plain_number(each.low)}
    return {**pair, "min": plain_number(each.low), "max": plain_number(each.high)}
