"""Running a batch command on lines."""

import json
from io import StringIO

from django.core.management import call_command
from django.core.management.base import CommandError


def run(command, tmp_path, lines, *arguments):
    """The answers, and whether the exit status is 0. Lines are objects, or texts and bytes as they are."""
    path = tmp_path / f"{command}.jsonl"
    path.write_bytes(b"".join(_bytes(line) + b"\n" for line in lines))
    out, fine = StringIO(), True
    try:
        call_command(command, str(path), *arguments, stdout=out)
    except CommandError:
        fine = False
    return [json.loads(line) for line in out.getvalue().splitlines()], fine


def _bytes(line):
    if isinstance(line, bytes):
        return line
    return (line if isinstance(line, str) else json.dumps(line)).encode()
