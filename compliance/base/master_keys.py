"""The master keys that wrap the keys of subjects. They come from a file or a key service, never from the database."""

import base64
import binascii
import os
import stat
import tempfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from compliance.base.sealing import KEY_BYTES

DEVELOPMENT = "development"
_NONCE_BYTES = 12


class UnknownMasterKey(ImproperlyConfigured):
    """A subject's key is wrapped by a master key that is not here, or by another of the same name."""


class Keyring(Protocol):
    """Wraps and unwraps subjects' keys.

    It is asked inside transactions, so it answers from memory: one that stands on a key service fetches its master
    keys when it is made. `bound_to` must be the same at both ends.
    """

    @property
    def current(self) -> str:
        """The id of the master key that wraps from now on."""

    def wrap(self, key: bytes, bound_to: bytes) -> bytes:
        """The key, wrapped by the current master key."""

    def unwrap(self, wrapped: bytes, master_key_id: str, bound_to: bytes) -> bytes:
        """The key. Raises UnknownMasterKey."""


class HeldKeyring:
    """Master keys held in memory, by id; the last is the current one."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        if not keys or any(len(key) != KEY_BYTES for key in keys.values()):
            raise ImproperlyConfigured(f"A keyring holds master keys of {KEY_BYTES} bytes, one at least.")
        self._keys = {name: AESGCM(key) for name, key in keys.items()}
        self._current = list(keys)[-1]

    @property
    def current(self) -> str:
        """The id of the last key."""
        return self._current

    def wrap(self, key: bytes, bound_to: bytes) -> bytes:
        """Nonce, ciphertext and tag."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._keys[self._current].encrypt(nonce, key, bound_to)

    def unwrap(self, wrapped: bytes, master_key_id: str, bound_to: bytes) -> bytes:
        """The key. Raises UnknownMasterKey."""
        if master_key_id not in self._keys:
            raise UnknownMasterKey(f"The master key “{master_key_id}” is not in the keyring.")
        try:
            return self._keys[master_key_id].decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], bound_to)
        except InvalidTag as error:
            raise UnknownMasterKey(f"The master key “{master_key_id}” is not the one that wrapped this key.") from error


def keyring() -> Keyring:
    """The keyring that the settings name: GRIDCLEAR_KEYRING's, else that of the key file.

    In development the file is made at first use. Raises ImproperlyConfigured in production when the file is missing,
    may be read by others, or holds a development key; and anywhere when it is no key file.
    """
    if settings.GRIDCLEAR_KEYRING:
        return _made(settings.GRIDCLEAR_KEYRING)
    path = Path(settings.GRIDCLEAR_MASTER_KEY_FILE)
    if not path.exists() and settings.GRIDCLEAR_DEVELOPMENT:
        _write(path, {f"{DEVELOPMENT}-1": os.urandom(KEY_BYTES)})
    changed = path.stat().st_mtime_ns if path.exists() else 0
    return _read(str(path), changed, settings.GRIDCLEAR_DEVELOPMENT)


def add_master_key(name: str) -> None:
    """The key file has one more master key, the current one from now on; the older ones still unwrap.

    Raises ImproperlyConfigured when there is such a name already, or the name is malformed.
    """
    path = Path(settings.GRIDCLEAR_MASTER_KEY_FILE)
    keys = _keys_in(path) if path.exists() else {}
    if name in keys or not name.replace("-", "").isalnum() or name.startswith(DEVELOPMENT) or len(name) > 64:
        raise ImproperlyConfigured("A master key has a new name of at most 64 letters, digits and hyphens.")
    _write(path, {**keys, name: os.urandom(KEY_BYTES)}, replace=True)


@lru_cache(maxsize=2)
def _made(dotted_path: str) -> Keyring:
    made: Keyring = import_string(dotted_path)()
    return made


@lru_cache(maxsize=4)
def _read(path: str, _changed: int, development: bool) -> Keyring:
    file = Path(path)
    if not file.exists():
        raise ImproperlyConfigured(f"The master key file {path} does not exist: see README.md, “Production”.")
    keys = _keys_in(file)
    if not development:
        if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ImproperlyConfigured(f"The master key file {path} may be read by its owner alone (chmod 600).")
        if any(name.startswith(DEVELOPMENT) for name in keys):
            raise ImproperlyConfigured(f"The master key file {path} holds a development key: make one of your own.")
    return HeldKeyring(keys)


def _keys_in(file: Path) -> dict[str, bytes]:
    """A key on each line: its name, a space, its bytes in base64."""
    keys: dict[str, bytes] = {}
    for line in file.read_text().split("\n"):
        name, _, text = line.strip().partition(" ")
        if not name:
            continue
        try:
            key = base64.b64decode(text, validate=True)
        except binascii.Error:
            key = b""
        if len(key) != KEY_BYTES or name in keys:
            # The line is a secret: the error does not show it.
            raise ImproperlyConfigured(f"The master key file {file} has a line that is no new key.")
        keys[name] = key
    return keys


def _write(file: Path, keys: Mapping[str, bytes], *, replace: bool = False) -> None:
    """The file holds the keys, readable by its owner alone; of several who make it at once, one wins."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=file.parent)  # mkstemp makes 0600
    with os.fdopen(handle, "w") as out:
        out.writelines(f"{key_id} {base64.b64encode(key).decode()}\n" for key_id, key in keys.items())
        out.flush()
        os.fsync(out.fileno())
    if replace:
        os.replace(name, file)
        return
    try:
        os.link(name, file)
    except FileExistsError:
        return
    finally:
        os.unlink(name)
