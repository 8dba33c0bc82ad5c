"""What of the policies was released: sealed by hash, never to change; and what is still open to change.

A released folder whose files are not those of its hash is refused when it is read, so nobody decides by a pack that was
altered on the disk. An open folder is in work: it has no hash yet, and a house that serves others seals it first
(`manage.py check --deploy` says so).
"""

import hashlib
import re
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

NAME = "MANIFEST.toml"


class Altered(ValueError):
    """A manifest cannot be read, or a released folder is gone or other than it was released."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """Folders below `policies`, such as `gridclear/2026-11-24`: released ones with their hashes, and open ones."""

    policies: Path
    released: dict[str, str]
    open: tuple[str, ...]

    @classmethod
    def read(cls, policies: Path) -> "Manifest":
        """The manifest of that folder. Raises `Altered`."""
        try:
            rows = tomllib.loads((policies / NAME).read_text(encoding="utf-8"))
            return cls(policies, dict(rows["released"]), tuple(rows.get("open", ())))
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise Altered(f"{NAME} of the policies cannot be read: {error}") from error

    def folders(self, below: Path) -> list[Path]:
        """The folders in that one that are released or open, by name. Raises `Altered`."""
        named = [self.policies / name for name in sorted({*self.released, *self.open})]
        found = [folder for folder in named if folder.parent == below]
        for folder in found:
            self._check(folder)
        return found

    def folder_on(self, below: Path, day: date) -> Path | None:
        """The newest of the folders in that one that is of the day or before; before the first, the first.

        None when there is none. Raises `Altered`.
        """
        found = self.folders(below)
        return next((each for each in reversed(found) if each.name <= day.isoformat()), found[0] if found else None)

    def _check(self, folder: Path) -> None:
        name = folder.relative_to(self.policies).as_posix()
        if name in self.released and folder_hash(folder) != self.released[name]:
            raise Altered(f"{name} is not what was released under its hash")


def folder_hash(folder: Path) -> str:
    """SHA-256 over the names and contents of the folder's TOML files, in hex."""
    sealed = hashlib.sha256()
    for path in sorted(folder.glob("*.toml")):
        sealed.update(f"{path.name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return sealed.hexdigest()


def seal(policies: Path, name: str) -> str:
    """The open folder is released: its hash stands in the manifest; returns it. Raises `Altered` for any other."""
    manifest = Manifest.read(policies)
    if name not in manifest.open:
        raise Altered(f"{name} was released before" if name in manifest.released else f"{name} is not listed as open")
    sealed = folder_hash(policies / name)
    path = policies / NAME
    text = path.read_text(encoding="utf-8")
    text = re.sub(rf'^ *"{re.escape(name)}",\n', "", text, flags=re.MULTILINE)
    path.write_text(f'{text.rstrip()}\n"{name}" = "{sealed}"\n', encoding="utf-8")
    return sealed
