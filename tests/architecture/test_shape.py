"""Small functions, small files, imports at the top, no cycles, nothing left undone."""

import ast
import graphlib
import re
import subprocess

import grimp
import pytest

from tests.architecture.source import ROOT, modules

FUNCTION_LINES_P95 = 40
FILE_LINES_P95 = 300
FILE_LINES_MAX = 400
UNDONE = re.compile(r"\b(TO" r"DO|FIX" r"ME|X{3})\b")


def percentile(values: list[int], share: float) -> int:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def test_functions_stay_short():
    lengths = {
        f"{module.name}:{function.lineno} {function.name}": function.end_lineno - function.lineno + 1
        for module in modules()
        for function in module.functions()
    }
    longest = sorted(lengths, key=lengths.get, reverse=True)[:8]
    assert percentile(list(lengths.values()), 0.95) <= FUNCTION_LINES_P95, longest


def test_files_stay_short():
    lengths = {module.name: module.lines for module in modules()}
    too_long = {name: lines for name, lines in lengths.items() if lines > FILE_LINES_MAX}
    assert too_long == {}
    assert percentile(list(lengths.values()), 0.95) <= FILE_LINES_P95


def test_imports_stand_at_the_top():
    inside = [
        f"{module.name}:{node.lineno}"
        for module in modules()
        for function in module.functions()
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert inside == []


@pytest.mark.parametrize("package", ["marketplace", "settlement", "compliance", "gridclear"])
def test_no_modules_import_each_other_in_a_circle(package):
    graph = grimp.build_graph(package)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    try:
        graphlib.TopologicalSorter(imports).prepare()
    except graphlib.CycleError as error:
        pytest.fail(f"a circle of imports: {' -> '.join(error.args[1])}")


def test_nothing_is_left_for_later():
    tracked = subprocess.run(
        ["git", "ls-files", "*.py", "*.html", "*.sol", "*.js", "*.css", "*.sh", "Makefile"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    vendored = ("marketplace/static/", "node_modules/")
    left = [
        f"{name}:{number}"
        for name in tracked
        if not name.startswith(vendored) and (ROOT / name).exists()
        for number, line in enumerate((ROOT / name).read_text(errors="replace").splitlines(), 1)
        if UNDONE.search(line)
    ]
    assert left == []


def test_every_public_service_says_what_is_true_afterwards():
    silent = [
        f"{module.name}:{node.lineno} {node.name}"
        for module in modules()
        if "/services/" in module.name
        for node in module.tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and ast.get_docstring(node) is None
    ]
    assert silent == []
