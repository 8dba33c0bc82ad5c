"""What is checked of every object from outside, before anything rests on it."""

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from compliance.engine.codec import Malformed
from compliance.engine.naming.text import readable, unseen, written_alike

MAX_DEPTH = 40
_MOST = Decimal(10) ** 15
_LEAST_EXPONENT = -30


def parse(text: str) -> dict[str, Any]:
    """The JSON object that the text is, its fractions as `Decimal`. Raises `Malformed`.

    Stricter than JSON parsers are: no NaN or Infinity, no key twice, no half surrogate pair, no bottomless nesting.
    """
    try:
        value = json.loads(text, parse_float=_number, parse_constant=_refuse_constant, object_pairs_hook=_members)
    except Malformed:
        raise
    except RecursionError as error:
        raise Malformed("the JSON is nested too deeply") from error
    except json.JSONDecodeError as error:
        raise Malformed(f"no JSON: {error.msg} at column {error.colno}") from error
    except ValueError as error:  # an integer of thousands of digits
        raise Malformed("a number is too large") from error
    if not isinstance(value, dict):
        raise Malformed("a line must be a JSON object")
    _check(value, 0)
    return value


def required(value: Mapping[str, Any], key: str) -> Any:
    """The member. Raises `Malformed`."""
    if key not in value:
        raise Malformed(f'"{key}" is missing')
    return value[key]


def as_object(value: Any, what: str) -> dict[str, Any]:
    """The value, an object. Raises `Malformed`."""
    if not isinstance(value, dict):
        raise Malformed(f"{what} must be an object")
    return value


def as_list(value: Any, what: str) -> list[Any]:
    """The value, a list. Raises `Malformed`."""
    if not isinstance(value, list):
        raise Malformed(f"{what} must be a list")
    return value


def as_text(value: Any, what: str, *, longest: int) -> str:
    """The value without surrounding spaces, a text of 1 to `longest` characters. Raises `Malformed`."""
    if not isinstance(value, str):
        raise Malformed(f"{what} must be a text")
    if len(value) > longest:
        raise Malformed(f"{what} has {len(value)} characters; at most {longest} are taken")
    if not value.strip():
        raise Malformed(f"{what} is empty")
    return value.strip()


def as_name(value: Any, what: str, *, longest: int) -> str:
    """The text as one way of writing it, so that one name has one form. Raises `Malformed` for signs nobody sees."""
    name = written_alike(as_text(value, what, longest=longest))
    if unseen(name):
        raise Malformed(f"{what} holds signs that nobody sees (zero width, direction, control)")
    return name


def require_name(name: str, what: str, *, longest: int) -> None:
    """Raises `Malformed` for a name that is too long, empty, or holds signs that nobody sees."""
    if len(name) > longest:
        raise Malformed(f"{what} has more than {longest} characters")
    if not readable(name):
        raise Malformed(f"{what} holds signs that nobody sees (zero width, direction, control), or no letters at all")


def as_decimal(value: Any, what: str) -> Decimal:
    """The value, a number. Raises `Malformed`."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise Malformed(f"{what} must be a number")
    return Decimal(value)


def past(text: str, what: str, today: date) -> None:
    """Raises `Malformed` when the text, YYYY, YYYY-MM or YYYY-MM-DD with or without a time, is no day up to today."""
    day = text[:10]
    try:
        moment = date.fromisoformat(day + "0000-01-01"[len(day) :])
    except ValueError as error:
        raise Malformed(f"{what} must be a date: YYYY, YYYY-MM or YYYY-MM-DD") from error
    if len(day) not in (4, 7, 10):
        raise Malformed(f"{what} must be a date: YYYY, YYYY-MM or YYYY-MM-DD")
    if moment > today:
        raise Malformed(f"{what} lies in the future")


def plain_number(value: Decimal) -> int | float:
    """The number as JSON has it."""
    return int(value) if value == value.to_integral_value() else float(value)


def as_floats(value: Any) -> Any:
    """The value with its fractions as `float`, as stored facts have them."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {key: as_floats(each) for key, each in value.items()}
    return [as_floats(each) for each in value] if isinstance(value, list) else value


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:  # an exponent of twenty digits
        raise Malformed("a number is too large") from error


def _refuse_constant(name: str) -> Any:
    raise Malformed(f"{name} is no number")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("a key stands twice in one object")
    return found


def _check(value: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise Malformed("the JSON is nested too deeply")
    if isinstance(value, str):
        if any("\ud800" <= each <= "\udfff" for each in value) or "\0" in value:
            raise Malformed("a text holds what is no character")
    elif isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        if value.copy_abs() > _MOST or (isinstance(exponent, int) and exponent < _LEAST_EXPONENT):
            raise Malformed("a number is too large or has too many digits")
    elif isinstance(value, int):
        if abs(value) > _MOST:
            raise Malformed("a number is too large")
    elif isinstance(value, dict):
        for key, each in value.items():
            _check(key, depth)
            _check(each, depth + 1)
    elif isinstance(value, list):
        for each in value:
            _check(each, depth + 1)
