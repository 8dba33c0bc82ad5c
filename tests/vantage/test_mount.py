"""A vantage point inside a web server."""

import json

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from marketplace.vantage.app import Vantage
from marketplace.vantage.keys import make_key
from marketplace.vantage.mount import mounted, stationed
from marketplace.vantage.rounds import Station


async def inner(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"the marketplace"})


async def keep(report):
    raise AssertionError("nothing is measured here")


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_only_its_own_addresses_go_to_it(anyio_backend):
    station = Station("tokyo", 35.7, 139.7, Ed25519PrivateKey.generate(), {})
    application = mounted(inner, {"tokyo": Vantage(station, keep)})
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://house.example") as http:
        assert (await http.get("/vantage/tokyo/v1/health")).json()["vantage"] == "tokyo"
        assert (await http.post("/vantage/tokyo/v1/begin", json={"ticket": "x"})).status_code == 403
        for path in ("/", "/vantage/", "/vantage/osaka/v1/health", "/vantagetokyo"):
            assert (await http.get(path)).text == "the marketplace"


def test_stations_come_from_the_setting(tmp_path):
    make_key(tmp_path / "k.pem")
    rows = json.loads(json.dumps([{"code": "a", "latitude": 1, "longitude": 2, "key": str(tmp_path / "k.pem")}]))
    assert list(stationed(rows, {}, "https://house.example/reports")) == ["a"]
