"""The page docs/benchmarks.md: sections that are measured together or one by one, each under its own mark."""

import re
from collections.abc import Mapping

SECTIONS = ("marketplace", "ledger", "audit", "ownership", "watchlists", "screening", "gas")
TITLE = "# Benchmarks\n"


def with_sections(page: str, measured: Mapping[str, str]) -> str:
    """The page with these sections new and the others as they were, in the order of `SECTIONS`."""
    kept = {name: text for name in SECTIONS if (text := _section(page, name))}
    texts = {**kept, **{name: text.strip() for name, text in measured.items()}}
    parts = [f"<!-- section {name} -->\n{texts[name]}\n<!-- end {name} -->\n" for name in SECTIONS if name in texts]
    return "\n".join([TITLE, *parts])


def _section(page: str, name: str) -> str:
    found = re.search(rf"<!-- section {name} -->\n(.*?)\n<!-- end {name} -->", page, re.DOTALL)
    return found[1] if found else ""
