"""The node's Ed25519 key: made here, kept here, never sent."""

import os
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gridclear.encoding import b64url
from gridclear.errors import AgentError
from gridclear.files import write_private

KEY_FILE = "node.key"


def make_key(state: Path) -> Ed25519PrivateKey:
    """A fresh key lies in the state folder, mode 0600. Raises AgentError when one is already there."""
    path = state / KEY_FILE
    if path.exists():
        raise AgentError("key_exists", f"{path} already holds a node's key; it was left as it is.")
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    write_private(path, pem)
    return key


def load_key(state: Path) -> Ed25519PrivateKey:
    """The node's key. Raises AgentError when it is missing, is another kind of key, or others may read it."""
    path = state / KEY_FILE
    try:
        pem = path.read_bytes()
    except FileNotFoundError:
        raise AgentError("not_enrolled", f"No key in {state}. Run `gridclear agent enrol` first.") from None
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise AgentError("key_readable", f"Others may read {path}. Run `chmod 600 {path}`, then try again.")
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except ValueError:
        raise AgentError("key_unreadable", f"{path} holds no readable key. Enrol the node anew.") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise AgentError("key_unreadable", f"{path} holds no Ed25519 key. Enrol the node anew.")
    return key


def public_text(key: Ed25519PrivateKey) -> str:
    """The raw public key, base64url."""
    return b64url(key.public_key().public_bytes_raw())
