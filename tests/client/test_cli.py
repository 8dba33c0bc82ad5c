import json
import stat

import pytest
from gridclear.cli import app
from gridclear.cli.output import console
from typer.testing import CliRunner

from tests.client.api import KEY, OFFER, RECEIPT, REFUND, Api
from tests.client.wire import served


@pytest.fixture
def api():
    return Api()


@pytest.fixture
def url(api):
    with served(api.handle) as url:
        yield url


@pytest.fixture
def gridclear(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("GRIDCLEAR_URL", raising=False)
    monkeypatch.delenv("GRIDCLEAR_API_KEY", raising=False)
    monkeypatch.setattr(console, "_width", 200, raising=False)

    def run(*words, code=0):
        result = CliRunner().invoke(app, list(words))
        assert result.exit_code == code, (result.stdout, result.stderr)
        assert "Traceback" not in result.output
        return result

    return run


@pytest.fixture
def logged_in(gridclear, url):
    gridclear("login", "--url", url, "--api-key", KEY)
    return gridclear


def test_login_checks_the_key_and_keeps_it_private(gridclear, url, tmp_path):
    assert "Lion City Labs" in gridclear("login", "--url", url, "--api-key", KEY).stdout
    file = tmp_path / "gridclear" / "credentials.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text()) == {"url": url, "api_key": KEY}


def test_a_wrong_key_is_not_kept(gridclear, url, tmp_path):
    said = gridclear("login", "--url", url, "--api-key", "gck_wrong", code=5)
    assert said.stderr.startswith("error invalid_api_key ")
    assert "gck_wrong" not in said.output
    assert not (tmp_path / "gridclear").exists()


def test_logout_forgets(logged_in, tmp_path):
    logged_in("logout")
    assert not (tmp_path / "gridclear" / "credentials.json").exists()
    assert logged_in("offers", code=1).stderr.startswith("error not_logged_in ")


def test_the_environment_needs_no_login(gridclear, url, monkeypatch):
    monkeypatch.setenv("GRIDCLEAR_URL", url)
    monkeypatch.setenv("GRIDCLEAR_API_KEY", KEY)
    assert json.loads(gridclear("offers", "--json").stdout) == [OFFER]


def test_a_stored_key_is_not_sent_to_another_address(logged_in, monkeypatch):
    monkeypatch.setenv("GRIDCLEAR_URL", "https://thief.example")
    assert logged_in("offers", code=1).stderr.startswith("error not_logged_in ")


def test_a_key_file_that_others_may_read_is_refused(logged_in, tmp_path):
    (tmp_path / "gridclear" / "credentials.json").chmod(0o640)
    assert logged_in("offers", code=1).stderr.startswith("error credentials_readable ")


def test_offers_are_a_table_that_says_what_is_simulated(logged_in):
    said = logged_in("offers").stdout
    assert "NVIDIA H100 SXM (simulated)" in " ".join(said.split())
    assert "2.10 USD" in said
    assert "1 of 2" in said


def test_no_offer_teaches_the_next_step(logged_in, api):
    api.offers = []
    assert "Widen the filters" in logged_in("offers").stdout


def test_a_lease_from_the_command_line(logged_in, api):
    opened = logged_in(
        "lease", "open", OFFER["id"], "--image", "gridclear/demo:1", "--end-use", "Proteins", "--gpus", "2",
        "--env", "A=b=c", "--port", "8080", "--end-user", "ETH, ch", "--json", "--", "sh", "-c", "echo hi",
    )  # fmt: skip
    lease = json.loads(opened.stdout)
    sent = json.loads(api.requests[-1].content)
    assert sent["environment"] == {"A": "b=c"}
    assert sent["command"] == ["sh", "-c", "echo hi"]
    assert sent["ports"] == [8080]
    assert sent["end_user"] == {"kind": "other", "name": "ETH", "country": "CH"}
    assert "pending_funds" in logged_in("lease", "show", lease["id"]).stdout
    assert lease["id"] in logged_in("lease", "list").stdout
    api.lines = [{"sequence": i, "stream": "stdout", "at": None, "line": f"[line] {i}"} for i in range(1, 6)]
    assert logged_in("lease", "logs", lease["id"]).stdout.splitlines() == [f"[line] {i}" for i in range(1, 6)]
    assert "stopping" in logged_in("lease", "stop", lease["id"]).stdout
    assert json.loads(logged_in("lease", "resume", lease["id"], "--json").stdout)["resumes_id"] == lease["id"]


def test_a_receipt_and_its_refunds_are_shown(logged_in, api):
    lease = {"id": RECEIPT["lease_id"]}
    api.leases[lease["id"]] = lease
    assert logged_in("lease", "receipt", lease["id"], code=4).stderr.startswith("error not_found ")
    api.receipt, api.refunds = RECEIPT | {"owed_minor": 3}, [REFUND]
    shown = logged_in("lease", "receipt", lease["id"]).stdout
    for words in ("4.98 USD for 3,600 s", "1.00 USD, done (broke off, by the provider)", "0.03 USD: the card did not"):
        assert words in shown
    assert "Fee" not in shown
    found = json.loads(logged_in("lease", "receipt", lease["id"], "--json").stdout)
    assert (found["number"], found["refunds"]) == (7, [REFUND])


def test_unused_money_is_shown_and_asked_back(logged_in, api):
    assert "50.00 USD can go back" in logged_in("money", "unused").stdout
    assert "20.00 USD, done" in logged_in("money", "return", "2000").stdout
    assert json.loads(api.requests[-1].content) == {"amount_minor": 2000}
    assert json.loads(logged_in("money", "return", "7", "--json").stdout)[0]["amount_minor"] == 7
    assert "0.07 USD, done" in logged_in("money", "unused").stdout
    assert json.loads(logged_in("money", "unused", "--json").stdout)["returnable_minor"] == 5000
    logged_in("money", "return", "0", code=2)


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (["lease", "show", "0a000000-0000-4000-8000-00000000000f"], 4, "not_found"),
        (["lease", "show", "../me"], 4, "not_found"),
        (["lease", "open", "x", "--image", "i", "--end-use", "u", "--gpus", "9"], 3, "invalid"),
        (["lease", "open", "x", "--image", "i", "--end-use", "u", "--env", "novalue"], 1, "bad_variable"),
        (["lease", "open", "x", "--image", "i", "--end-use", "u", "--end-user", "Someone"], 1, "bad_end_user"),
    ],
)
def test_trouble_is_one_line_and_an_exit_code(logged_in, words, code, error):
    said = logged_in(*words, code=code).stderr
    assert said.startswith(f"error {error} ")
    assert len(said.strip().splitlines()) == 1


def test_nobody_there_is_said_after_the_tries(gridclear):
    said = gridclear("login", "--url", "http://127.0.0.1:9", "--api-key", KEY, code=6).stderr
    assert said.startswith("error unreachable ")
