"""The product's source as the architecture tests read it: parsed once, never imported."""

import ast
import os
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_MADE = frozenset(("node_modules", "out", "cache", "__pycache__"))
PRODUCT = ("marketplace", "settlement", "compliance", "client/gridclear")


@dataclass(frozen=True)
class Module:
    """One Python file of the product."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """The path below the repository, for people to find it by."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node


def written_files(folder: Path, *patterns: str) -> Iterator[Path]:
    """The files below the folder that people wrote: nothing that was installed or made."""
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(each for each in folders if not each.startswith(".") and each not in _MADE)
        for name in sorted(names):
            if any(fnmatch(name, pattern) for pattern in patterns):
                yield Path(root, name)


@cache
def modules() -> tuple[Module, ...]:
    """Every module of the product but the migrations, which Django writes."""
    found = []
    for package in PRODUCT:
        for path in written_files(ROOT / package, "*.py"):
            if "migrations" in path.parts:
                continue
            text = path.read_text()
            found.append(Module(path, text, ast.parse(text)))
    return tuple(found)


def called_name(node: ast.AST) -> str:
    """`a.b.c` for a name or an attribute chain, else an empty string."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{called_name(node.value)}.{node.attr}".lstrip(".")
    return ""


def imported_names(node: ast.AST) -> list[str]:
    """The modules that an import statement names."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
        return [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return []
