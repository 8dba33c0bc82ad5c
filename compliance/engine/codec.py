"""Frozen dataclasses as JSON and back: strict, typed, and one byte string for one value."""

import hashlib
import json
from dataclasses import Field, field, fields, is_dataclass
from datetime import date, datetime
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
_LATER = "later"


class Malformed(ValueError):
    """Stored facts, or facts from elsewhere, do not have the shape that the engine knows."""


def to_plain(value: Any) -> Any:
    """The value in terms of dict, list, str, int, float, bool and None; times as ISO 8601 text."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: to_plain(getattr(value, each.name)) for each in fields(value) if _told(each, value)}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value


def later(default: Any) -> Any:
    """A field that came after facts were first stored; while it has its default it is left out of the plain form.

    So what was stored before gives the same bytes and digests as then. Such a default must mean "not known".
    """
    return field(default=default, metadata={_LATER: True})


def _told(each: Field[Any], value: Any) -> bool:
    return not (each.metadata.get(_LATER) and getattr(value, each.name) == each.default)


def canonical_bytes(value: Any) -> bytes:
    """JSON with sorted keys, no spaces, UTF-8: what is hashed and replayed."""
    plain = to_plain(value)
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def digest(value: Any) -> str:
    """SHA-256 of the canonical bytes, in hex."""
    return hashlib.sha256(canonical_bytes(value)).hexdigest()


def from_plain(kind: type[T], value: Any) -> T:
    """An instance of the dataclass `kind`. Raises `Malformed` for unknown, missing or wrongly typed members."""
    made: T = _decode(kind, value, kind.__name__)
    return made


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _decode(kind: Any, value: Any, where: str) -> Any:
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return _decode_optional(kind, value, where)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise Malformed(f"{where} must be a list")
        item = get_args(kind)[0]
        return tuple(_decode(item, each, f"{where}[{index}]") for index, each in enumerate(value))
    if kind is datetime:
        return _decode_time(value, where)
    if is_dataclass(kind):
        return _decode_dataclass(kind, value, where)
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise Malformed(f"{where} must be {kind.__name__}, not {type(value).__name__}")
    return value


def _decode_optional(kind: Any, value: Any, where: str) -> Any:
    if value is None:
        return None
    (inner,) = (each for each in get_args(kind) if each is not NoneType)
    return _decode(inner, value, where)


def _decode_time(value: Any, where: str) -> datetime:
    if isinstance(value, datetime):
        moment = value
    else:
        try:
            moment = datetime.fromisoformat(value)
        except (TypeError, ValueError) as error:
            raise Malformed(f"{where} must be an ISO 8601 time") from error
    if moment.tzinfo is None:
        raise Malformed(f"{where} must carry a time zone")
    return moment


def _decode_dataclass(kind: Any, value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise Malformed(f"{where} must be an object")
    hints = _hints(kind)
    unknown = sorted(set(value) - set(hints))
    if unknown:
        raise Malformed(f"{where} has unknown members: {', '.join(unknown)}")
    try:
        return kind(**{name: _decode(hints[name], item, f"{where}.{name}") for name, item in value.items()})
    except TypeError as error:
        raise Malformed(f"{where} lacks a member: {error}") from error
