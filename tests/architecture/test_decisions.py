"""Decisions are numbered once, and each says its number itself."""

import re
from collections import Counter

from tests.architecture.source import ROOT, written_files


def test_each_decision_has_a_number_of_its_own():
    files = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert files
    told = Counter(file.name[:4] for file in files)
    assert [number for number, times in told.items() if times > 1] == []
    for file in files:
        heading = re.match(r"# (\d+)\. \S", file.read_text())
        assert heading, f"{file.name} does not begin with its number"
        assert int(heading[1]) == int(file.name[:4]), f"{file.name} says that it is number {heading[1]}"


def test_each_decision_that_is_named_is_there():
    numbers = {int(file.name[:4]) for file in (ROOT / "docs" / "decisions").glob("*.md")}
    folders = ("client", "compliance", "docs", "marketplace", "settlement", "templates", "tests")
    named = {
        (file.relative_to(ROOT).as_posix(), int(number))
        for folder in folders
        for file in written_files(ROOT / folder, "*.py", "*.md", "*.sol", "*.html", "*.toml")
        for number in re.findall(r"\bADR (\d+)", file.read_text(encoding="utf-8"))
    }
    assert named
    assert {each for each in named if each[1] not in numbers} == set()
