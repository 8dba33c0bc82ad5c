"""Holdings in words."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from compliance.engine.ownership.graph import Holding
from compliance.engine.ownership.interests import CONTROLS, VOTES


def describe(path: Iterable[Holding], names: Mapping[str, str], marks: Mapping[str, str] | None = None) -> list[str]:
    """The path in sentences, with names: "Nordwind (listed) holds 30 % of Aster Pte Ltd"."""
    marks = marks or {}

    def called(party_id: str) -> str:
        name = names.get(party_id, party_id)
        return f"{name} ({marks[party_id]})" if party_id in marks else name

    return [f"{called(each.owner_id)} {_verb(each)} {called(each.owned_id)}" for each in path]


def percent(low: Decimal, high: Decimal) -> str:
    """ "30 %" or "20 to 40 %"."""
    first, last = _short(low), _short(high)
    return f"{first} %" if first == last else f"{first} to {last} %"


def _verb(each: Holding) -> str:
    if each.interest == CONTROLS:
        return "controls" if each.high else "may control"
    share = percent(each.low, each.high)
    return f"holds {share} of the votes of" if each.interest == VOTES else f"holds {share} of"


def _short(value: Decimal) -> str:
    return f"{value.normalize():f}"
