"""The wire: threads of the standard library's HTTP server."""

import html
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from settlement.rails.standin import checkout, connect, identity
from settlement.rails.standin.api import CardNetwork, Request, Response, control
from settlement.rails.standin.errors import CardNetworkError
from settlement.rails.standin.forms import decode
from settlement.rails.standin.network import Call, Terms
from settlement.rails.standin.store import Store
from settlement.rails.standin.webhooks import Deliverer

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Stand-in card network</title>
<h1>Stand-in card network</h1><p>Development only. Finish the onboarding of {account}?</p>
<form method="post"><button>Finish</button></form></html>"""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65_536
    disable_nagle_algorithm = True
    server: "StandinServer"

    def do_GET(self) -> None:
        """A request to read."""
        self._serve()

    def do_POST(self) -> None:
        """A request to do."""
        self._serve()

    def do_DELETE(self) -> None:
        """A request to remove; nothing here can be removed."""
        self._serve()

    def log_message(self, format: str, *args: object) -> None:
        """Requests are not logged."""

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, parts.path, parts.query, headers, self.rfile.read(length))
        if parts.path.startswith("/_control/"):
            self._reply(control(self.server.network, request))
        elif any(parts.path.startswith(path) for path in _PAGES):
            self._hosted_page(request)
        else:
            self._reply(self.server.network.answer(request))

    def _hosted_page(self, request: Request) -> None:
        """A page of the card network's own. Its button leads back to the platform."""
        network = self.server.network
        visit = next(visit for path, visit in _PAGES.items() if request.path.startswith(path))
        try:
            call = Call(network.store, network.terms, decode(request.body.decode()))
            with network.store.transaction():
                page, back = visit(call, request.path.rsplit("/", 1)[1], request.method)
        except CardNetworkError as error:
            self._reply(Response(error.status, str(error)))
            return
        if back:
            self.server.deliverer.wake()
            self._reply(Response(303, "", (("Location", back),)))
            return
        self._reply(Response(200, page), "text/html; charset=utf-8")

    def _reply(self, response: Response, content_type: str = "application/json") -> None:
        if response.dropped:
            self.close_connection = True
            return
        payload = response.body.encode()
        self.send_response(response.status)
        for name, value in response.headers:
            self.send_header(name, value)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)


def _onboarding(call: Call, account_id: str, method: str) -> tuple[str, str]:
    """(page, "") to look at, or ("", where to go) when the onboarding is finished."""
    account = call.find("account", account_id)
    if method != "POST":
        return _PAGE.format(account=html.escape(account_id)), ""
    connect.onboard(call, account_id)
    return "", account["metadata"].get("standin_return_url", "/")


def _card_form(call: Call, session_id: str, method: str) -> tuple[str, str]:
    """(page, "") to look at, or ("", where to go) when a card was saved."""
    if method != "POST":
        return checkout.page(call, session_id), ""
    return "", checkout.complete(call, session_id)


def _identity_check(call: Call, session_id: str, method: str) -> tuple[str, str]:
    """(page, "") to look at, or ("", where to go) when a document was shown."""
    if method != "POST":
        return identity.page(call, session_id), ""
    return "", identity.complete(call, session_id)


_PAGES: dict[str, Callable[[Call, str, str], tuple[str, str]]] = {
    "/setup/e/": _onboarding,
    "/c/pay/": _card_form,
    f"{identity.PAGE_PATH}/": _identity_check,
}


class StandinServer(ThreadingHTTPServer):
    """The stand-in card network on a port; `serve()` in the foreground or `start()` in a thread."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(
        self, *, port: int, state: str, webhook_url: str, webhook_secret: str, available_after: int = 0
    ) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.store = Store(state)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.deliverer = Deliverer(self.store, webhook_url, webhook_secret)
        terms = Terms(available_after=available_after, base_url=self.url)
        self.network = CardNetwork(self.store, terms, self.deliverer.wake)
        self._thread: threading.Thread | None = None

    def serve(self) -> None:
        """Requests are answered until the process ends."""
        self.deliverer.start()
        self.serve_forever()

    def start(self) -> None:
        """Requests are answered in a thread until `close()`."""
        self.deliverer.start()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """The port and the state file are free again."""
        if self._thread:
            self.shutdown()
            self._thread.join()
        self.deliverer.end()
        if self.deliverer.is_alive():
            self.deliverer.join()
        self.server_close()
        self.store.close()
