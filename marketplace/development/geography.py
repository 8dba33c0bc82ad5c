"""A tiny world of addresses in MaxMind's format, for development and tests: loopback, and the ranges kept for examples.

A part of loopback lies in each country of the seeded world, so that its people connect from where they are (Linux
takes all of 127.0.0.0/8 as its own). Where plain 127.0.0.1 lies is the caller's to say; nowhere, as in real files,
when nothing is said. Real files are the operator's (docs/guides/operators.md); nothing here is true of anybody's
address.
"""

from pathlib import Path
from typing import Any

from mmdb_writer import MMDBWriter
from netaddr import IPSet

# Range: country, part of it, autonomous system.
WORLD: dict[str, tuple[str, str, int]] = {
    "192.0.2.0/24": ("SG", "", 64496),
    "198.51.100.0/24": ("AU", "QLD", 64497),
    "203.0.113.0/25": ("CN", "BJ", 64498),
    "203.0.113.128/25": ("CN", "BJ", 37963),  # a data centre by its autonomous system
    "198.18.0.0/24": ("UA", "43", 64499),
    "198.18.1.0/24": ("UA", "30", 64499),
    "2001:db8::/32": ("JP", "13", 64500),
}
HERE = ("127.0.0.0/16", "::1/128")
# The second number of a country's part of loopback: its calling code, or how that begins.
COUNTRIES = {"AU": 61, "CH": 41, "DE": 49, "FR": 33, "GB": 44, "HK": 85, "IE": 35, "NL": 31, "NO": 47, "SG": 65}
VPN, HOSTING, TOR = "192.0.2.128/26", "192.0.2.192/27", "192.0.2.77"


def loopback_of(country: str) -> str:
    """The loopback address from which someone in the country connects; raises KeyError for one not in the world."""
    return f"127.{COUNTRIES[country]}.0.1"


def write_world(folder: Path, here: str = "") -> dict[str, str]:
    """The files lie in the folder, with 127.0.0.1 in the country `here`; returns the settings that name them."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "GEOIP_PLACES_FILE": folder / "places.mmdb",
        "GEOIP_ASNS_FILE": folder / "asns.mmdb",
        "GEOIP_VPN_RANGES_FILE": folder / "vpn.txt",
        "GEOIP_HOSTING_RANGES_FILE": folder / "hosting.txt",
        "GEOIP_TOR_EXITS_FILE": folder / "tor.txt",
    }
    world = WORLD | {f"127.{code}.0.0/16": (country, "", 64496) for country, code in COUNTRIES.items()}
    world |= {net: (here, "", 64496) for net in HERE if here}
    _database(files["GEOIP_PLACES_FILE"], "Sample-City", {net: _place(*told[:2]) for net, told in world.items()})
    asns = {net: {"autonomous_system_number": told[2]} for net, told in world.items()}
    _database(files["GEOIP_ASNS_FILE"], "Sample (compat=GeoLite2-ASN)", asns)
    files["GEOIP_VPN_RANGES_FILE"].write_text(f"# a VPN\n{VPN}\n")
    files["GEOIP_HOSTING_RANGES_FILE"].write_text(f"{HOSTING} # a data centre\n")
    files["GEOIP_TOR_EXITS_FILE"].write_text(f"{TOR}\n")
    return {name: str(path) for name, path in files.items()}


def _place(country: str, part: str) -> dict[str, Any]:
    told: dict[str, Any] = {"country": {"iso_code": country}}
    return told | ({"subdivisions": [{"iso_code": part}]} if part else {})


def _database(path: Path, kind: str, rows: dict[str, dict[str, Any]]) -> None:
    writer = MMDBWriter(ip_version=6, ipv4_compatible=True, database_type=kind, languages=["en"])
    for net, told in rows.items():
        writer.insert_network(IPSet([net]), told)
    writer.to_db_file(str(path))
