"""Two people or companies in, how like they are out."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from compliance.engine.batch.shapes import as_object, required
from compliance.engine.entities import described, pair
from compliance.engine.screening import STRONG


def compared(value: Mapping[str, Any], today: date) -> dict[str, Any]:
    """`{"score", "match", "why"}` of `{"query", "candidate"}`, both in FollowTheMoney's words.

    A `schema` said of one only, or beside them, holds for both. Raises `Malformed`.
    """
    query, candidate = (as_object(required(value, key), f'"{key}"') for key in ("query", "candidate"))
    said = value.get("schema", "Thing")
    found = pair(
        described(query, today, candidate.get("schema", said)), described(candidate, today, query.get("schema", said))
    )
    return {"score": found.score, "match": found.score >= found.threshold, "why": why(found.features, found.strength)}


def why(features: tuple[str, ...], strength: str) -> list[str]:
    """The reasons in sentences; the last says how sure they make us."""
    sure = "Taken for the same party." if strength == STRONG else ""
    return [*features, sure] if sure else list(features)
