"""A web of servers in memory, with names that resolve as told."""

import socket

import httpx
import pytest

from compliance.sources import download


class Answering(httpx.BaseTransport):
    """Answers in turn, and says which addresses it was asked at and on what conditions."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []
        self.conditions = []

    def handle_request(self, request):
        self.asked.append((request.url.host, request.headers["host"], request.extensions["sni_hostname"]))
        known = ("if-none-match", "if-modified-since")
        self.conditions.append({name: request.headers[name] for name in known if name in request.headers})
        return self.answers.pop(0)


@pytest.fixture
def web(monkeypatch):
    """The names of the net, and what answers at public ones."""
    names = {"lists.example": "93.184.215.14", "other.example": "93.184.215.15", "evil.example": "10.1.2.3"}
    transport = Answering()

    def resolve(host, port, **_):
        if host not in names:
            raise socket.gaierror(f"no such name: {host}")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (names[host], port))]

    client = httpx.Client
    monkeypatch.setattr(download.socket, "getaddrinfo", resolve)
    monkeypatch.setattr(download.httpx, "Client", lambda **options: client(transport=transport, **options))
    return transport
