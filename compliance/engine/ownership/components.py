"""Circles of holdings: the strongly connected parts of what stands above a party."""

from collections.abc import Callable, Iterable, Iterator


def components(start: str, above: Callable[[str], Iterable[str]]) -> list[list[str]]:
    """The parts reachable from `start`, each before those that lead to it: the top first, `start` last.

    Tarjan's algorithm without recursion: a chain of a hundred thousand companies is no reason to fail.
    """
    order: dict[str, int] = {start: 0}
    low: dict[str, int] = {start: 0}
    stack, on_stack = [start], {start}
    work: list[tuple[str, Iterator[str]]] = [(start, iter(above(start)))]
    found: list[list[str]] = []
    while work:
        party, rest = work[-1]
        following = next(rest, None)
        if following is None:
            work.pop()
            if work:
                low[work[-1][0]] = min(low[work[-1][0]], low[party])
            if low[party] == order[party]:
                found.append(_popped(party, stack, on_stack))
        elif following not in order:
            order[following] = low[following] = len(order)
            stack.append(following)
            on_stack.add(following)
            work.append((following, iter(above(following))))
        elif following in on_stack:
            low[party] = min(low[party], order[following])
    return found


def _popped(party: str, stack: list[str], on_stack: set[str]) -> list[str]:
    part = []
    while True:
        each = stack.pop()
        on_stack.discard(each)
        part.append(each)
        if each == party:
            return part
