"""What keeps the four walls standing as the code grows: no back door in settings, clock or network."""

import ast
import re

from tests.architecture.source import called_name, imported_names, modules

CLOCK = "compliance/base/clock.py"
WALL_CLOCKS = {
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "date.today",
    "datetime.date.today",
    "timezone.now",
    "django.utils.timezone.now",
    "time.time",
}
NETWORK = {
    "aiohttp", "dns", "ftplib", "http.client", "httpx", "requests", "smtplib", "socket", "stripe", "telnetlib",
    "urllib.request", "urllib3", "web3", "websockets",
}  # fmt: skip
MAY_USE_NETWORK = (
    "settlement/rails/",
    "compliance/sources/",
    # Never part of production, see tests/architecture/test_production.py.
    "marketplace/development/",
    "client/gridclear/",
    # A program of its own on another machine, with no database: it reports to the platform.
    "marketplace/vantage/app.py",
)
# Parts of these libraries that only compute, and where they are used.
ONLY_COMPUTES = {
    ("settlement/rails/chain_contracts.py", "web3"): "encodes calls",
    ("settlement/services/inbox.py", "stripe"): "verifies a signature",
}
SWITCH = re.compile(r"(skip|disable|bypass|without|ignore|allow_all|enforce|dry_run|kill|enable).*(compliance|gate|clearance|screen|wall|kyc|rule)|(compliance|gate|clearance|screen|wall|kyc|rule).*(skip|disable|bypass|off|enabled|enforce|optional)", re.I)  # fmt: skip # noqa: E501


def test_only_the_clock_tells_the_time():
    told = [
        f"{module.name}:{node.lineno} {called_name(node.func)}"
        for module in modules()
        if module.name != CLOCK
        and not module.name.startswith(("marketplace/development/", "client/", "settlement/rails/standin"))
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and called_name(node.func) in WALL_CLOCKS
    ]
    assert told == []


def test_only_rails_and_sources_reach_the_network():
    reaching = [
        f"{module.name}:{node.lineno} {name}"
        for module in modules()
        if not module.name.startswith(MAY_USE_NETWORK)
        for node in ast.walk(module.tree)
        for name in imported_names(node)
        if any(name == library or name.startswith(f"{library}.") for library in NETWORK)
        and (module.name, name) not in ONLY_COMPUTES
    ]
    assert reaching == []


def test_no_setting_turns_a_wall_off():
    settings = [module for module in modules() if module.name.startswith("marketplace/config/settings/")]
    assert settings
    switches = [
        f"{module.name}:{node.lineno} {node.id}"
        for module in settings
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and SWITCH.search(node.id)
    ]
    assert switches == []


def test_the_gate_asks_no_environment_for_permission():
    """The gate and the engine read facts and packs; whether to obey them is no configuration."""
    asking = [
        f"{module.name}:{node.lineno}"
        for module in modules()
        if module.name.startswith(("compliance/engine/", "compliance/services/gate"))
        for node in ast.walk(module.tree)
        if called_name(node) in {"settings.DEBUG", "os.environ", "os.getenv"}
    ]
    assert asking == []


def test_no_path_of_one_machine_in_the_source():
    foreign = re.compile(r"[\"'](/root|/home/[a-z]+|/Users/[a-z]+)/")
    found = [
        f"{module.name}:{number}"
        for module in modules()
        for number, line in enumerate(module.text.splitlines(), 1)
        if foreign.search(line)
    ]
    assert found == []
