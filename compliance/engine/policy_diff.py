"""What changes from one policy pack to another: in their words, and in what they answer."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from compliance.engine.countries import CountryTables, Region
from compliance.engine.decide import decide
from compliance.engine.facts import Facts
from compliance.engine.packs import PolicyPack, RulePolicy


@dataclass(frozen=True, slots=True)
class Change:
    """A rule, or a table of countries, was added, removed or changed; `fields` gives what it said and says."""

    what: str  # rule | countries
    name: str
    how: str  # added | removed | changed | moved
    fields: Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class Turn:
    """What two packs answer to the same facts, where they differ: outcomes, and the codes of their reasons."""

    before: str
    after: str
    no_more: tuple[str, ...]
    new: tuple[str, ...]


def changes(old: PolicyPack, new: PolicyPack) -> list[Change]:
    """Everything in which the packs differ but their names: rules in the new pack's order, then tables."""
    found = list(_compared("rule", _rules(old.rules), _rules(new.rules)))
    both = [rule.code for rule in new.rules if rule.code in _rules(old.rules)]
    if both != [rule.code for rule in old.rules if rule.code in _rules(new.rules)]:
        found.append(Change("rule", "order", "moved", {}))
    return [*found, *_compared("countries", _tables(old.countries), _tables(new.countries))]


def turn(facts: Facts, old: PolicyPack, new: PolicyPack) -> Turn | None:
    """How the answer to the facts would change; None when outcome and reasons stay as they are."""
    before, after = decide(facts, old), decide(facts, new)
    was, now = ({reason.code for reason in each.reasons} for each in (before, after))
    if before.outcome == after.outcome and was == now:
        return None
    return Turn(before.outcome, after.outcome, tuple(sorted(was - now)), tuple(sorted(now - was)))


def _rules(rules: Iterable[RulePolicy]) -> dict[str, dict[str, Any]]:
    return {rule.code: asdict(rule) for rule in rules}


def _tables(tables: CountryTables) -> dict[str, dict[str, Any]]:
    """Each membership, region and name by itself, so that a change of one country is told as just that."""
    found: dict[str, dict[str, Any]] = {"where a region is needed": {"countries": tables.region_needed}}
    found["where an address is needed"] = {"countries": tables.address_needed}
    for each in tables.memberships:
        spans = found.setdefault(f"{each.country} in {each.group}", {"days": ()})
        spans["days"] += ((str(each.start or "always"), str(each.end or "open")),)
    found |= {f"region {each.label} in {each.group}": _region(each) for each in tables.regions}
    return found | {f"name of {code}": {"name": name} for code, name in tables.names.items()}


def _region(region: Region) -> dict[str, Any]:
    said = asdict(region)
    # A set has no order of its own: two looks at the same packs would tell it differently.
    return {
        "known_as": tuple(sorted(said["known_as"])),
        **{key: said[key] for key in ("countries", "towns", "postcodes")},
    }


def _compared(what: str, old: Mapping[str, dict[str, Any]], new: Mapping[str, dict[str, Any]]) -> Iterable[Change]:
    for name, said in new.items():
        if name not in old:
            yield Change(what, name, "added", {})
        elif old[name] != said:
            fields = {key: (old[name].get(key), said.get(key)) for key in said if old[name].get(key) != said.get(key)}
            yield Change(what, name, "changed", fields)
    for name in old:
        if name not in new:
            yield Change(what, name, "removed", {})
