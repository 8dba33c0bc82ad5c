"""The machine around the GPUs."""

import os
import platform
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

MIB = 1024 * 1024
GIB = 1024 * MIB


@dataclass(frozen=True)
class Host:
    """CPU cores, memory in MiB, free disk in GiB, link speed in Mbit/s (0: unknown), system and name."""

    cpu_count: int
    ram_mib: int
    disk_gib: int
    network_mbps: int
    os: str
    hostname: str


def read_host() -> Host:
    """What the machine is now."""
    return Host(
        cpu_count=os.cpu_count() or 1,
        ram_mib=_ram_mib(),
        disk_gib=shutil.disk_usage("/").free // GIB,
        network_mbps=_network_mbps(),
        os=_system_name(),
        hostname=socket.gethostname(),
    )


def _ram_mib() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // MIB
    except (ValueError, OSError):
        return 0


def _network_mbps() -> int:
    """The fastest link that is up; the kernel writes -1, or refuses, where a link has no speed of its own."""
    speeds = [0]
    for file in Path("/sys/class/net").glob("*/speed"):
        try:
            speeds.append(int(file.read_text()))
        except (OSError, ValueError):
            continue
    return max(speeds)


def _system_name() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return f"{platform.system()} {platform.release()}"
