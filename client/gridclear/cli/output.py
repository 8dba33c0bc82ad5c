"""How the command speaks: tables for people, JSON for programs, one line and an exit code for trouble."""

import json
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn, ParamSpec, TypeVar

from rich.console import Console

from gridclear.errors import AgentError, GridclearError

console = Console()
errors = Console(stderr=True)

FAILED, REFUSED, NOT_FOUND, NOT_ALLOWED, NO_ANSWER = 1, 3, 4, 5, 6

P = ParamSpec("P")
R = TypeVar("R")


def print_json(value: Any) -> None:
    """The value is on standard output as JSON, without colour or wrapping."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def fail(code: str, message: str, status: int = FAILED) -> NoReturn:
    """The process ends with `status` after one line on standard error."""
    errors.print(f"[bold red]error[/] [dim]{code}[/] ", end="")
    errors.print(message, markup=False, highlight=False, soft_wrap=True)
    raise SystemExit(status)


def exit_code(error: GridclearError) -> int:
    """3 refused, 4 not found, 5 not allowed, 6 no answer, 1 anything else."""
    if error.status == 0 or error.status >= 500:
        return NO_ANSWER
    return {401: NOT_ALLOWED, 403: NOT_ALLOWED, 404: NOT_FOUND}.get(error.status, REFUSED)


def speaks_plainly(command: Callable[P, R]) -> Callable[P, R]:
    """The command's refusals end it with one line and an exit code, never with a traceback."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except GridclearError as error:
            # A server's title only repeats the code; without an answer the title says what happened.
            fail(error.code, (error.status and error.detail) or str(error), exit_code(error))
        except AgentError as error:
            fail(error.code, error.message)

    return run
