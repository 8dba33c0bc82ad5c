"""What local files tell of an internet address: its country and region, its network, and whether that hides somebody.

The files are the operator's: a city or country database and an ASN database in MaxMind's format, plain lists of ranges
of VPNs and data centres (one CIDR a line), and a list of Tor exits. Nothing is asked of anybody outside. A file that is
replaced is read anew; one that cannot be read leaves the question open, and is told in the log.
"""

import ipaddress
import logging
import tomllib
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import geoip2.database
import geoip2.errors
import maxminddb

logger = logging.getLogger(__name__)
T = TypeVar("T")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class NetworkSign:
    """What is known of an address; `network` is isp, hosting, vpn, tor or "" for unknown."""

    country: str = ""
    region: str = ""
    network: str = ""
    asn: int = 0


@dataclass(frozen=True, slots=True)
class NetworkFiles:
    """Where the files lie; None for one that the operator does not have."""

    places: Path | None
    asns: Path | None
    vpn_ranges: Path | None
    hosting_ranges: Path | None
    tor_exits: Path | None
    known_networks: Path | None


class Ranges:
    """Address ranges, asked by binary search."""

    def __init__(self, lines: Iterable[str]) -> None:
        nets = [ipaddress.ip_network(text, strict=False) for line in lines if (text := line.partition("#")[0].strip())]
        self._by_version = {
            version: [
                (int(net.network_address), int(net.broadcast_address))
                for net in ipaddress.collapse_addresses(n for n in nets if n.version == version)  # type: ignore[type-var]
            ]
            for version in (4, 6)
        }

    def __contains__(self, address: Address) -> bool:
        ranges = self._by_version[address.version]
        at = bisect_right(ranges, (int(address), 1 << 130)) - 1
        return at >= 0 and ranges[at][0] <= int(address) <= ranges[at][1]


class Watched(Generic[T]):
    """What a file holds, read again when the file is another; None while there is none that can be read."""

    def __init__(self, path: Path | None, read: Callable[[Path], T]) -> None:
        self._path, self._read = path, read
        self._seen: tuple[int, int, int] | None = None
        self._held: T | None = None

    def get(self) -> T | None:
        """What the file holds now."""
        if self._path is None:
            return None
        try:
            stat = self._path.stat()
            mark = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        except OSError:
            mark = None
        if mark != self._seen:
            self._seen, self._held = mark, self._load() if mark else None
        return self._held

    def _load(self) -> T | None:
        assert self._path is not None
        try:
            return self._read(self._path)
        except (OSError, ValueError, KeyError, TypeError, maxminddb.InvalidDatabaseError) as error:
            logger.error("%s cannot be read, so what it tells is unknown: %s", self._path.name, error)
            return None


class Networks:
    """Looks addresses up in the files."""

    def __init__(self, files: NetworkFiles) -> None:
        self._places = Watched(files.places, _reader)
        self._asns = Watched(files.asns, _reader)
        self._vpn = Watched(files.vpn_ranges, _ranges)
        self._hosting = Watched(files.hosting_ranges, _ranges)
        self._tor = Watched(files.tor_exits, _ranges)
        self._known = Watched(files.known_networks, _known_networks)

    def look_up(self, text: str) -> NetworkSign:
        """What the files tell; nothing for an address that is none, or is not of the open internet."""
        try:
            address = ipaddress.ip_address(text.strip().partition("%")[0])
        except ValueError:
            return NetworkSign()
        address = getattr(address, "ipv4_mapped", None) or address
        country, region = self._place(address)
        asn = self._asn(address)
        return NetworkSign(country, region, self._network(address, asn, known=bool(country or asn)), asn)

    def _place(self, address: Address) -> tuple[str, str]:
        reader = self._places.get()
        if reader is None:
            return "", ""
        try:
            if "City" in reader.metadata().database_type:
                found = reader.city(str(address))
                part = found.subdivisions.most_specific
                country = found.country.iso_code or ""
                region = f"{country}-{part.iso_code}" if country and part.iso_code else part.name or ""
                return country, region[:80]
            return reader.country(str(address)).country.iso_code or "", ""
        except (geoip2.errors.AddressNotFoundError, TypeError, ValueError):
            return "", ""

    def _asn(self, address: Address) -> int:
        reader = self._asns.get()
        if reader is None:
            return 0
        try:
            return reader.asn(str(address)).autonomous_system_number or 0
        except (geoip2.errors.AddressNotFoundError, TypeError, ValueError):
            return 0

    def _network(self, address: Address, asn: int, *, known: bool) -> str:
        for kind, ranges in (("tor", self._tor), ("vpn", self._vpn), ("hosting", self._hosting)):
            held = ranges.get()
            if held is not None and address in held:
                return kind
        by_asn = (self._known.get() or {}).get(asn, "") if asn else ""
        return by_asn or ("isp" if known else "")


def _reader(path: Path) -> geoip2.database.Reader:
    # In memory: the file may be replaced under us.
    return geoip2.database.Reader(str(path), mode=maxminddb.MODE_MEMORY)


def _ranges(path: Path) -> Ranges:
    return Ranges(path.read_text(encoding="utf-8").splitlines())


def _known_networks(path: Path) -> dict[int, str]:
    rows = tomllib.loads(path.read_text(encoding="utf-8"))["networks"]
    return {int(row["asn"]): str(row["kind"]) for row in rows}
