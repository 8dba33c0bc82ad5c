"""A small real signer over HTTP, as Web3Signer speaks it: holds keys, answers JSON-RPC, and misbehaves as told."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@dataclass
class SigningServer:
    """`twist` changes an answer before it is given."""

    accounts: dict[str, LocalAccount]
    url: str = ""
    twist: Callable[[str, Any], Any] | None = None
    asked: list[str] = field(default_factory=list)

    def answer(self, method: str, params: list[Any]) -> Any:
        self.asked.append(method)
        result = self._sign(method, params)
        return self.twist(method, result) if self.twist else result

    def _sign(self, method: str, params: list[Any]) -> Any:
        if method == "eth_signTransaction":
            fields = dict(params[0])
            account = self.accounts[fields.pop("from")]
            return account.sign_transaction(fields).raw_transaction.to_0x_hex()
        address, typed_data = params
        return self.accounts[address].sign_message(encode_typed_data(full_message=typed_data)).signature.to_0x_hex()


def mirrored(signature: str) -> str:
    """The other signature that is as good to whoever does not look at its s."""
    raw = bytes.fromhex(signature[2:])
    s = ORDER - int.from_bytes(raw[32:64])
    return "0x" + (raw[:32] + s.to_bytes(32) + bytes([55 - raw[64]])).hex()


@contextlib.contextmanager
def signing_server(*keys: str) -> Iterator[SigningServer]:
    """The signer runs within the block, with these private keys."""
    accounts = {account.address: account for account in map(Account.from_key, keys)}
    signer = SigningServer(accounts)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = {"jsonrpc": "2.0", "id": request["id"]}
            try:
                answer |= {"result": signer.answer(request["method"], request["params"])}
            except Exception:
                answer |= {"error": {"code": -32000, "message": "no"}}
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    signer.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield signer
    finally:
        server.shutdown()
        server.server_close()
