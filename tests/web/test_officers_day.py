"""An officer's day in a real Chromium: the queue, a lease in review, a match, a colleague, many cases at once.

The pictures of docs/guides/officers.md are taken here: `GRIDCLEAR_PICTURES=docs/images/officers` and this file alone.
"""

import io
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from compliance.base import clock
from compliance.base.actor import SYSTEM
from compliance.models import WatchlistVersion
from compliance.selectors.cases import CaseFilters, open_cases
from compliance.services import case_batches, list_alarms, report_drafts, signing
from compliance.services.evidence_verification import verify_bundle
from marketplace.models import Bundle, User
from marketplace.services import bundles, suspensions
from settlement.services.property_reports import fill_property_reports
from tests.cast import Cast, build_cast
from tests.chromium import ARGUMENTS, CHROMIUM, NEEDS_CHROMIUM
from tests.factories import files, namesakes
from tests.web.test_deciding import refused
from tests.web.test_in_browser import CONTRAST, SCREENS, move_to, session_of

PICTURES = os.environ.get("GRIDCLEAR_PICTURES", "")
pytestmark = [
    pytest.mark.browser,
    NEEDS_CHROMIUM,
]
OPEN = Callable[..., Page]
expect.set_options(timeout=30_000)  # of a machine with other things to do


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def town(browser: Browser, transactional_db: None) -> Cast:
    """The cast with real commits: the server answers from another thread."""
    return build_cast()


@pytest.fixture
def open_page(browser: Browser, browse: Callable[[User], Client], live_server) -> Iterator[OPEN]:
    """A page for each person; whatever its console calls an error fails the test, and so does bad contrast."""
    complaints: list[str] = []
    contexts: list[BrowserContext] = []

    def open_for(user: User) -> Page:
        context = browser.new_context(base_url=live_server.url, viewport={"width": 1280, "height": 900})
        context.set_default_timeout(30_000)
        contexts.append(context)
        session = session_of(browse(user))
        context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield open_for
    for context in contexts:
        context.close()
    assert complaints == []


def look(page: Page, name: str = "", height: int = 900, part: Locator | None = None) -> None:
    """Nothing overflows and every text has contrast; the page, or its part, is the guide's picture of that name."""
    width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert width <= 0, f"overflows by {width} px"
    assert page.evaluate(CONTRAST) == []
    if PICTURES and name:
        page.evaluate("document.activeElement.blur()")
        clip = {"x": 0, "y": 0, "width": 1280, "height": height}
        shot = part.screenshot() if part else page.screenshot(clip=clip, full_page=True)
        folder = Path(PICTURES)
        folder.mkdir(parents=True, exist_ok=True)
        Image.open(io.BytesIO(shot)).save(folder / f"{name}.webp", quality=78, method=6)


def press(page: Page, *keys: str) -> None:
    """The keys, once the page's scripts listen."""
    page.wait_for_load_state()
    for key in keys:
        page.keyboard.press(key)


def test_an_officers_day(town: Cast, open_page: OPEN, monkeypatch):
    monkeypatch.setattr(case_batches, "SEAL_AFTER", timedelta(0))
    _, offer = town.supply()
    refused(town, offer, end_user={"kind": "undisclosed"})
    review = open_cases(CaseFilters(kind="gate_review")).get()
    namesakes.of_a_listed_party(["NL", "BE", "FR"])
    olga, otto, alice = open_page(town.olga), open_page(town.otto), open_page(town.alice)
    the_queue_by_keys(olga, review.number)
    a_lease_in_review(olga, alice, str(review.pk))
    the_second_officer(otto, str(review.pk))
    the_same_false_positive(olga, otto)
    olga.goto("/cases?state=closed&kind=screening_hit")
    expect(olga.locator("tbody tr")).to_have_count(2)
    assert open_cases().count() == 1


