"""The facts' own schema, walked: every field of every kind of fact, and any question with one of them taken away."""

from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from compliance.engine.facts import Facts

Path = tuple[str | int, ...]


def every_field(kind: type = Facts) -> set[str]:
    """`Kind.field` for each field that facts can have, however deep."""
    found = set()
    for name, hint in _hints(kind).items():
        found.add(f"{kind.__name__}.{name}")
        for inner in _kinds_in(hint):
            found |= every_field(inner)
    return found


def told(facts: Facts) -> set[str]:
    """`Kind.field` for each field that says something in these facts."""
    return {name for name, _, blanks in _walk(facts, ()) if blanks}


def missing(facts: Facts) -> Iterator[tuple[Path, Any]]:
    """Where something is said, and what stands for "not told" there. A list is emptied, and loses each member."""
    for _, path, blanks in _walk(facts, ()):
        for blank in blanks:
            yield path, blank


def without(facts: Facts, path: Path, blank: Any) -> Facts | None:
    """The facts with the blank in that place; None where they are refused."""
    try:
        made: Facts = _put(facts, path, blank)
    except ValueError:
        return None
    return made


def said(facts: Facts, path: Path) -> Any:
    """What stands in that place; None where there is no such place."""
    value: Any = facts
    for step in path:
        value = dict(enumerate(value)).get(step) if isinstance(step, int) else getattr(value, step, None)
    return value


def _walk(holder: Any, at: Path) -> Iterator[tuple[str, Path, list[Any]]]:
    """Every field below: its name, its path, and what stands for "not told" in its place."""
    for each in fields(holder):
        value, path = getattr(holder, each.name), (*at, each.name)
        yield f"{type(holder).__name__}.{each.name}", path, _blanks(type(holder), each, value)
        inner = enumerate(value) if isinstance(value, tuple) else ()
        for where, item in [(path, value), *(((*path, index), item) for index, item in inner)]:
            if is_dataclass(item):
                yield from _walk(item, where)


def _blanks(kind: type, field: Field[Any], value: Any) -> list[Any]:
    if NoneType in get_args(_hints(kind)[field.name]):
        return [] if value is None else [None]
    if not value or value == field.default:
        return []
    if isinstance(value, tuple):
        return [(), *(value[:at] + value[at + 1 :] for at in range(len(value)) if len(value) > 1)]
    if isinstance(value, str | bool | int | float):
        return [type(value)()]
    # A part of its own that must be there, or a time without which nothing can be decoded.
    return [] if field.default is MISSING else [field.default]


def _put(holder: Any, path: Path, value: Any) -> Any:
    step, *rest = path
    if isinstance(step, int):
        return (*holder[:step], _put(holder[step], tuple(rest), value), *holder[step + 1 :])
    return replace(holder, **{step: _put(getattr(holder, step), tuple(rest), value) if rest else value})


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _kinds_in(hint: Any) -> list[type]:
    if get_origin(hint) in (Union, UnionType, tuple):
        return [kind for arg in get_args(hint) for kind in _kinds_in(arg)]
    return [hint] if isinstance(hint, type) and is_dataclass(hint) else []
