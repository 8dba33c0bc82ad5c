"""A stand-in card network on a free port, the real `stripe` library, and a receiver of webhooks."""

import json
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import stripe

from settlement.rails.standin.server import StandinServer

WEBHOOK_SECRET = "whsec_standin_tests"


class Receiver(ThreadingHTTPServer):
    """Keeps every webhook with its signature; answers with `status`."""

    daemon_threads = True

    def __init__(self) -> None:
        self.taken: list[tuple[bytes, str]] = []
        self.status = 200
        super().__init__(("127.0.0.1", 0), _Taker)
        self.url = f"http://127.0.0.1:{self.server_address[1]}/webhooks/stripe"

    @property
    def kinds(self) -> list[str]:
        return [json.loads(body)["type"] for body, _ in self.taken]


class _Taker(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.status == 200:
            self.server.taken.append((body, self.headers["Stripe-Signature"]))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def standin(tmp_path: Path, receiver: Receiver) -> Iterator[StandinServer]:
    server = StandinServer(
        port=0, state=str(tmp_path / "card.sqlite"), webhook_url=receiver.url, webhook_secret=WEBHOOK_SECRET
    )
    server.start()
    yield server
    server.close()


def client_for(server: StandinServer, *, key: str = "sk_test_gridclear", retries: int = 0) -> stripe.StripeClient:
    return stripe.StripeClient(key, base_addresses={"api": server.url}, max_network_retries=retries)


@pytest.fixture
def client(standin: StandinServer) -> stripe.StripeClient:
    return client_for(standin)


def control(server: StandinServer, deed: str, **given: object) -> dict:
    request = urllib.request.Request(f"{server.url}/_control/{deed}", json.dumps(given).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.loads(answer.read())


def eventually(test: Callable[[], bool], seconds: float = 5) -> None:
    end = time.monotonic() + seconds
    while not test():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.02)
