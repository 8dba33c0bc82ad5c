"""A node that lies: a real HTTP server before anvil that changes answers, stalls, fails or sits on a fork."""

import contextlib
import json
import threading
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from eth_utils import keccak

# Gets method, parameters and the honest answer; returns the answer to give, or raises to give none.
Lie = Callable[[str, list[Any], dict[str, Any]], dict[str, Any]]


@dataclass
class Proxy:
    """Tells what `lie` makes of the node's answers; honest without one. `stalled` answers only when it is released."""

    upstream: str
    url: str = ""
    lie: Lie | None = None
    stalled: bool = False
    asked: list[str] = field(default_factory=list)
    _release: threading.Event = field(default_factory=threading.Event)

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(request["method"])
        if self.stalled:
            self._release.wait(20)
        body = json.dumps(request).encode()
        asked = urllib.request.Request(self.upstream, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(asked, timeout=20) as response:
            honest = json.load(response)
        return self.lie(request["method"], request.get("params") or [], honest) if self.lie else honest

    def release(self) -> None:
        self.stalled = False
        self._release.set()


@contextlib.contextmanager
def lying_node(upstream: str) -> Iterator[Proxy]:
    """The proxy runs within the block."""
    proxy = Proxy(upstream)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            try:
                body, status = json.dumps(proxy.answer(request)).encode(), 200
            except Exception:
                body, status = b"<html>bad gateway</html>", 502
            with contextlib.suppress(OSError):
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    proxy.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.release()
        server.shutdown()
        server.server_close()


# -- lies ----------------------------------------------------------------------------------------------------


def failing(method: str, params: list[Any], honest: dict[str, Any]) -> dict[str, Any]:
    """Answers nothing but an error page."""
    raise RuntimeError(method)


def rate_limited(method: str, params: list[Any], honest: dict[str, Any]) -> dict[str, Any]:
    """Says that it was asked too often."""
    return {"jsonrpc": "2.0", "id": honest["id"], "error": {"code": -32005, "message": "limit exceeded"}}


def nonsense(method: str, params: list[Any], honest: dict[str, Any]) -> dict[str, Any]:
    """Answers with something of another shape."""
    return honest | {"result": ["nonsense"]}


def far_ahead(method: str, params: list[Any], honest: dict[str, Any]) -> dict[str, Any]:
    """Claims a height that nobody else has."""
    return honest | {"result": hex(10**9)} if method == "eth_blockNumber" else honest


def without_logs(method: str, params: list[Any], honest: dict[str, Any]) -> dict[str, Any]:
    """Keeps every event back."""
    return honest | {"result": []} if method == "eth_getLogs" else honest


def forged_logs(method: str, params: list[Any], honest: dict[str, Any]) -> dict[str, Any]:
    """Changes the amounts of events."""
    if method != "eth_getLogs":
        return honest
    changed = [log | {"data": log["data"][:-1] + ("0" if log["data"][-1] != "0" else "1")} for log in honest["result"]]
    return honest | {"result": changed}


def forked_at(height: int) -> Lie:
    """Sits on a fork: every block above the height has another hash, and follows on its own kind."""

    def lie(method: str, params: list[Any], honest: dict[str, Any]) -> dict[str, Any]:
        return honest | {"result": _forked(honest.get("result"), height)} if "result" in honest else honest

    return lie


def _forked(result: Any, height: int) -> Any:
    if isinstance(result, list):
        return [_forked(item, height) for item in result]
    if not isinstance(result, dict):
        return result
    number = int(result.get("number") or result.get("blockNumber") or "0x0", 16)
    if number <= height:
        return result
    changed = dict(result)
    for name in ("hash", "blockHash") if "parentHash" in result or "blockHash" in result else ():
        if name in changed:
            changed[name] = _other(changed[name])
    if "parentHash" in changed and number > height + 1:
        changed["parentHash"] = _other(changed["parentHash"])
    return changed


def _other(value: str) -> str:
    return "0x" + keccak(hexstr=value).hex()