def the_queue_by_keys(page: Page, number: int) -> None:
    """The review is found, opened and taken without the mouse."""
    page.goto("/cases")
    expect(page.locator("tbody tr")).to_have_count(4)
    look(page, "queue", 640)
    press(page, "j", "j", "k")
    expect(page.locator("[data-row-link]").first).to_be_focused()
    press(page, "/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type(str(number))
    press(page, "Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
    press(page, "j", "Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Case {number}")
    press(page, "a")
    expect(page.get_by_role("button", name="Assign to me")).to_be_focused()
    press(page, "Enter")
    expect(page.locator("main")).to_contain_text("The case is yours.")
    press(page, "?")
    page.get_by_role("button", name="Switch the keys off").click()
    page.locator("h1").click()
    press(page, "n")
    expect(page.locator("#id_body").first).not_to_be_focused()
    page.get_by_role("button", name="Switch the keys on").click()


def card(page: Page, title: str) -> Locator:
    return page.locator("section.card", has=page.get_by_role("heading", name=title, exact=True))


def a_lease_in_review(page: Page, party: Page, case: str) -> None:
    """A note, a document, a question that would tip off, one that does not, its answer, and a proposal."""
    card(page, "Note").locator("textarea").fill("The web site names a hospital; the order names nobody.")
    page.get_by_role("button", name="Add the note").click()
    card(page, "Attach a document").locator("[type=file]").set_input_files(
        {"name": "website.png", "mimeType": "image/png", "buffer": files.picture("PNG", word="Web site, printed")}
    )
    page.get_by_role("button", name="Attach it").click()
    expect(page.locator("main")).to_contain_text("The document lies in the case, encrypted.")
    card(page, "Ask the party").locator("textarea").fill("Why are you on a sanctions list?")
    page.get_by_role("button", name="Send the question").click()
    expect(page.locator("main")).to_contain_text("must not learn")
    look(page, "question-refused", part=card(page, "Ask the party"))
    card(page, "Ask the party").locator("textarea").fill("For whom do you compute, and where do they sit?")
    page.get_by_role("button", name="Send the question").click()
    expect(page.locator("main")).to_contain_text("The question is with the party.")
    party.goto(f"/requests/{case}")
    told = party.locator("main").inner_text().lower()
    for word in ("hospital", "sanction", "list", "review", "flag", "undisclosed", "olga", "case", "officer"):
        assert word not in told, f"the party reads “{word}”"
    look(party, "party-asked", 620)
    party.locator("textarea").fill("For the children's hospital of Singapore.")
    party.get_by_role("button", name="Send the answer").click()
    expect(party.locator("main")).to_contain_text("Nothing is needed from you now")
    page.reload()
    page.get_by_label("Release: another party, or resolved").check()
    card(page, "Propose a disposition").locator("select").select_option("end_user_known")
    card(page, "Propose a disposition").locator("textarea").fill("The party named the end user.")
    look(page, "case", 1700)
    page.get_by_role("button", name="Propose", exact=True).click()
    expect(page.locator("main")).to_contain_text("You proposed it, so another officer approves it.")


def the_second_officer(page: Page, case: str) -> None:
    page.goto(f"/cases/{case}")
    expect(card(page, "Second officer")).to_contain_text("The party named the end user.")
    card(page, "Second officer").locator("textarea").fill("Agreed.")
    look(page, "second-officer", part=card(page, "Second officer"))
    page.get_by_role("button", name="Approve").click()
    expect(page.locator("main")).to_contain_text("The case is closed.")


def the_same_false_positive(page: Page, second: Page) -> None:
    """Two of three cases are released together, after one batch was undone."""
    page.goto("/cases?kind=screening_hit")
    page.locator("[data-row-link]").first.click()
    expect(page.locator("main")).to_contain_text("2 more open cases about this entry")
    look(page, "match", 1500)
    for end in ("undo", "seal"):
        page.goto("/cases/batches")
        look(page)
        page.get_by_role("link", name=f"Look at the cases about {namesakes.NAME}").click()
        boxes = page.get_by_role("checkbox")
        expect(boxes).to_have_count(3)
        boxes.nth(0).check()
        boxes.nth(1).check()
        page.get_by_label("Why it is another party").fill(namesakes.WHY)
        look(page, "batch-preview" if end == "seal" else "", 760)
        page.get_by_role("button", name="Propose for the ticked cases").click()
        expect(page.locator("#batch-live")).to_contain_text("0 of 2")
        case_batches.sweep_batches(actor=SYSTEM)
        expect(page.locator("#batch-live")).to_contain_text("Waiting for a second officer")
        if end == "undo":
            page.get_by_role("button", name="Undo the batch").click()
            case_batches.sweep_batches(actor=SYSTEM)
            expect(page.locator("#batch-live")).to_contain_text("2 open again")
    second.goto(page.url)
    second.get_by_label("Your view").fill("Struck off indeed.")
    second.get_by_role("button", name="Approve the batch").click()
    expect(second.locator("#batch-live")).to_contain_text("Approved, not sealed yet")
    look(second, "batch-approved", 760)
    case_batches.sweep_batches(actor=SYSTEM)
    second.reload()
    expect(second.locator("#batch-live")).to_contain_text("2 released")
    look(second)


def test_the_officers_pages_hold_on_every_screen(town: Cast, open_page: OPEN):
    batch = namesakes.proposed(town.olga.as_actor())
    namesakes.of_a_listed_party(["FR", "PL"])
    page = open_page(town.otto)
    page.goto("/cases/batches")
    look_on_every_screen(page)
    page.get_by_role("link", name=f"Look at the cases about {namesakes.NAME}").click()
    look_on_every_screen(page)
    for address in (f"/cases/batches/{batch.pk}", "/cases", f"/cases/{open_cases()[0].pk}"):
        page.goto(address)
        look_on_every_screen(page)


def look_on_every_screen(page: Page) -> None:
    for screen in SCREENS:
        move_to(page, screen)
        look(page)


def test_an_officers_afternoon(town: Cast, open_page: OPEN):
    """A list gone stale, an order of a court, the report that it asks for, and the evidence that others verify."""
    WatchlistVersion.objects.filter(watchlist="eu_fsf").update(confirmed_at=clock.now() - timedelta(days=30))
    assert list_alarms.alarm_stale_lists(actor=SYSTEM) == 1
    olga, otto, ned = open_page(town.olga), open_page(town.otto), open_page(town.ned)
    the_alarm(olga, ned)
    an_order_of_a_court(olga, otto, str(town.lion.party_id))
    report_drafts.open_missing(actor=SYSTEM)
    fill_property_reports()
    the_report(olga, otto)
    the_evidence(olga, str(town.lion.party_id))


ONLY_SHE_KNOWS = {
    "Name of the holder": "Example Compute AG",
    "Address": "1 Sample Street, Zurich",
    "Contact person": "Olga Officer",
    "E-mail": "olga@gridclear.example",
    "Telephone": "+41 44 555 01 01",
    "Sanctions target": "The holder of the account, by order 12-cv-3",
    "Legal authority": "Order 12-cv-3 of 2026-11-20",
}


def the_alarm(officer: Page, operator: Page) -> None:
    """The officer finds it in the queue, the operator on the platform's page; both read what to do."""
    officer.goto("/cases?kind=list_alarm")
    expect(officer.locator("tbody tr")).to_have_count(1)
    press(officer, "j", "Enter")
    expect(officer.locator("main")).to_contain_text("Watchlist alarm")
    look(officer)
    operator.goto("/platform")
    expect(operator.locator("main")).to_contain_text("is stale")
    expect(operator.locator("main")).to_contain_text("The gate lets nothing through until it is loaded")


def an_order_of_a_court(page: Page, second: Page, party: str) -> None:
    """One officer freezes at once; what is forgotten is asked for; another officer confirms."""
    page.goto("/records/restrictions")
    page.get_by_role("link", name="Restrict a party").click()
    page.get_by_label("Id or address").fill(party)
    page.get_by_label("What it does").select_option("blocked")
    page.get_by_label("It rests on").select_option("LAW")
    page.get_by_label("Reason", exact=True).select_option("COURT_ORDER")
    page.get_by_label("Citation").fill("Order 12-cv-3 of 2026-11-20")
    page.get_by_label("Why", exact=True).fill("Its assets are blocked.")
    look(page, "restrict", 760)
    page.get_by_role("button", name="Restrict it now").click()
    expect(page.locator("main")).to_contain_text("another officer confirms it")
    suspensions.sweep_restrictions()
    second.goto(page.url)
    look(second)
    second.get_by_role("button", name="Confirm").click()
    expect(second.locator("main")).not_to_contain_text("another officer confirms it")


def the_report(page: Page, second: Page) -> None:
    """The draft knows what is blocked; the officer adds what only she knows, and another ends it."""
    page.goto("/records/reports")
    page.get_by_role("link", name="Blocked property").first.click()
    expect(page.get_by_label("Value in USD")).to_have_value("1000.00")
    for label, known in ONLY_SHE_KNOWS.items():
        page.get_by_label(label, exact=True).fill(known)
    look(page, "report", 1500)
    page.get_by_role("button", name="Save the draft").click()
    page.get_by_label("Reference").fill("ORS-77")
    page.get_by_label("Filed on").fill(clock.now().date().isoformat())
    page.get_by_role("button", name="It is filed").click()
    expect(page.locator("main")).to_contain_text("another officer approves it")
    second.goto(page.url)
    second.get_by_role("button", name="Approve").click()
    expect(second.locator("main")).to_contain_text("ORS-77")


def the_evidence(page: Page, party: str) -> None:
    """A bundle about the party is made in the background, downloaded, and verifies."""
    page.goto("/records/evidence")
    page.get_by_label("Of", exact=True).select_option("party")
    page.get_by_label("Its id").fill(party)
    page.get_by_role("button", name="Make a bundle").click()
    expect(page.locator("#bundles tbody tr")).to_have_count(1)
    bundles.build(Bundle.objects.get().pk)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    look(page, "evidence", 640)
    checked = verify_bundle(download.value.path().read_bytes(), list(signing.evidence_public_keys().values()))
    assert checked.faults == []
