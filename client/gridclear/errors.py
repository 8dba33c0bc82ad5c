"""What can go wrong on this side of the wire, and how a server's refusal arrives here."""

from typing import Any

import httpx


class GridclearError(Exception):
    """A request was refused, or nobody answered; nothing was changed by it unless `detail` says so.

    `status` is the HTTP status, or 0 when no answer came. `code` is the machine's word for it, stable.
    """

    def __init__(self, code: str, status: int, title: str, detail: str = "", *, retry_after_seconds: int = 0) -> None:
        super().__init__(f"{title}: {detail}" if detail else title)
        self.retry_after_seconds = retry_after_seconds
        self.code = code
        self.status = status
        self.title = title
        self.detail = detail

    @property
    def may_pass(self) -> bool:
        """Whether the same request may succeed later without anybody doing anything."""
        return self.status in (0, 408, 425, 429, 502, 503, 504) or self.code == "request_in_progress"


class AgentError(Exception):
    """The agent refuses to go on; `code` is the machine's word, the message says what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def unreachable(error: httpx.TransportError, url: str) -> GridclearError:
    """The GridclearError for a server that could not be reached or did not answer in time."""
    timed_out = isinstance(error, httpx.TimeoutException)
    code = "timeout" if timed_out else "unreachable"
    title = "The server did not answer in time" if timed_out else "The server cannot be reached"
    return GridclearError(code, 0, title, f"{url} ({type(error).__name__}).")


def refusal_from(response: httpx.Response) -> GridclearError:
    """The GridclearError that a response with an error status means; reads problem+json (RFC 9457)."""
    wait = response.headers.get("Retry-After", "")
    seconds = int(wait) if wait.isdecimal() else 0
    try:
        problem: Any = response.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        title = f"The server answered {response.status_code}"
        return GridclearError("http_error", response.status_code, title, retry_after_seconds=seconds)
    code = str(problem.get("code") or str(problem.get("type") or "http_error").rstrip("/").rsplit("/", 1)[-1])
    title = str(problem.get("title") or f"The server answered {response.status_code}")
    detail = str(problem.get("detail") or "")
    fields = _field_errors(problem)
    words = detail if not fields or fields in detail else f"{detail} {fields}".strip()
    return GridclearError(code, response.status_code, title, words, retry_after_seconds=seconds)


def _field_errors(problem: dict[str, Any]) -> str:
    """One line for a problem's `errors`, which name the fields that were refused."""
    errors = problem.get("errors")
    if isinstance(errors, dict):
        return "; ".join(f"{field}: {_flat(words)}" for field, words in errors.items())
    return _flat(errors) if errors else ""


def _flat(words: object) -> str:
    if isinstance(words, list):
        return " ".join(_flat(word) for word in words)
    if isinstance(words, dict):
        return "; ".join(f"{key}: {_flat(value)}" for key, value in words.items())
    return str(words)
