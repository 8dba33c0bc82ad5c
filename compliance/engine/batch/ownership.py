"""Listed names and direct holdings in, who is blocked by ownership out (OFAC's 50 percent rule, FAQ 398 to 402)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from compliance.engine.batch.shapes import as_decimal, as_list, as_object, as_text, plain_number, required
from compliance.engine.codec import Malformed
from compliance.engine.facts import OwnershipEdgeFacts
from compliance.engine.ownership import CONTROLS, HUNDRED, SHARES, UNRESOLVED, YES, Holding, owned_by_all

INTERESTS = (SHARES, "votingRights", CONTROLS, "seniorManagingOfficial")
MAX_EDGES = 200_000
_EDGE_KEYS = {"owner", "owned", "pct", "min", "max", "interest", "source", "note", "id"}
_MAX_NAME = 500


def owned(value: Mapping[str, Any]) -> dict[str, Any]:
    """`{"blocked", "unresolved", "paths"}` of `{"listed", "edges"}`; every owned entity stands in `blocked`.

    An edge says what `owner` directly holds of `owned`, in percent: `pct`, or `min` and `max`; without any of them the
    share is unknown. `unresolved` names those for whom the shares known do not settle it; they are not in law blocked,
    and not shown to be free. Raises `Malformed`, among others when sure holdings make more than 100 %.
    """
    listed = {as_text(name, "a name", longest=_MAX_NAME) for name in as_list(required(value, "listed"), '"listed"')}
    rows = as_list(required(value, "edges"), '"edges"')
    if len(rows) > MAX_EDGES:
        raise Malformed(f"at most {MAX_EDGES} edges are taken in one line")
    edges = [_edge(row) for row in rows]
    refuse_above_hundred(edges)
    found = owned_by_all(edges, listed)
    blocked = {each.owned_id: each.owned_id in listed for each in edges}
    blocked |= {name: name in listed or answer.answer == YES for name, answer in found.items()}
    open_names = [name for name, answer in found.items() if answer.answer == UNRESOLVED and not blocked[name]]
    return {
        "blocked": dict(sorted(blocked.items())),
        "unresolved": sorted(open_names),
        "paths": {
            name: [_shown(each) for each in answer.path]
            for name, answer in sorted(found.items())
            if answer.path and (answer.answer == YES or name in open_names)
        },
    }


def refuse_above_hundred(edges: Iterable[OwnershipEdgeFacts]) -> None:
    """Raises `Malformed` when the sure shares of one kind in one entity make more than the whole."""
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for edge in edges:
        if edge.interest in (SHARES, "votingRights"):
            sums[edge.owned_id, edge.interest] += Decimal(edge.share_min)
    for (name, _), total in sums.items():
        if total > HUNDRED:
            raise Malformed(f"the holdings in {name[:80]} make {total.normalize():f} %, more than 100 %")


def _edge(value: Any) -> OwnershipEdgeFacts:
    row = as_object(value, "an edge")
    unknown = sorted(set(row) - _EDGE_KEYS)
    if unknown:
        raise Malformed(f"an edge has unknown members: {', '.join(key[:40] for key in unknown[:5])}")
    owner, owned_name = (as_text(required(row, key), f'"{key}"', longest=_MAX_NAME) for key in ("owner", "owned"))
    interest = row.get("interest", SHARES)
    if interest not in INTERESTS:
        raise Malformed(f'"interest" must be one of {", ".join(INTERESTS)}')
    low, high = _shares(row)
    return OwnershipEdgeFacts(owner, owned_name, str(low), str(high), interest)


def _shares(row: Mapping[str, Any]) -> tuple[Decimal, Decimal]:
    exact, low, high = (_share(row.get(key), key) for key in ("pct", "min", "max"))
    if exact is not None:
        if low is not None or high is not None:
            raise Malformed('an edge has "pct", or "min" and "max", not both')
        return exact, exact
    low, high = Decimal(0) if low is None else low, HUNDRED if high is None else high
    if low > high:
        raise Malformed('"min" is larger than "max"')
    return low, high


def _share(value: Any, key: str) -> Decimal | None:
    if value is None:
        return None
    share = as_decimal(value, f'"{key}"')
    if not 0 <= share <= HUNDRED:
        raise Malformed(f'"{key}" must lie between 0 and 100 percent')
    return share


def _shown(each: Holding) -> dict[str, Any]:
    pair = {"owner": each.owner_id, "owned": each.owned_id}
    if each.low == each.high:
        return {**pair, "pct": plain_number(each.low)}
    return {**pair, "min": plain_number(each.low), "max": plain_number(each.high)}
