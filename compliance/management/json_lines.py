"""Commands that answer JSON lines: one line out for each line in, in the same order, in constant memory."""

import json
import os
import sys
from abc import abstractmethod
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError

from compliance.engine.batch.shapes import parse
from compliance.engine.codec import Malformed

LONGEST_LINE = 64 * 1024 * 1024  # bytes
STDIN = "-"

Answer = Callable[[dict[str, Any]], dict[str, Any]]


class JsonLinesCommand(BaseCommand):
    """Exit status 1 when any line could not be answered; each such line has its `error` and its number."""

    # These answer from what they are given: the checks of the whole site would cost more than most inputs.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where the lines come from."""
        parser.add_argument("file", nargs="?", default=STDIN, help="a file of JSON lines; standard input when left out")

    def handle(self, *args: Any, **options: Any) -> None:
        """Each line has been answered, or told why not."""
        answer = self.answering(options)
        with opened(options["file"]) as lines:
            self.answer_all(lines, answer)

    @abstractmethod
    def answering(self, options: dict[str, Any]) -> Answer:
        """What answers one object; it raises ValueError or ArithmeticError for one that it cannot take."""

    def answer_all(self, lines: IO[bytes], answer: Answer) -> None:
        """Raises CommandError at the end when any line was bad."""
        bad = total = 0
        try:
            for total, line in enumerate(each_line(lines), start=1):
                try:
                    found = answer(parse(_text(line)))
                except (ValueError, ArithmeticError, RecursionError) as error:
                    bad += 1
                    found = {"error": str(error) or type(error).__name__, "line": total}
                self._tell(found)
        except BrokenPipeError:  # whoever reads has seen enough; nothing is left to be flushed at exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(1) from None
        if bad:
            raise CommandError(f"{bad} of {total} lines could not be answered.")

    def _tell(self, found: dict[str, Any]) -> None:
        # A terminal or pipe that is not UTF-8 gets escapes: no name may stop the run.
        encoding = (getattr(sys.stdout, "encoding", "") or "").lower().replace("-", "")
        self.stdout.write(json.dumps(found, ensure_ascii=encoding != "utf8", allow_nan=False))
        self.stdout.flush()


@contextmanager
def opened(file: str) -> Iterator[IO[bytes]]:
    """The file's bytes, or those of standard input for "-". Raises CommandError."""
    if file == STDIN:
        yield sys.stdin.buffer
        return
    try:
        lines = Path(file).open("rb")  # noqa: SIM115 - closed below; only the opening may be refused here
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
    with lines:
        yield lines


def each_line(lines: IO[bytes]) -> Iterator[bytes]:
    """Each line without its end; of one that is too long only a little more than the longest that is taken."""
    while line := lines.readline(LONGEST_LINE + 1):
        rest = line
        while len(rest) > LONGEST_LINE and not rest.endswith(b"\n"):
            rest = lines.readline(LONGEST_LINE + 1)
            if not rest:
                break
        yield line.rstrip(b"\r\n")


def _text(line: bytes) -> str:
    if len(line) > LONGEST_LINE:
        raise Malformed(f"the line has more than {LONGEST_LINE} bytes")
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Malformed("the line is no UTF-8") from error
    if not text.strip():
        raise Malformed("the line is empty")
    return text
