"""Ownership at the size of a register: the fixpoint over all of it, the parents and owners of one party below it."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

from compliance.engine.facts import OwnershipEdgeFacts, PartyFacts
from compliance.engine.ownership import Fixpoint, Graph, beneficial_owners, ultimate_parents

Found = TypeVar("Found")

SIZES = (1_000, 10_000, 100_000)
ROUNDS = 5
LAYERS = 12
TARGET_SECONDS = 1.0
# Ten times the holdings take ten times the steps; processor caches and the garbage collector take their share. What
# grew with the square would take a hundred times as long.
MOST_GROWTH = 30


@dataclass(frozen=True)
class OwnershipTimes:
    """Seconds of one core, the best of some runs; `asked` is what counts against the target."""

    edges: int
    compiled: float
    fixpoint: float
    parents: float
    owners: float
    blocked: int
    unresolved: int

    @property
    def asked(self) -> float:
        return self.compiled + self.fixpoint + self.parents


def measure_ownership() -> list[OwnershipTimes]:
    """Each size was compiled, blocked, and asked for the parents of the party at the bottom."""
    return [_measure(edges) for edges in SIZES]


def render_ownership(found: list[OwnershipTimes], at: str, machine: str) -> str:
    """The section about ownership."""
    rows = "\n".join(
        f"| {each.edges:,} | {each.compiled:.3f} s | {each.fixpoint:.3f} s | {each.parents:.3f} s "
        f"| **{each.asked:.3f} s** | {each.owners:.3f} s | {each.blocked:,} and {each.unresolved:,} |"
        for each in found
    )
    growths = [after.asked / before.asked for before, after in pairwise(found)]
    last = found[-1]
    return PAGE.format(
        at=at,
        machine=machine,
        rows=rows,
        edges=last.edges,
        asked=last.asked,
        target=TARGET_SECONDS,
        met="met" if last.asked < TARGET_SECONDS else "MISSED",
        growths=" and ".join(f"{each:.1f}" for each in growths),
        most=MOST_GROWTH,
        linear="met" if all(each <= MOST_GROWTH for each in growths) else "MISSED",
    )


def register(edges: int) -> tuple[list[OwnershipEdgeFacts], set[str], dict[str, PartyFacts]]:
    """A made-up register: companies in layers, a tenth of the edges one long chain above "target", some circles."""
    chance = random.Random(edges)
    chain = edges // 10
    made = [_edge(f"chain{n + 1}", f"chain{n}", 60, 60) for n in range(chain)]
    made += [_edge("chain0", "target", 55, 55), _edge("person", f"chain{chain}", 80, 80)]
    width = max(1, edges // (3 * LAYERS))
    while len(made) < edges:
        layer, place = chance.randrange(1, LAYERS), chance.randrange(width)
        owned = f"c{layer}.{place}"
        for share in chance.choice([(100,), (60, 40), (50, 50), (30, 30, 20), (51, 25, 24)]):
            above = layer - 1 if chance.random() > 0.05 else chance.randrange(LAYERS)
            low, high = (share, share) if chance.random() > 0.1 else (max(0, share - 20), share)
            owner = f"c{above}.{chance.randrange(width)}"
            if owner != owned:
                made.append(_edge(owner, owned, low, high))
    listed = {f"c0.{place}" for place in range(0, width, 50)} | {"person"}
    return made[:edges], listed, {"person": PartyFacts("person", "person", "Somebody")}


def _edge(owner: str, owned: str, low: int, high: int) -> OwnershipEdgeFacts:
    return OwnershipEdgeFacts(owner, owned, f"{low}.0000", f"{high}.0000")


def _measure(count: int) -> OwnershipTimes:
    edges, listed, people = register(count)
    compiled, graph = _timed(lambda: Graph(edges))
    fixpoint, found = _timed(lambda: Fixpoint(graph, listed))
    parents, top = _timed(lambda: ultimate_parents(graph, people, "target"))
    owners, persons = _timed(lambda: beneficial_owners(graph, people, "target"))
    assert top.ultimate == (f"chain{count // 10}",)
    assert "target" in found.yes
    assert [each.party_id for each in persons] == ["person"]
    return OwnershipTimes(count, compiled, fixpoint, parents, owners, len(found.yes), len(found.unresolved))


def _timed(call: Callable[[], Found]) -> tuple[float, Found]:
    seconds = []
    for _ in range(ROUNDS):
        began = time.process_time()
        found = call()
        seconds.append(time.process_time() - began)
    return min(seconds), found


PAGE = """## Ownership

Measured by `make bench ARGS=ownership` on {at}.
Machine: {machine}.
Seconds of one core, the best of five runs, over a made-up register: companies in twelve layers with circles and
intervals, one in fifty of the top layer listed, and above the party asked about a chain of a tenth of the edges.

| Holdings | Compiled | Fixpoint, least and most | Parents of the party | All three | Its owners | Owned, and open |
|---|---|---|---|---|---|---|
{rows}

- {edges:,} holdings within {target:.0f} s: {asked:.2f} s, **{met}**.
- Growth with ten times the holdings, at most {most} times the time (the square would be 100): {growths}, **{linear}**.
"""
