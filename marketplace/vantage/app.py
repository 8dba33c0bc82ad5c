"""The vantage point as an ASGI application: two addresses, JSON in and out, one connection for all rounds."""

import asyncio
import base64
import json
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import httpx

from marketplace.vantage.rounds import Refused, Station, Stopwatch

logger = logging.getLogger(__name__)
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Report = Callable[[str], Coroutine[Any, Any, None]]

MOST_BYTES = 8192
PAUSES = (1, 2, 5, 15, 60, 180, 600)  # seconds between tries to report


class Vantage:
    """POST /v1/begin with a ticket, then POST /v1/answer until done. GET /v1/health says who this is."""

    def __init__(self, station: Station, report: Report, wall: Callable[[], float] = time.time) -> None:
        self._watch = Stopwatch(station)
        self._station = station
        self._report = report
        self._wall = wall
        self._reports: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if (scope["method"], path) == ("GET", "/v1/health"):
            await _answer(send, 200, self._who())
        elif scope["method"] == "POST" and path in ("/v1/begin", "/v1/answer"):
            await self._measure(path, receive, send)
        else:
            await _answer(send, 404, {"error": "There is nothing here."})

    async def _measure(self, path: str, receive: Receive, send: Send) -> None:
        body = await _body(receive)
        arrived = time.perf_counter_ns()
        try:
            said = _object(body)
            if path == "/v1/begin":
                session, challenge = self._watch.begin(str(said.get("ticket", "")), self._wall())
                answer = {"session": session, **self._who()}
            else:
                session = str(said.get("session", ""))
                challenge, report = self._watch.answered(session, str(said.get("answer", "")), self._wall(), arrived)
                answer = {"session": session}
                if report:
                    self._send_report(report)
        except Refused as error:
            await _answer(send, 403, {"error": str(error)})
            return
        answer["challenge"] = base64.urlsafe_b64encode(challenge).decode() if challenge else None
        # Before it leaves: what is measured may be longer than the way, never shorter.
        self._watch.sent(session, time.perf_counter_ns())
        await _answer(send, 200, answer)

    def _who(self) -> dict[str, Any]:
        here = self._station
        return {"vantage": here.code, "latitude": here.latitude, "longitude": here.longitude}

    def _send_report(self, report: str) -> None:
        task = asyncio.get_running_loop().create_task(self._report(report))
        self._reports.add(task)
        task.add_done_callback(self._reports.discard)


class Reporter:
    """Sends signed reports to the platform, again and again for a while when it does not answer."""

    def __init__(self, url: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._url = url
        self._transport = transport

    async def __call__(self, report: str) -> None:
        """The platform has the report, or it was lost, and the log says so."""
        for pause in (*PAUSES, 0):
            try:
                async with httpx.AsyncClient(timeout=10, transport=self._transport) as http:
                    response = await http.post(self._url, json={"report": report})
                if response.status_code < 500 and response.status_code != httpx.codes.TOO_MANY_REQUESTS:
                    if response.is_error:
                        logger.warning("the platform refused a report: %s", response.status_code)
                    return
            except httpx.TransportError as error:
                logger.warning("the platform was not reached: %s", type(error).__name__)
            await asyncio.sleep(pause)
        logger.error("a report was lost: the platform did not take it")


async def _body(receive: Receive) -> bytes:
    body = b""
    while True:
        part = await receive()
        body += bytes(part.get("body", b""))
        if len(body) > MOST_BYTES or not part.get("more_body"):
            return body[: MOST_BYTES + 1]


def _object(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body) if len(body) <= MOST_BYTES else None
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise Refused("A small JSON object was expected.")
    return said


async def _answer(send: Send, status: int, answer: dict[str, Any]) -> None:
    body = json.dumps(answer, separators=(",", ":")).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    headers.append((b"cache-control", b"no-store"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
