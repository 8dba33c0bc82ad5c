"""Addresses looked up in local files: real MaxMind-format files, made small."""

import os
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest

from compliance.engine.packs import POLICIES
from compliance.sources.networks import NetworkFiles, Networks, NetworkSign, Ranges
from marketplace.development.geography import write_world


@pytest.fixture
def files(tmp_path):
    written = {name: Path(path) for name, path in write_world(tmp_path).items()}
    return NetworkFiles(
        places=written["GEOIP_PLACES_FILE"],
        asns=written["GEOIP_ASNS_FILE"],
        vpn_ranges=written["GEOIP_VPN_RANGES_FILE"],
        hosting_ranges=written["GEOIP_HOSTING_RANGES_FILE"],
        tor_exits=written["GEOIP_TOR_EXITS_FILE"],
        known_networks=next((POLICIES / "networks").glob("*/networks.toml")),
    )


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.1", NetworkSign("SG", "", "isp", 64496)),
        ("198.51.100.7", NetworkSign("AU", "AU-QLD", "isp", 64497)),
        ("198.18.0.9", NetworkSign("UA", "UA-43", "isp", 64499)),  # Crimea
        ("203.0.113.200", NetworkSign("CN", "CN-BJ", "hosting", 37963)),  # by its autonomous system
        ("192.0.2.130", NetworkSign("SG", "", "vpn", 64496)),
        ("192.0.2.200", NetworkSign("SG", "", "hosting", 64496)),
        ("192.0.2.77", NetworkSign("SG", "", "tor", 64496)),
        ("2001:db8::1", NetworkSign("JP", "JP-13", "isp", 64500)),
        ("::ffff:198.51.100.7", NetworkSign("AU", "AU-QLD", "isp", 64497)),  # IPv4 in IPv6
        ("fe80::1%eth0", NetworkSign()),
        ("8.8.8.8", NetworkSign()),  # in none of these files
        ("10.0.0.1", NetworkSign()),
        ("unknown", NetworkSign()),
        ("", NetworkSign()),
        ("192.0.2.1, 10.0.0.1", NetworkSign()),
    ],
)
def test_what_the_files_tell(files, address, expected):
    assert Networks(files).look_up(address) == expected


def test_without_files_nothing_is_known():
    assert Networks(NetworkFiles(None, None, None, None, None, None)).look_up("192.0.2.1") == NetworkSign()


def test_a_file_that_is_replaced_is_read_anew(files):
    networks = Networks(files)
    assert networks.look_up("192.0.2.1").network == "isp"
    fresh = files.tor_exits.with_suffix(".new")
    fresh.write_text("192.0.2.1\n")
    os.replace(fresh, files.tor_exits)
    assert networks.look_up("192.0.2.1").network == "tor"
    files.tor_exits.unlink()
    assert networks.look_up("192.0.2.1").network == "isp"


@pytest.mark.parametrize("broken", ["places", "asns", "vpn_ranges", "tor_exits", "known_networks"])
def test_a_broken_file_leaves_its_question_open_and_says_so(files, broken, caplog):
    path = getattr(files, broken)
    hurt = path.with_name(f"broken-{path.name}") if broken != "known_networks" else files.places.with_name("broken")
    hurt.write_bytes(b"\x00\xffnot this")
    networks = Networks(replace(files, **{broken: hurt}))
    found = networks.look_up("192.0.2.130")
    assert found.country == ("" if broken == "places" else "SG")
    assert found.network == ("isp" if broken == "vpn_ranges" else "vpn")
    assert networks.look_up("203.0.113.200").network == ("isp" if broken in ("asns", "known_networks") else "hosting")
    assert "cannot be read" in caplog.text


def test_a_database_of_countries_alone_tells_no_region(files, tmp_path):
    from_city = Networks(files)
    assert from_city.look_up("198.51.100.7").region == "AU-QLD"
    assert Networks(replace(files, places=files.asns)).look_up("198.51.100.7").country == ""  # the wrong database


def test_ranges_at_their_edges():
    ranges = Ranges(["192.0.2.0/25", "192.0.2.128/25", "# a comment", "", "2001:db8::/48 # six", "198.51.100.7"])
    inside = ["192.0.2.0", "192.0.2.255", "2001:db8::ffff", "198.51.100.7"]
    outside = ["192.0.1.255", "192.0.3.0", "2001:db9::", "198.51.100.8", "0.0.0.0", "255.255.255.255", "::"]
    assert all(ip_address(each) in ranges for each in inside)
    assert not any(ip_address(each) in ranges for each in outside)
