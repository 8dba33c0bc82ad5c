"""Runs one command with little room, as `python -I confine.py SPEC`; imports nothing but the standard library.

Three processes: the keeper (known to the agent; writes the exit code), the init (first of a new pid namespace
where that is permitted; reaps and passes signals on), and the command. Killing any of them ends those below.
"""

import ctypes
import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
DEVICES = ("null", "zero", "urandom")
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38
NOBODY = 65534
CANNOT_START = 127
MIB = 1024 * 1024


def main(spec_file: str) -> int:
    """The command has ended, and its exit code lies in the spec's `exit_file`."""
    spec = json.loads(Path(spec_file).read_text())
    libc = ctypes.CDLL(None, use_errno=True)
    isolated = _new_namespaces(libc)
    init = os.fork()
    if init == 0:
        os._exit(_be_init(libc, spec, isolated))
    _on_term(lambda: os.kill(init, signal.SIGTERM))
    code = _wait_for(init)
    _write_whole(Path(spec["exit_file"]), json.dumps({"exit_code": code, "isolated": isolated}))
    return code


def _new_namespaces(libc: ctypes.CDLL) -> bool:
    """Whether what comes next has its own processes, mounts, network, names and IPC."""
    flags = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET
    uid, gid = os.geteuid(), os.getegid()
    if uid == 0:
        return bool(libc.unshare(flags) == 0)
    if libc.unshare(flags | CLONE_NEWUSER) != 0:
        return False
    # Only root of this new user namespace may chroot; outside it remains the same powerless user.
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
    Path("/proc/self/gid_map").write_text(f"0 {gid} 1")
    return True


def _be_init(libc: ctypes.CDLL, spec: dict[str, Any], isolated: bool) -> int:
    """The command has run under this process, and nothing that it started is left."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if isolated:
        _furnish(libc, Path(spec["root"]))
    command = os.fork()
    if command == 0:
        _become_command(libc, spec, isolated)

    def term() -> None:
        os.kill(command, signal.SIGTERM)  # to the command alone, as Docker does: it ends what it started
        signal.alarm(int(spec["grace_seconds"]))

    _on_term(term)
    signal.signal(signal.SIGALRM, lambda *_: _signal_group(command, signal.SIGKILL))
    code = _wait_for(command)
    _signal_group(command, signal.SIGKILL)
    return code


def _furnish(libc: ctypes.CDLL, root: Path) -> None:
    """The root has the devices that every shell expects, and its own /proc; nobody else sees these mounts."""
    libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None)
    for name in DEVICES:
        (root / "dev" / name).touch()
        libc.mount(f"/dev/{name}".encode(), str(root / "dev" / name).encode(), None, MS_BIND, None)
    libc.mount(b"proc", str(root / "proc").encode(), b"proc", 0, None)


def _become_command(libc: ctypes.CDLL, spec: dict[str, Any], isolated: bool) -> None:
    """This process is the command now, or has written why not and is gone."""
    try:
        os.setsid()
        _take_output(spec)
        if isolated:
            os.chroot(spec["root"])
            os.chdir("/work")
        else:
            os.chdir(spec["work"])
        _limit(spec["limits"])
        if os.geteuid() == 0 and not _in_user_namespace():
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # a change of user clears it, so it comes last
        argv = spec["command"] if isolated else spec["command_outside"]
        os.execvpe(argv[0], argv, spec["environment"])  # noqa: S606  no shell is the point
    except BaseException as error:
        os.write(2, f"gridclear: cannot start the command: {error}\n".encode())
    finally:
        os._exit(CANNOT_START)


def _take_output(spec: dict[str, Any]) -> None:
    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    for number, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(spec[name], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), number)
    os.closerange(3, 256)


def _limit(limits: dict[str, int]) -> None:
    for name, value in limits.items():
        kind = getattr(resource, f"RLIMIT_{name}")
        _, hard = resource.getrlimit(kind)
        ceiling = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (ceiling, ceiling))


def _in_user_namespace() -> bool:
    """Whether root here is somebody else outside; the first namespace maps all 4,294,967,295 ids."""
    try:
        return "4294967295" not in Path("/proc/self/uid_map").read_text()
    except OSError:
        return False


def _on_term(act: Callable[[], None]) -> None:
    def handle(_number: int, _frame: FrameType | None) -> None:
        try:
            act()
        except ProcessLookupError:
            return

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)


def _signal_group(leader: int, number: int) -> None:
    try:
        os.killpg(leader, number)
    except (ProcessLookupError, PermissionError):
        return


def _wait_for(child: int) -> int:
    """The child's exit code, as a shell would say it; orphans are reaped on the way."""
    while True:
        pid, status = os.wait()
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def _write_whole(path: Path, text: str) -> None:
    part = path.with_suffix(".part")
    part.write_text(text)
    part.replace(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
