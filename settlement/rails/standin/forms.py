"""Stripe's form encoding: `a[b][0]=c` stands for nested maps and lists."""

import re
from typing import Any
from urllib.parse import parse_qsl

from settlement.rails.standin.errors import invalid

_PART = re.compile(r"\[([^\]]*)\]")


def decode(text: str) -> dict[str, Any]:
    """The parameters of a query or body, nested. Raises CardNetworkError for a malformed name."""
    tree: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        head, _, _ = name.partition("[")
        path = [head, *_PART.findall(name)]
        if not head or head + "".join(f"[{part}]" for part in path[1:]) != name:
            raise invalid(f"Invalid parameter name: {name}", param=name)
        _insert(tree, path, value)
    return {name: _lists(value) for name, value in tree.items()}


def _insert(tree: dict[str, Any], path: list[str], value: str) -> None:
    for part in path[:-1]:
        child = tree.setdefault(part or str(len(tree)), {})
        if not isinstance(child, dict):
            raise invalid(f"Invalid parameter: {path[0]}", param=path[0])
        tree = child
    tree[path[-1] or str(len(tree))] = value


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    items = {name: _lists(child) for name, child in value.items()}
    if items and all(name.isdigit() for name in items):
        return [items[name] for name in sorted(items, key=int)]
    return items


def integer(params: dict[str, Any], name: str, default: int | None = None) -> int:
    """The parameter as a positive whole number. Raises CardNetworkError when absent (without default) or malformed."""
    raw = params.get(name)
    if raw is None and default is not None:
        return default
    if raw is None:
        raise invalid(f"Missing required param: {name}.", param=name, code="parameter_missing")
    if not re.fullmatch(r"-?\d{1,12}", str(raw)):
        raise invalid(f"Invalid integer: {raw}", param=name, code="parameter_invalid_integer")
    if int(raw) < 1:
        raise invalid("This value must be greater than or equal to 1.", param=name, code="parameter_invalid_integer")
    return int(raw)


def required(params: dict[str, Any], name: str) -> str:
    """The parameter as text. Raises CardNetworkError when it is absent or empty."""
    value = params.get(name)
    if not isinstance(value, str) or not value:
        raise invalid(f"Missing required param: {name}.", param=name, code="parameter_missing")
    return value


def flag(params: dict[str, Any], name: str) -> bool:
    """Whether the parameter says true."""
    return params.get(name) == "true"
