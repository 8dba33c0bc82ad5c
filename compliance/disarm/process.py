"""Asks the program that cleans, and believes nothing that it says unseen."""

import os
import subprocess
import sys
from pathlib import Path

from compliance.disarm.kinds import kind_of
from compliance.disarm.shapes import Cleaned, Fault, NoDocument, unpacked

SECONDS = 40
_REFUSED = 3
_ROOT = Path(__file__).resolve().parents[2]


def cleaned(data: bytes, *, name: str = "", declared: str = "") -> Cleaned:
    """The document made harmless, by a process of its own. Raises NoDocument.

    What costs nothing is looked at first, so that most wrong files never start one.
    """
    kind_of(data, name=name, declared=declared)
    environment = {key: os.environ[key] for key in ("PATH", "LANG", "LD_LIBRARY_PATH") if key in os.environ}
    suffix = Path(name).suffix[:8]
    try:
        done = subprocess.run(
            [sys.executable, "-s", "-m", "compliance.disarm", f"file{suffix}" if suffix else "", declared[:80]],
            input=data,
            capture_output=True,
            timeout=SECONDS,
            cwd=_ROOT,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise NoDocument(Fault.TOO_MUCH_WORK) from error
    if done.returncode == _REFUSED and done.stdout.decode(errors="replace") in set(Fault):
        raise NoDocument(Fault(done.stdout.decode()))
    if done.returncode != 0:
        # Killed for memory or time, or a decoder fell: the file is at fault, whatever it did.
        raise NoDocument(Fault.TOO_MUCH_WORK if done.returncode < 0 else Fault.DAMAGED)
    try:
        return unpacked(done.stdout)
    except (ValueError, TypeError) as error:
        raise NoDocument(Fault.DAMAGED) from error
