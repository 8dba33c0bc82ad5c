"""A stand-in for another provider: it keeps inquiries by their identifier, and misbehaves when told."""

import base64
import json
import socket
from collections.abc import Callable

import httpx
import pytest

from compliance.base.http_signatures import content_digest, signature_base
from compliance.services.signing import signing_key
from compliance.sources import download, travel_rule

HOST = "trp.harbour.example"
ENDPOINT = f"https://{HOST}/transfers"
APPROVED = {"approved": {"address": "0xA", "callback": f"https://{HOST}/confirm"}}
REJECTED = {"rejected": "not our customer"}
LATER = {"version": "3.2.1"}
Misdeed = Callable[[httpx.Request], httpx.Response]


class Counterparty(httpx.BaseTransport):
    """Takes what `plan` says one after the other, then answers `says`; `inquiries` holds each identifier once."""

    def __init__(self) -> None:
        self.says: dict[str, object] = APPROVED
        self.plan: list[Misdeed] = []
        self.inquiries: dict[str, dict[str, object]] = {}
        self.asked: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.asked.append(request)
        if self.plan:
            return self.plan.pop(0)(request)
        return self.take(request)

    def take(self, request: httpx.Request) -> httpx.Response:
        self.inquiries[request.headers["request-identifier"]] = json.loads(request.content)
        return httpx.Response(200, json=self.says)

    def times_out_after_doing_it(self, request: httpx.Request) -> httpx.Response:
        self.take(request)
        raise httpx.ReadTimeout("the answer never came")


def fails(request: httpx.Request) -> httpx.Response:
    return httpx.Response(500, text="out of order")


def talks_nonsense(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, text="<html>hello")


def says_both(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json=APPROVED | REJECTED)


def talks_without_end(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, content=b"x" * (travel_rule.MAX_ANSWER + 1))


def redirects_inside(request: httpx.Request) -> httpx.Response:
    return httpx.Response(302, headers={"location": "https://10.0.0.7/metadata"})


def has_bad_signature(request: httpx.Request) -> bool:
    """Whether the request is not signed by our key over its method, address, digest and headers."""
    headers = {name: request.headers[name] for name in ("content-type", "api-version", "request-identifier")}
    headers["content-digest"] = request.headers["content-digest"]
    params = request.headers["signature-input"].removeprefix("gridclear=")
    covered = tuple(name.strip('"') for name in params[1 : params.index(")")].split())
    signature = base64.b64decode(request.headers["signature"].removeprefix("gridclear=:").removesuffix(":"))
    if content_digest(request.content) != headers["content-digest"]:
        return True
    signing_key().public.verify(signature, signature_base(ENDPOINT, headers, covered, params))
    return not {"@method", "@target-uri", "content-digest", "request-identifier"} <= set(covered)


@pytest.fixture
def counterparty(monkeypatch: pytest.MonkeyPatch) -> Counterparty:
    """The stand-in, at a public address under HOST; every other name lies in a private network."""
    standin, client = Counterparty(), httpx.Client

    def resolve(host: str, port: int, **_: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.215.14" if host == HOST else "10.0.0.7", port))]

    monkeypatch.setattr(download.socket, "getaddrinfo", resolve)
    monkeypatch.setattr(travel_rule.httpx, "Client", lambda **options: client(transport=standin, **options))
    return standin
