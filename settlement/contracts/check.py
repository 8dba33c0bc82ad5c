"""`make contracts`: compiles and compares, fuzzes, holds the invariants, proves, analyses, runs the contracts' tests.

Each step prints its name and its time; the first that fails stops the rest. halmos and slither are programs of their
own with licences of their own: they get an environment each under `.tools/`, made at first use, and are no part of
what runs or is shipped.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from settlement.contracts import compile as compiler
from settlement.contracts.findings import differences
from settlement.contracts.toolchain import CONTRACTS, forge_binary, node_binary

TOOLS = CONTRACTS / ".tools"
ROOT = CONTRACTS.parents[1]
PROOFS = 8


class StepFailed(RuntimeError):
    """A step found something; the message says what."""


def main() -> int:
    """Every step was gone through; returns the exit status."""
    parser = argparse.ArgumentParser(prog="make contracts", description=__doc__)
    parser.add_argument("steps", nargs="*", choices=[[], *STEPS], help="only these; all by default")
    wanted = parser.parse_args().steps or list(STEPS)
    for name in wanted:
        began = time.monotonic()
        print(f"{name} …", flush=True)
        try:
            said = STEPS[name]()
        except (StepFailed, compiler.CompilationFailed) as failure:
            print(f"{name}: FAILED\n{failure}", file=sys.stderr)
            return 1
        print(f"{name}: {said} ({time.monotonic() - began:.0f} s)", flush=True)
    return 0


def compare() -> str:
    """The committed ABI and bytecode are what the sources compile to."""
    stale = [path.name for path, text in compiler.artifact_texts().items() if path.read_text(encoding="utf-8") != text]
    if stale:
        raise StepFailed(f"stale: {', '.join(stale)}. Run `python -m settlement.contracts.compile` and commit.")
    return "artifacts match their sources byte for byte"


def fuzz() -> str:
    """Forge's fuzzer and invariants found nothing."""
    printed = _run([str(forge_binary()), "test", "--offline"], profile=os.environ.get("FOUNDRY_PROFILE", "default"))
    passed = re.findall(r"(\d+) tests passed, 0 failed", printed)
    if not passed:
        raise StepFailed(printed[-4000:])
    return f"{passed[-1]} properties and invariants hold"


def prove() -> str:
    """Halmos proved every property of `proofs/`."""
    halmos = _tool("halmos")
    command = [halmos, "--forge-build-out", "out-proofs", "--loop", "6", "--solver-timeout-assertion", "300000"]
    printed = _run([str(part) for part in command], profile="proofs")
    passed = len(re.findall(r"\[PASS\]", printed))
    if passed != PROOFS or re.search(r"\[(FAIL|TIMEOUT|ERROR)\]", printed):
        raise StepFailed(printed[-4000:])
    return f"{passed} properties proved"


def analyse() -> str:
    """Each of slither's findings is answered in slither-answers.json, and each answer is to a finding."""
    slither, report = _tool("slither"), CONTRACTS / "out-slither" / "findings.json"
    # Afresh: slither reads every build that it finds, and would analyse sources as they were.
    for folder in ("out-slither", "cache-slither"):
        shutil.rmtree(CONTRACTS / folder, ignore_errors=True)
    report.parent.mkdir()
    command = [slither, ".", "--compile-force-framework", "foundry", "--foundry-out-directory", "out-slither"]
    command += ["--filter-paths", "node_modules", "--fail-none", "--json", report]
    printed = _run([str(part) for part in command], profile="slither")
    if not report.is_file():
        raise StepFailed(printed[-4000:])
    if found := differences(report):
        raise StepFailed("\n".join(found))
    return "every finding is answered in slither-answers.json"


def test() -> str:
    """The contracts' tests on anvil pass, gas bounds included."""
    command = [sys.executable, "-m", "pytest", "-q", "tests/contracts", "--deselect", "tests/contracts/test_fuzz.py"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise StepFailed(done.stdout[-6000:])
    return done.stdout.strip().splitlines()[-1]


STEPS: dict[str, Callable[[], str]] = {
    "compare": compare,
    "fuzz": fuzz,
    "prove": prove,
    "analyse": analyse,
    "test": test,
}


def _run(command: list[str], *, profile: str) -> str:
    """What the command printed. Raises StepFailed when it failed, with the end of that."""
    environment = os.environ | {
        "FOUNDRY_PROFILE": profile,
        "FOUNDRY_OFFLINE": "true",
        "FOUNDRY_LINT_LINT_ON_BUILD": "false",
        "GRIDCLEAR_NODE": str(node_binary()),
        # halmos and slither call `forge` by its name.
        "PATH": f"{forge_binary().parent}{os.pathsep}{os.environ['PATH']}",
        "NO_COLOR": "1",
    }
    done = subprocess.run(
        command,
        cwd=CONTRACTS,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    printed = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)
    if done.returncode != 0:
        raise StepFailed(printed[-6000:])
    return printed


def _tool(name: str) -> Path:
    """The program, in an environment of its own with the pinned version; made or renewed when the pin changed."""
    pin = CONTRACTS / "tools" / f"{name}.txt"
    folder = TOOLS / name
    stamp = folder / "pin.txt"
    if not stamp.is_file() or stamp.read_text() != pin.read_text():
        uv = Path(sys.executable).with_name("uv")
        for arguments in (
            ["venv", "--clear", "--python", sys.executable, str(folder)],
            ["pip", "install", "--python", str(folder), "-r", str(pin)],
        ):
            done = subprocess.run([str(uv), *arguments], capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise StepFailed(f"{name} could not be installed:\n{done.stderr[-2000:]}")
        stamp.write_text(pin.read_text())
    return folder / "bin" / name


if __name__ == "__main__":
    raise SystemExit(main())
