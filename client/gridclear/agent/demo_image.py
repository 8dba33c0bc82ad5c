"""A small image made on this machine, without any network: what the story and the tests lease GPUs for."""

import hashlib
import io
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from docker.errors import ImageNotFound

from gridclear.agent.runners.daemon import connect
from gridclear.errors import AgentError

TAG = "gridclear/demo:1"
CONTENT_LABEL = "gridclear.demo.content"
COMMAND = ("/bin/sh", "/gridclear/demo.sh")
APPLETS = ("sh", "sleep", "echo", "cat", "ls", "id", "env", "wget", "nc", "hostname", "touch", "mkdir", "true")

DEMO_SCRIPT = """#!/bin/sh
# Says that it runs, shows the token it was given, and counts until it is told to stop.
trap 'echo "gridclear-demo: told to stop, stopping"; exit 0' TERM INT
if [ "$GRIDCLEAR_GPUS_SIMULATED" = 1 ]; then kind=" simulated"; else kind=""; fi
echo "gridclear-demo: running with $GRIDCLEAR_GPU_COUNT$kind GPUs"
echo "gridclear-demo: token ${GRIDCLEAR_DEMO_TOKEN:-none}"
beat=0
while :; do
  beat=$((beat + 1))
  echo "gridclear-demo: beat $beat"
  sleep "${GRIDCLEAR_DEMO_PERIOD:-1}" &
  wait $! || sleep 1
done
"""


@dataclass(frozen=True)
class LocalImage:
    """An image whose root file system can be laid out here, and its command when the renter gives none."""

    command: tuple[str, ...]
    lay_out: Callable[[Path], None]


def local() -> LocalImage:
    """The demo image, for a runner without Docker."""
    return LocalImage(COMMAND, lay_out)


def build(tag: str = TAG) -> str:
    """The image is in the local Docker daemon under `tag`; returns its id. One of the same content is kept.

    Raises AgentError when no daemon answers, or this machine has nothing to build it from.
    """
    client = connect()
    data = archive()
    content = hashlib.sha256(data + repr(COMMAND).encode()).hexdigest()
    with suppress(ImageNotFound):
        known = client.images.get(tag)
        if known.labels.get(CONTENT_LABEL) == content:
            return str(known.id)
    changes = [f'CMD ["{COMMAND[0]}", "{COMMAND[1]}"]', "ENV PATH=/bin", "WORKDIR /work"]
    changes.append(f"LABEL {CONTENT_LABEL}={content}")
    repository, _, version = tag.rpartition(":")
    client.api.import_image_from_data(data, repository=repository, tag=version, changes=changes)
    return str(client.images.get(tag).id)


def archive() -> bytes:
    """The root file system as a tar archive whose bytes depend on its content alone."""
    with tempfile.TemporaryDirectory(prefix="gridclear-demo-") as folder:
        root = Path(folder) / "root"
        lay_out(root)
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            tar.add(root, arcname=".", filter=_anonymous)
        return buffer.getvalue()


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    entry.mtime = 0
    return entry


def lay_out(root: Path) -> None:
    """The root file system lies under `root`. Raises AgentError when the machine has no shell to build it from."""
    for name in ("bin", "gridclear", "work", "tmp", "etc", "dev", "proc", "sys"):
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "etc" / "passwd").write_text("root:x:0:0:root:/work:/bin/sh\nnobody:x:65534:65534:nobody:/work:/bin/sh\n")
    (root / "tmp").chmod(0o1777)
    (root / "work").chmod(0o1777)
    script = root / "gridclear" / "demo.sh"
    script.write_text(DEMO_SCRIPT)
    script.chmod(0o755)
    if (busybox := _static_busybox()) is not None:
        _from_busybox(root, busybox)
    else:
        _from_system(root)


def _static_busybox() -> Path | None:
    found = shutil.which("busybox", path="/bin:/usr/bin:/usr/local/bin:/sbin:/usr/sbin")
    return Path(found) if found and not _libraries(Path(found)) else None


def _from_busybox(root: Path, busybox: Path) -> None:
    shutil.copy(busybox, root / "bin" / "busybox")
    (root / "bin" / "busybox").chmod(0o755)
    for applet in APPLETS:
        (root / "bin" / applet).unlink(missing_ok=True)
        (root / "bin" / applet).symlink_to("busybox")


def _from_system(root: Path) -> None:
    """This machine's own shell and a few small programs, with the libraries that they name."""
    for name in APPLETS:
        found = shutil.which(name, path="/bin:/usr/bin")
        if found is None:
            if name in ("sh", "sleep"):
                raise AgentError("no_shell", "This machine has no shell to build the demo image from.")
            continue
        target = root / "bin" / name
        shutil.copy(Path(found).resolve(), target)
        target.chmod(0o755)
        for library in _libraries(Path(found).resolve()):
            place = root / str(library).lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(library.resolve(), place)
            place.chmod(0o755)


def _libraries(program: Path) -> list[Path]:
    """The shared libraries and the loader that the program names; none for a static one."""
    result = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=False)
    words = [word for line in result.stdout.splitlines() for word in line.split()]
    return [Path(word) for word in words if word.startswith("/") and not word.endswith(":")]
