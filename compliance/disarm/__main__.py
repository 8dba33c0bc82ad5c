"""`python -m compliance.disarm NAME TYPE`: a file comes in, pictures go out, or the fault with exit status 3."""

import contextlib
import resource
import sys

from compliance.disarm.kinds import kind_of
from compliance.disarm.papers import clean_pdf
from compliance.disarm.pictures import clean_picture
from compliance.disarm.shapes import MAX_BYTES, PDF, Cleaned, Fault, NoDocument, packed

REFUSED = 3
CPU_SECONDS = 20
MEMORY_BYTES = 1024**3


def limit() -> None:
    """This process has little memory and time, writes no file and starts no other process."""
    wanted = {
        resource.RLIMIT_CPU: CPU_SECONDS,
        resource.RLIMIT_AS: MEMORY_BYTES,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    for what, most in wanted.items():
        with contextlib.suppress(OSError, ValueError):  # macOS has no limit of the address space
            resource.setrlimit(what, (most, most))


def clean(data: bytes, name: str, declared: str) -> Cleaned:
    """The document made harmless. Raises NoDocument."""
    kind = kind_of(data, name=name, declared=declared)
    return Cleaned(kind, clean_pdf(data) if kind == PDF else (clean_picture(data, kind),))


def main(name: str = "", declared: str = "") -> int:
    """The exit status; the answer is on the standard output."""
    limit()
    try:
        answer, status = packed(clean(sys.stdin.buffer.read(MAX_BYTES + 1), name, declared)), 0
    except NoDocument as refused:
        answer, status = refused.fault.value.encode(), REFUSED
    except (MemoryError, RecursionError):
        answer, status = Fault.TOO_MUCH_WORK.value.encode(), REFUSED
    sys.stdout.buffer.write(answer)
    sys.stdout.buffer.flush()
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
