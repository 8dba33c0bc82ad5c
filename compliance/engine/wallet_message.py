"""The message of ERC-4361 (Sign-In with Ethereum): written and read by its ABNF, and by nothing looser.

https://eips.ethereum.org/EIPS/eip-4361. Optional fields that Gridclear never writes (Not Before, Resources) are not
read either: a message that has them was not written here.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

_HEAD = " wants you to sign in with your Ethereum account:"
_DOMAIN = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_ADDRESS = re.compile(r"0x[0-9A-Fa-f]{40}")
# reserved / unreserved / " " of RFC 3986, as the ABNF has it: no line break, nothing outside ASCII.
_STATEMENT = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;= ]+")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
_NONCE = re.compile(r"[A-Za-z0-9]{8,64}")
_CHAIN_ID = re.compile(r"[1-9][0-9]{0,18}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_REQUEST_ID = re.compile(r"[A-Za-z0-9\-._~]{1,64}")
_FIELDS = (
    ("URI", "uri", _URI),
    ("Version", "version", re.compile("1")),
    ("Chain ID", "chain_id", _CHAIN_ID),
    ("Nonce", "nonce", _NONCE),
    ("Issued At", "issued_at", _TIME),
    ("Expiration Time", "expires_at", _TIME),
    ("Request ID", "request_id", _REQUEST_ID),
)


class NotAMessage(ValueError):
    """The text is no such message, or the values make none."""


@dataclass(frozen=True, slots=True)
class WalletMessage:
    """What a wallet signs. Times are whole seconds in UTC; `address` is EIP-55 checksummed."""

    domain: str
    address: str
    statement: str
    uri: str
    chain_id: int
    nonce: str
    issued_at: datetime
    expires_at: datetime
    request_id: str

    def text(self) -> str:
        """The message, byte for byte as it is signed. Raises NotAMessage for values that make none."""
        values = {
            "uri": self.uri,
            "version": "1",
            "chain_id": str(self.chain_id),
            "nonce": self.nonce,
            "issued_at": _written(self.issued_at),
            "expires_at": _written(self.expires_at),
            "request_id": self.request_id,
        }
        lines = [f"{self.domain}{_HEAD}", self.address, "", self.statement, ""]
        lines += [f"{label}: {values[name]}" for label, name, _ in _FIELDS]
        text = "\n".join(lines)
        if parsed(text) != self:
            raise NotAMessage("these values make no message")
        return text


def parsed(text: str) -> WalletMessage:
    """The message that the text is. Raises NotAMessage."""
    lines = text.split("\n")
    if len(lines) != 5 + len(_FIELDS) or not lines[0].endswith(_HEAD) or lines[2] or lines[4]:
        raise NotAMessage("the text is no message of ERC-4361 as this site writes it")
    domain = _whole(_DOMAIN, lines[0].removesuffix(_HEAD), "domain")
    address = _whole(_ADDRESS, lines[1], "address")
    statement = _whole(_STATEMENT, lines[3], "statement")
    found: dict[str, str] = {}
    for line, (label, name, pattern) in zip(lines[5:], _FIELDS, strict=True):
        head = f"{label}: "
        if not line.startswith(head):
            raise NotAMessage(f"the line “{label}” is missing")
        found[name] = _whole(pattern, line.removeprefix(head), label)
    return WalletMessage(
        domain=domain,
        address=address,
        statement=statement,
        uri=found["uri"],
        chain_id=int(found["chain_id"]),
        nonce=found["nonce"],
        issued_at=_read(found["issued_at"]),
        expires_at=_read(found["expires_at"]),
        request_id=found["request_id"],
    )


def _whole(pattern: re.Pattern[str], text: str, what: str) -> str:
    if not pattern.fullmatch(text):
        raise NotAMessage(f"the {what.lower()} is malformed")
    return text


def _written(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _read(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise NotAMessage("a time is no time") from error
