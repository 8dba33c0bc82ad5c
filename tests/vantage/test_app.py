"""The agent, the vantage point and the platform together, over real sockets."""

import json
import threading
from base64 import urlsafe_b64decode
from io import StringIO
from uuid import uuid4

import httpx
import pytest
import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from gridclear.agent.places import Errand, Places, read_errands

from compliance.base.actor import Actor
from compliance.engine.globe import distance_km
from compliance.models import PlaceMeasurement, VantagePoint
from compliance.services import clearances, vantages
from marketplace.vantage.app import MOST_BYTES, Reporter, Vantage
from marketplace.vantage.keys import KeyUnusable, make_key, public_text, read_key
from marketplace.vantage.rounds import Station
from tests.permissions import covers

OSCAR = Actor("user", "oscar", "Oscar", frozenset({"operator"}))
SINGAPORE, BRISBANE = (1.35, 103.82), (-27.47, 153.03)


def platform_keys():
    return {row["kid"]: urlsafe_b64decode(row["public_key"] + "=") for row in clearances.public_keys()}


class Standing:
    """A vantage point in Singapore that serves on this machine, and keeps its reports."""

    def __init__(self):
        self.key = Ed25519PrivateKey.generate()
        self.reports, self.kept = [], threading.Event()
        station = Station("singapore", *SINGAPORE, self.key, platform_keys())
        config = uvicorn.Config(Vantage(station, self.keep), port=0, log_level="error", lifespan="off")
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)

    async def keep(self, report):
        self.reports.append(report)
        self.kept.set()

    def report(self):
        """The one report, which the vantage point signs after its last answer has gone."""
        assert self.kept.wait(5)
        (report,) = self.reports
        return report

    def __enter__(self):
        self.thread.start()
        while not self.server.started:
            self.thread.join(0.01)
        self.url = f"http://127.0.0.1:{self.server.servers[0].sockets[0].getsockname()[1]}"
        return self

    def __exit__(self, *_):
        self.server.should_exit = True
        self.thread.join(10)


@pytest.fixture
def standing():
    with Standing() as found:
        yield found


@pytest.fixture
def node_key():
    return Ed25519PrivateKey.generate()


def errands_for(standing, node_key):
    if not VantagePoint.objects.exists():
        vantages.register_vantage(
            "singapore", "Singapore", *SINGAPORE, standing.url, public_text(standing.key), actor=OSCAR
        )
    told = vantages.tickets_for(uuid4(), public_text(node_key))
    answer = {"measure": [{"vantage": each.vantage, "url": each.url, "ticket": each.token} for each in told]}
    return read_errands(json.loads(json.dumps(answer)))


@pytest.mark.django_db(transaction=True)
def test_a_node_is_measured_without_its_word(standing, node_key):
    Places(node_key).run(errands_for(standing, node_key))
    row = vantages.take_report(standing.report())
    assert row.rounds == vantages.ROUNDS
    assert 0 < row.least_us < 50_000  # this machine, with Python at both ends
    assert row.least_us <= row.median_us


@pytest.mark.django_db(transaction=True)
def test_who_pretends_to_be_far_away_is_measured_far_away(standing, node_key):
    slept = []
    places = Places(node_key, pretend=BRISBANE, sleep=lambda seconds: slept.append(seconds))
    places.run(errands_for(standing, node_key))
    least = 2 * distance_km(BRISBANE, SINGAPORE) / 200  # ms
    assert slept
    assert all(seconds * 1000 >= least for seconds in slept)
    assert standing.report()


@pytest.mark.django_db(transaction=True)
def test_another_nodes_key_is_not_measured(standing, node_key, caplog):
    errands = errands_for(standing, node_key)
    Places(Ed25519PrivateKey.generate()).run(errands)
    assert standing.reports == []
    assert "could not measure" in caplog.text


