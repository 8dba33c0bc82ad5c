"""A container image from files of this machine: a closed machine pulls nothing."""

import io
import shutil
import subprocess
import tarfile
from pathlib import Path

import docker
from docker.errors import DockerException

REPOSITORY = "gridclear/hello"
TAG = "local"
IMAGE = f"{REPOSITORY}:{TAG}"
TOOLS = ("sh", "echo", "date", "sleep", "cat", "env")


def ensure_image() -> bool:
    """The story's image lies in Docker's store; False when no Docker daemon answers here."""
    try:
        client = docker.from_env(timeout=30)
        client.ping()
        if not client.images.list(name=IMAGE):
            client.api.import_image_from_data(root_file_system(), repository=REPOSITORY, tag=TAG)
    except DockerException:
        return False
    return True


def root_file_system() -> bytes:
    """A tar archive with a shell and the few tools that the story's workloads call."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for folder in ("bin", "tmp", "etc"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755
            archive.addfile(entry)
        for target, source in _files().items():
            archive.add(str(source.resolve()), arcname=target.lstrip("/"))
    return buffer.getvalue()


def _files() -> dict[str, Path]:
    busybox = shutil.which("busybox")
    if busybox is not None and not _libraries(Path(busybox)):
        # One static file is all of them: it looks at the name it is called by.
        return {f"bin/{tool}": Path(busybox) for tool in TOOLS}
    found = {f"bin/{tool}": Path(path) for tool in TOOLS if (path := shutil.which(tool)) is not None}
    libraries = {str(library): library for tool in found.values() for library in _libraries(tool)}
    return found | libraries


def _libraries(program: Path) -> list[Path]:
    """The shared libraries, the loader among them, that the program asks for."""
    listing = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=False).stdout
    words = (word for line in listing.splitlines() for word in line.split())
    return [Path(word) for word in words if word.startswith("/") and not word.endswith(":")]
