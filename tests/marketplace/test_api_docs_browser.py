"""The API's documentation in a real browser: it draws itself, and the strict policy stops nothing that it needs."""

import pytest
from playwright.sync_api import sync_playwright

from tests.chromium import CHROMIUM, NEEDS_CHROMIUM

pytestmark = pytest.mark.browser


@NEEDS_CHROMIUM
def test_swagger_draws_every_operation(live_server, monkeypatch):
    # Playwright's loop runs in this thread; the live server's database work has threads of its own.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    said: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(f"{live_server.url}/api/v1/docs")
        page.wait_for_selector(".opblock", timeout=20_000)
        operations = page.locator(".opblock").count()
        title = page.locator(".info .title").inner_text()
        page.locator("#operations-api-leases_open, [id$=leases_open]").first.click()
        page.wait_for_selector(".opblock-body", timeout=20_000)
        browser.close()
    assert title.startswith("Gridclear API")
    assert operations >= 35
    assert said == []
