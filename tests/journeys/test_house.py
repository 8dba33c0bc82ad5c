"""One running house: the story that `make run` played in it, then a new renter's first lease in a real Chromium.

In one file because a house is started for the tests of one file: files go to different workers.
"""

import re
import secrets
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from marketplace.development.image import IMAGE
from marketplace.development.papers import OF_A_BUSINESS, sample_paper
from marketplace.development.world import OFFICERS, PASSWORD
from tests.chromium import ARGUMENTS, CHROMIUM, NEEDS_CHROMIUM

PATIENCE_MS = 60_000  # of a machine with other things to do


@pytest.fixture
def browser() -> Iterator[Browser]:
    # Not for the session: Playwright's event loop would forbid Django's ORM to every later test of this process.
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser, house):
    """A page in a browser of its own, for each person; whatever its console calls an error fails the test."""
    complaints: list[str] = []

    def open_for() -> Page:
        context = browser.new_context(base_url=house.base_url, viewport={"width": 1280, "height": 900})
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield open_for
    assert complaints == []


@pytest.mark.parametrize("scene", "abcdefgh")
def test_scene_held(house, scene):
    """The story of the issue on real parts: every scene held."""
    assert house.story()[scene] == "held", house.printed[-6000:]


@pytest.mark.browser
@NEEDS_CHROMIUM
def test_a_new_renter_leases_a_gpu(open_page):
    renter, officer = open_page(), open_page()
    company = f"Walfang {secrets.token_hex(3)} Robotik GmbH"
    sign_up(renter, company)
    submit_verification(renter, company)
    log_in(officer, OFFICERS[0][0])
    verify(officer, company)
    top_up(renter)
    configure(renter, "self")
    renter.get_by_role("button", name="Open the lease").click()
    watch_and_stop(renter)
    configure(renter, "undisclosed")
    renter.get_by_role("button", name="Open the lease").click()
    expect(renter).to_have_url(re.compile("/decisions/"))
    expect(renter.locator("main")).to_contain_text("Tell us for whom you compute")
    find_case(officer, company, "Lease sent to review")
    expect(officer.locator("main")).to_contain_text("end_user_undisclosed")
    expect(officer.locator("main")).to_contain_text(company)


def sign_up(page: Page, company: str) -> None:
    page.goto("/")
    page.get_by_role("link", name="Sign up").first.click()
    page.locator("main [name=email]").fill(f"{company.split()[1]}@walfang.example")
    page.locator("main [name=password1]").fill(PASSWORD)
    page.locator("main [name=organization_name]").fill(company)
    page.locator("select[name=country]").select_option("DE")
    page.locator("main").get_by_role("button", name="Sign up").click()
    expect(page).not_to_have_url(re.compile("signup"))


def submit_verification(page: Page, company: str) -> None:
    page.goto("/verification")
    party = page.locator("#party")
    expect(party.locator("[name=name]")).to_have_value(company)
    party.locator("[name=headquarters_country]").select_option("DE")
    party.locator("[name=region]").fill("DE-HH")
    party.locator("[name=registration_number]").fill("HRB 990777")
    party.locator("[name=address]").fill("Am Sandtorkai 99, Hamburg")
    party.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Name its owners").click()
    page.locator("[name=form-0-name]").fill("Wiebke Harmsen")
    page.locator("[name=form-0-country]").select_option("DE")
    page.locator("[name=form-0-birth_date]").fill("1984-09-09")
    page.locator("[name=form-0-share]").fill("100")
    page.locator("[name=complete]").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page).to_have_url(re.compile("/verification"))
    for kind in OF_A_BUSINESS:
        documents = page.locator("#documents")
        documents.locator("[name=kind]").select_option(kind)
        file = {"name": f"{kind}.jpg", "mimeType": "image/jpeg", "buffer": sample_paper(kind, company)}
        documents.locator("[name=file]").set_input_files(file)
        documents.get_by_role("button", name="Hand it in").click()
        expect(page.locator("main")).to_contain_text("The document is kept")
    submit = page.locator("#submit")
    submit.locator("[name=end_use]").fill("Grasping policies for a warehouse robot")
    submit.locator("[name=signatory]").fill("Wiebke Harmsen")
    submit.locator("[name=declared]").check()
    submit.get_by_role("button", name="Submit for verification").click()
    expect(page.locator("main")).to_contain_text("A person looks at it")


def log_in(page: Page, email: str) -> None:
    page.goto("/accounts/login/")
    page.locator("[name=login]").fill(email)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("main").get_by_role("button", name="Log in", exact=True).click()
    expect(page).not_to_have_url(re.compile("login"))


def find_case(page: Page, company: str, kind: str) -> None:
    page.goto("/cases?q=" + company.split()[1])
    page.locator("main tr", has_text=kind).get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Case")


def verify(page: Page, company: str) -> None:
    find_case(page, company, "Identity review")
    page.get_by_role("button", name="Verify").click()
    expect(page.locator("main")).to_contain_text("The party is verified.")


def top_up(page: Page) -> None:
    page.goto("/money")
    page.locator("[name=amount_minor]").fill("25.00")
    page.locator("select[name=payment_method]").select_option("pm_card_visa")
    page.get_by_role("button", name="Top up").click()
    expect(page.locator("main")).to_contain_text("The card is being charged")
    reload_until(page, "$25.00")


def configure(page: Page, end_user: str) -> None:
    """The catalogue is filtered, an offer opened, and the wizard filled up to its review."""
    page.goto("/catalogue?gpu=rtx-3090&country=AU")
    page.locator("main").get_by_role("link", name=re.compile("RTX 3090")).first.click()
    page.get_by_role("link", name="Configure a lease").click()
    page.locator("[name=gpu_count]").fill("1")
    page.locator("[name=image]").fill(IMAGE)
    page.locator("[name=environment]").fill("GRIDCLEAR_DEMO_TOKEN=from-the-browser")
    page.locator("[name=end_use]").fill("Grasping policies for a warehouse robot")
    page.locator("[name=end_use_kind][value=training]").check()
    page.locator(f"[name=end_user_kind][value={end_user}]").check()
    page.locator("[name=rail][value=balance]").check()
    page.get_by_role("button", name="Review").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Review the lease")


def watch_and_stop(page: Page) -> None:
    """The page follows the lease by itself; the renter reads its log line, and stops it."""
    expect(page).to_have_url(re.compile("/leases/"))
    expect(page.locator("main")).to_contain_text("token from-the-browser", timeout=PATIENCE_MS)
    expect(page.locator("main")).to_contain_text("Running")
    page.get_by_role("link", name="Stop", exact=True).click()
    page.locator("main").get_by_role("button", name="Stop").click()
    reload_until(page, "Settled")
    page.get_by_role("link", name="Receipt").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Receipt")


def reload_until(page: Page, text: str) -> None:
    """The page shows the text, for which work in the background may be needed first."""
    for _ in range(PATIENCE_MS // 1000):
        if text in page.locator("main").inner_text():
            return
        page.wait_for_timeout(1000)
        page.reload()
    expect(page.locator("main")).to_contain_text(text)
