"""Errors as problem+json (RFC 9457)."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from compliance.base.errors import Refusal

CONTENT_TYPE = "application/problem+json"

# (exception, code, words): what the framework itself refuses. The first that fits counts.
_FRAMEWORK: tuple[tuple[type[Exception], str, str], ...] = (
    (exceptions.ParseError, "malformed_json", "The body is not valid JSON. Nothing was changed."),
    (
        exceptions.NotAuthenticated,
        "not_authenticated",
        "Log in, or send an API key: `Authorization: Bearer gck_…`. Nothing was changed.",
    ),
    (exceptions.AuthenticationFailed, "not_authenticated", "You could not be authenticated. Nothing was changed."),
    (exceptions.PermissionDenied, "forbidden", "This is not allowed. Nothing was changed."),
    (exceptions.MethodNotAllowed, "method_not_allowed", "This address does not take this method."),
    (exceptions.UnsupportedMediaType, "unsupported_media_type", "Send JSON: `Content-Type: application/json`."),
    (exceptions.NotAcceptable, "not_acceptable", "Answers are JSON."),
    (exceptions.Throttled, "too_many_requests", "Too many requests. Nothing was changed; wait a moment."),
    (exceptions.NotFound, "not_found", "There is no such object, or it is not yours to see."),
)


def problem(status: int, code: str, detail: str, **members: Any) -> dict[str, Any]:
    """The body of a problem; `members` are those of this kind of problem."""
    title = code.replace("_", " ").capitalize()
    known = {
        "type": f"urn:gridclear:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
    }
    return {**members, **known}


def problem_of(refusal: Refusal) -> dict[str, Any]:
    """A refusal as a problem."""
    return problem(refusal.http_status, refusal.code, refusal.message, **refusal.extra)


def problem_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """The answer to an exception in a view; None for what nobody foresaw, which is the server's own fault."""
    set_rollback()
    if isinstance(error, Refusal):
        return as_response(problem_of(error))
    if isinstance(error, exceptions.ValidationError):
        errors = _flat(error.detail)
        words = " ".join(f"{name}: {why}" for name, why in errors.items())
        return as_response(problem(422, "invalid_input", f"{words} Nothing was changed.", errors=errors))
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    for kind, code, words in _FRAMEWORK:
        if isinstance(error, kind) and isinstance(error, exceptions.APIException):
            return _framework_response(error, code, words)
    return None


def as_response(body: dict[str, Any]) -> Response:
    """The problem as an answer; a 401 says how to authenticate, what has to wait says how long."""
    headers = {"WWW-Authenticate": 'Bearer realm="gridclear"'} if body["status"] == 401 else {}
    if "retry_after_seconds" in body:
        headers["Retry-After"] = str(body["retry_after_seconds"])
    return Response(body, status=body["status"], content_type=CONTENT_TYPE, headers=headers)


def _framework_response(error: exceptions.APIException, code: str, words: str) -> Response:
    response = as_response(problem(error.status_code, code, words))
    wait = getattr(error, "wait", None)
    if wait is not None:
        response["Retry-After"] = str(int(wait) + 1)
    return response


def _flat(detail: Any, path: str = "") -> dict[str, str]:
    """`{"gpus.0.name": "This field is required."}` from the framework's nested lists."""
    if isinstance(detail, dict):
        pairs = [(f"{path}.{name}".strip("."), inner) for name, inner in detail.items()]
    elif isinstance(detail, list) and any(isinstance(inner, dict | list) for inner in detail):
        pairs = [(f"{path}.{number}".strip("."), inner) for number, inner in enumerate(detail) if inner]
    else:
        words = " ".join(str(inner) for inner in detail) if isinstance(detail, list) else str(detail)
        return {path or "body": words}
    flat: dict[str, str] = {}
    for name, inner in pairs:
        flat.update(_flat(inner, name.removesuffix(".non_field_errors") or "body"))
    return flat
