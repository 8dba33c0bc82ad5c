"""A policy pack newer than all others, for tests of what a change of policy does."""

import shutil
from pathlib import Path

from compliance.base import clock
from compliance.selectors.policies import pack_for


def add_newer_pack(settings, tmp_path: Path, old: str, new: str) -> str:
    """The pack of today with `old` put as `new` in its tables of countries is in force; its label."""
    policies = tmp_path / "policies"
    shutil.copytree(settings.GRIDCLEAR_POLICY_DIR, policies)
    newest = policies / "gridclear" / pack_for(clock.now()).version
    folder = policies / "gridclear" / f"{newest.name}.tests"
    shutil.copytree(newest, folder)
    head = (folder / "pack.toml").read_text()
    (folder / "pack.toml").write_text(head.replace(f'version = "{newest.name}"', f'version = "{folder.name}"'))
    countries = (folder / "countries.toml").read_text()
    assert old in countries
    (folder / "countries.toml").write_text(countries.replace(old, new))
    manifest = policies / "MANIFEST.toml"
    manifest.write_text(manifest.read_text().replace("open = [", f'open = ["gridclear/{folder.name}",', 1))
    settings.GRIDCLEAR_POLICY_DIR = policies
    return pack_for(clock.now()).label
