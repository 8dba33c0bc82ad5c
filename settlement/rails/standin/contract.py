"""What Stripe publishes of requests and objects, held against what we send and what this stand-in answers.

`published.json` is extracted by `scripts/extract_stripe_shapes.py` from Stripe's own library, which Stripe generates
from its OpenAPI specification for the pinned version. A name that is not in there is refused as Stripe refuses it.
"""

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from settlement.rails.standin.errors import CardNetworkError, invalid

PUBLISHED = Path(__file__).with_name("published.json")
_NUMBERS = {"integer": re.compile(r"-?\d{1,18}"), "number": re.compile(r"-?\d{1,18}(\.\d+)?")}
_OF_JSON: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "array": list,
    "object": dict,
}

Shape = dict[str, Any]


@lru_cache(maxsize=1)
def published() -> dict[str, Any]:
    """The extract: `api_version`, `requests` by method and path, `objects` by their kind."""
    found: dict[str, Any] = json.loads(PUBLISHED.read_text())
    return found


def check_request(route: str, params: dict[str, Any]) -> None:
    """Nothing, for parameters that Stripe knows. Raises CardNetworkError as Stripe words it.

    `route` is such as `POST /v1/refunds`; parameters are as the form brought them: text, lists and maps.
    """
    shape = published()["requests"].get(route)
    if shape is None:
        raise invalid(f"{route} is not in the published extract: name it in scripts/extract_stripe_shapes.py.")
    _check_fields(params, shape, "")


def _check_fields(given: dict[str, Any], shape: Shape, within: str) -> None:
    for name, value in given.items():
        full = f"{within}[{name}]" if within else name
        kind = shape["properties"].get(name)
        if kind is None:
            raise invalid(f"Received unknown parameter: {full}", param=full, code="parameter_unknown")
        _check_value(value, kind, full)
    for name in shape["required"]:
        if name not in given:
            full = f"{within}[{name}]" if within else name
            raise invalid(f"Missing required param: {full}.", param=full, code="parameter_missing")


def _check_value(value: Any, kind: Shape, name: str) -> None:
    if "any_of" in kind:
        _check_any(value, kind["any_of"], name)
    elif kind["type"] == "object":
        if not isinstance(value, dict):
            raise invalid(f"Invalid object: {name}", param=name, code="parameter_invalid_object")
        if "properties" in kind:
            _check_fields(value, kind, name)
    elif kind["type"] == "array":
        if not isinstance(value, list):
            raise invalid(f"Invalid array: {name}", param=name, code="parameter_invalid_array")
        for number, item in enumerate(value):
            _check_value(item, kind["items"], f"{name}[{number}]")
    elif kind["type"] != "any":
        _check_text(value, kind, name)


def _check_any(value: Any, kinds: list[Shape], name: str) -> None:
    refusal: CardNetworkError | None = None
    for kind in kinds:
        try:
            _check_value(value, kind, name)
        except CardNetworkError as error:
            # What fits in its kind says better what is wrong inside.
            refusal = error if refusal is None or (isinstance(value, dict) and "properties" in kind) else refusal
        else:
            return
    if refusal is not None:
        raise refusal


def _check_text(value: Any, kind: Shape, name: str) -> None:
    wanted = kind["type"]
    if not isinstance(value, str):
        raise invalid(f"Invalid {wanted}: {name}", param=name, code=f"parameter_invalid_{wanted}")
    if wanted in _NUMBERS and not _NUMBERS[wanted].fullmatch(value):
        raise invalid(f"Invalid {wanted}: {value}", param=name, code=f"parameter_invalid_{wanted}")
    if wanted == "boolean" and value not in ("true", "false"):
        raise invalid(f"Invalid boolean: {value}", param=name, code="parameter_invalid_boolean")
    if "enum" in kind and value not in kind["enum"]:
        words = ", ".join(kind["enum"])
        raise invalid(f"Invalid {name}: must be one of {words}", param=name, code="parameter_invalid_enum")


def check_answer(body: Any) -> None:
    """Nothing, for an object, or a list of such, as Stripe publishes it. Raises CardNetworkError with what differs.

    A defect of this stand-in, so that no test rests on an answer that Stripe would not give.
    """
    rows = body["data"] if body.get("object") == "list" else [body]
    for row in rows:
        faults = faults_of(row)
        if faults:
            raise invalid(f"The stand-in's own answer is not as published: {'; '.join(faults)}")


def faults_of(body: dict[str, Any]) -> list[str]:
    """What of the object is not as published; nothing for a kind that is not in the extract."""
    shape = published()["objects"].get(body.get("object", ""))
    return [] if shape is None else list(_faults(body, shape, str(body["object"])))


def _fits(value: Any, wanted: str) -> bool:
    # To Python a truth value is a number; to JSON it is none.
    return isinstance(value, _OF_JSON[wanted]) and (wanted == "boolean" or not isinstance(value, bool))


def _faults(value: Any, kind: Shape, name: str) -> list[str]:
    if value is None:
        return [] if kind.get("nullable") else [f"{name} is null"]
    if "any_of" in kind:
        tried = [_faults(value, each, name) for each in kind["any_of"]]
        return min(tried, key=len)
    if kind["type"] == "any":
        return []
    if not _fits(value, kind["type"]):
        return [f"{name} is no {kind['type']}"]
    if "enum" in kind and value not in kind["enum"]:
        return [f"{name} is {value!r}"]
    if kind["type"] == "array":
        return [fault for item in value for fault in _faults(item, kind["items"], f"{name}[]")]
    if kind["type"] != "object" or "properties" not in kind:
        return []
    missing = [f"{name}.{field} is missing" for field in kind["required"] if field not in value]
    unknown = [f"{name}.{field} is unknown" for field in value if field not in kind["properties"]]
    inside = [
        fault
        for field, each in value.items()
        if field in kind["properties"]
        for fault in _faults(each, kind["properties"][field], f"{name}.{field}")
    ]
    return missing + unknown + inside
