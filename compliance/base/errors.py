"""Refusals: one class per business refusal, each with a stable code and an HTTP status (RFC 9457)."""

from typing import Any, ClassVar


class Refusal(Exception):
    """A deed was refused and nothing was changed.

    `message` says what happened, what was not changed and what to do; it holds no secret and no personal data.
    `extra` carries members for the problem+json body.
    """

    code: ClassVar[str] = "refused"
    http_status: ClassVar[int] = 400
    default_message: ClassVar[str] = "The request was refused. Nothing was changed."

    def __init__(self, message: str | None = None, **extra: Any) -> None:
        self.message = message or self.default_message
        self.extra = extra
        super().__init__(self.message)


class NotFound(Refusal):
    """The object does not exist, or is not the caller's to see."""

    code = "not_found"
    http_status = 404
    default_message = "There is no such object, or it is not yours to see."


class Forbidden(Refusal):
    """The caller may see the object but not do this."""

    code = "forbidden"
    http_status = 403
    default_message = "Your role does not allow this. Nothing was changed."


class InvalidInput(Refusal):
    """A value is malformed or out of range."""

    code = "invalid_input"
    http_status = 422
    default_message = "A value is not valid. Nothing was changed."


class Conflict(Refusal):
    """The deed lost a race or does not fit the present state."""

    code = "conflict"
    http_status = 409
    default_message = "The object has changed meanwhile. Nothing was changed; reload and try again."


class StaleState(Conflict):
    """Another process moved the object to another state first."""

    code = "stale_state"


class IllegalTransition(Conflict):
    """The object's present state does not lead to the wanted one."""

    code = "illegal_transition"