def test_what_is_no_request_is_refused_in_words(standing):
    with httpx.Client(base_url=standing.url) as http:
        who = http.get("/v1/health").json()
        assert who == {"vantage": "singapore", "latitude": 1.35, "longitude": 103.82}
        assert http.get("/v1/begin").status_code == 404
        assert http.post("/elsewhere").status_code == 404
        for body in (b"", b"[]", b"{", b'{"ticket": 3}', b"x" * (MOST_BYTES + 1), b"[" * 5000):
            answer = http.post("/v1/begin", content=body)
            assert answer.status_code == 403
            assert answer.json()["error"]
        assert http.post("/v1/answer", json={"session": "x", "answer": "y"}).status_code == 403
    assert standing.reports == []


def test_errands_that_are_unsafe_or_unreadable_are_left_out():
    good = {"vantage": "a", "url": "https://a.example/", "ticket": "t"}
    bad = [{**good, "url": "http://a.example"}, {"vantage": "a"}, 3, {**good, "url": "file:///etc/passwd"}]
    assert read_errands({"measure": [good, *bad]}) == [Errand("a", "https://a.example", "t")]
    assert read_errands({}) == read_errands({"measure": "x"}) == []


def test_a_vantage_point_that_is_away_costs_nothing(node_key, caplog):
    Places(node_key).run([Errand("away", "http://127.0.0.1:9", "t")])
    assert "away could not measure" in caplog.text


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_report_is_sent_again_until_it_is_taken(monkeypatch, anyio_backend):
    answers, heard = [httpx.ConnectError("away"), 503, 429, 201], []

    def handle(request):
        heard.append(json.loads(request.content))
        answer = answers[len(heard) - 1]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer)

    async def sleep(seconds):
        assert seconds > 0

    monkeypatch.setattr("marketplace.vantage.app.asyncio.sleep", sleep)
    await Reporter("https://platform.example/reports", httpx.MockTransport(handle))("a report")
    assert heard == [{"report": "a report"}] * 4


@covers("vantage_reports")
@pytest.mark.django_db
def test_reports_come_in_by_the_api_without_a_login(client, standing, node_key):
    Places(node_key).run(errands_for(standing, node_key))
    address = "/api/vantage/v1/reports"
    first = client.post(address, {"report": standing.report()}, "application/json")
    again = client.post(address, {"report": standing.report()}, "application/json")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert PlaceMeasurement.objects.get(pk=first.json()["measurement"]).least_us
    for body in ({"report": "x.y.z"}, {"report": standing.report()[:-4] + "AAAA"}):
        refused = client.post(address, body, "application/json")
        assert (refused.status_code, refused.json()["code"]) == (403, "place_report_refused")
    assert client.post(address, {}, "application/json").status_code == 422
    assert client.get(address).status_code == 405
    client.force_login(get_user_model().objects.create_user("charlie@example.org"))
    assert client.post(address, {"report": "x"}, "application/json").status_code == 403


@pytest.mark.django_db
def test_the_command_makes_registers_lists_and_retires(tmp_path):
    out = StringIO()
    call_command("vantage", "key", str(tmp_path / "v.pem"), stdout=out)
    public = out.getvalue().strip()
    assert public_text(read_key(tmp_path / "v.pem")) == public
    assert (tmp_path / "v.pem").stat().st_mode & 0o077 == 0
    with pytest.raises(CommandError, match="it was left"):
        call_command("vantage", "key", str(tmp_path / "v.pem"), stdout=out)
    register = ("vantage", "register", "sydney", "Sydney", "--", "-33.87", "151.21", "https://v.example", public)
    call_command(*register, stdout=out)
    with pytest.raises(CommandError):
        call_command(*register, stdout=out)
    call_command("vantage", "list", stdout=out)
    assert "sydney\tSydney\t-33.87" in out.getvalue()
    assert "--platform-key" in out.getvalue()
    call_command("vantage", "retire", "sydney", stdout=out)
    assert VantagePoint.objects.get().retired_at


def test_keys_that_are_none(tmp_path):
    (tmp_path / "bad.pem").write_text("x")
    for path in (tmp_path / "bad.pem", tmp_path / "missing.pem"):
        with pytest.raises(KeyUnusable):
            read_key(path)
    make_key(tmp_path / "new.pem")
    with pytest.raises(KeyUnusable):
        make_key(tmp_path / "new.pem")
