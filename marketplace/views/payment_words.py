"""What the card network told of a party's payments, in words for officers."""

from collections.abc import Iterable
from typing import Any

from marketplace.forms.cases import words_of

# How each level looks; one that is not here is shown in words, neutrally.
_LOOKS = {"normal": "risk_normal", "elevated": "risk_elevated", "highest": "risk_highest", "blocked": "risk_highest"}


def payment_lines(signs: Iterable[Any]) -> list[dict[str, Any]]:
    """Each sign as the case's and the party's page show it, in the order given."""
    return [
        {
            "words": _words(sign),
            "detail": _detail(sign),
            "at": sign.happened_at,
            "source": sign.external_id,
            "state": _state(sign),
        }
        for sign in signs
    ]


def _words(sign: Any) -> str:
    if sign.kind == "warning":
        return f"Early fraud warning of the bank: {words_of(sign.level).lower()}"
    if sign.kind == "review":
        return f"Review at the card network, opened by {words_of(sign.level).lower()}"
    score = "" if sign.score is None else f" ({sign.score} of 100)"
    return f"Payment judged as of {words_of(sign.level or 'unknown').lower()} risk{score}"


def _detail(sign: Any) -> str:
    told = (words_of(sign.outcome_type).lower(), words_of(sign.network_status).lower(), sign.message)
    return ", ".join(each for each in told if each)


def _state(sign: Any) -> str:
    if sign.kind == "warning":
        return "warning_standing" if sign.standing else "warning_over"
    if sign.kind == "review":
        return "review_open" if sign.standing else "review_closed"
    return _LOOKS.get(sign.level, "risk_unknown")
