"""The pages in a real Chromium: nothing is refused by the policy, nothing overflows, every text has AA contrast."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, sync_playwright

from compliance.models import WatchlistVersion
from compliance.selectors.cases import open_cases
from compliance.selectors.reports import reports
from compliance.selectors.restrictions import open_restrictions
from compliance.services import report_drafts, restrictions
from marketplace.models import User
from settlement.services import write_offs
from tests.cast import Cast, build_cast
from tests.chromium import ARGUMENTS, CHROMIUM, NEEDS_CHROMIUM
from tests.compliance.services.lists_by_hand import screening_list
from tests.factories import marketplace as make
from tests.factories.differing import found_differing
from tests.settlement.test_write_offs import owe
from tests.web.test_deciding import refused

pytestmark = [
    pytest.mark.browser,
    NEEDS_CHROMIUM,
]
Screen = tuple[int, Literal["light", "dark"]]
# A page is loaded once for all of them: only its style sheet asks how wide and how dark the screen is.
SCREENS: tuple[Screen, ...] = ((360, "light"), (390, "dark"), (1440, "light"), (3840, "dark"))
# A colour that fades to that of another screen is there.
AT_ONCE = "document.getAnimations().forEach((each) => each instanceof CSSTransition && each.finish())"
# Every text against what lies behind it; the least allowed ratio depends on its size (WCAG 2.2, 1.4.3).
CONTRAST = """
() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const known = new Map();
  const rgba = (color) => {
    if (known.has(color)) return known.get(color);
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    known.set(color, [r, g, b, a / 255]);
    return known.get(color);
  };
  const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
  const behind = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) layers.push(rgba(getComputedStyle(at).backgroundColor));
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
  };
  const light = (c) => {
    const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = c.slice(0, 3).map((v) => linear(v / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const bad = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim();
    const element = walker.currentNode.parentElement;
    if (!text || element.closest("svg, script, option, :disabled, .sr-only, .skip-link")) continue;
    if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    const style = getComputedStyle(element);
    const ground = behind(element);
    const ink = over(rgba(style.color), ground);
    const [dim, bright] = [light(ink), light(ground)].sort((a, b) => a - b);
    const ratio = (bright + 0.05) / (dim + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && parseInt(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) bad.push(`${text.slice(0, 40)}: ${ratio.toFixed(2)}`);
  }
  return bad;
}
"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for all tests of this file."""
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright keeps an event loop in this thread, and Django would refuse the database beside it.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def town(chromium: Browser, transactional_db: None) -> Cast:
    """The cast with real commits: the server answers from another thread."""
    return build_cast()


def session_of(client: Client) -> str:
    """The client's session, for a real browser to go on with."""
    return client.cookies["sessionid"].value


def changed_list(folder: Path) -> WatchlistVersion:
    """A version of the US screening list that added an entry with long names and changed another."""
    WatchlistVersion.objects.filter(watchlist="us_csl").update(state="superseded")
    path, kept = folder / "us_csl.csv", (1, "Kestrel Harrow Logistics")
    long = (2, "Vessel and Sons International Maritime Forwarding Company Limited", {"alt_names": "VSIMF; V&S"})
    screening_list(path, (*kept, {"programs": "SDGT"}))
    return screening_list(path, (*kept, {"programs": "SDGT; IRAN"}), long)


def faults_of(page: Page, address: str, screens: tuple[Screen, ...] = ()) -> list[str]:
    """What is wrong with the page in the browser: as it comes up, or on each of the screens."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    answer = page.goto(address)
    faults = [] if answer and answer.ok else [f"status {answer.status if answer else '?'}"]
    for screen in screens:
        move_to(page, screen)
        faults += [f"{screen}: {fault}" for fault in ill_looks_of(page)]
    return faults + said + ([] if screens else ill_looks_of(page))


def move_to(page: Page, screen: Screen) -> None:
    """The page stands on such a screen, as if it had been loaded there."""
    width, scheme = screen
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    page.evaluate(AT_ONCE)


def ill_looks_of(page: Page) -> list[str]:
    """What overflows, and the texts that lack contrast, as the page stands."""
    width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [f"overflows by {width} px"] * (width > 0) + page.evaluate(CONTRAST)


def tour_of(town: Cast, folder: Path) -> dict[User | None, list[str]]:
    """Every kind of page with something on it, by who looks at it; None is nobody."""
    _, offer = town.supply()
    lease = town.lease(offer)
    refused(town, offer, end_user={"kind": "undisclosed"})
    case = open_cases().get().pk
    restrictions.impose(town.strange.party_id, "X", actor=town.olga.as_actor(), kind="blocked")
    report_drafts.open_missing(actor=town.olga.as_actor())
    report = reports().get().pk
    restriction = open_restrictions([town.strange.party_id]).get().pk
    version = changed_list(folder).pk
    invoice = make.fee_invoice(lease)
    owe(town.brisbane.party_id, 400)
    write_offs.propose(town.brisbane.party_id, 400, "It was wound up.", actor=town.otto.as_actor())
    found_differing("txn_3QkQ1YAbCdEfGhIjKlMnOpQrStUvWxYz")
    return {
        None: ["/", "/catalogue", "/accounts/login/", "/accounts/signup/", "/styleguide"],
        town.alice: [
            f"/offers/{offer.pk}/lease",
            f"/leases/{lease.pk}",
            "/leases",
            "/verification",
            "/verification/ownership",
            "/verification/ownership/import",
            f"/verification/owners/{town.lion.party_id}",
            "/organization",
            "/account/data",
            "/invoices",
            "/money",
            f"/leases/{lease.pk}/receipt",
        ],
        town.pia: [
            f"/leases/{lease.pk}/refund",
            "/provider",
            "/provider/nodes/enrol",
            f"/provider/nodes/{offer.node_id}",
            "/provider/earnings",
            "/provider/earnings?pot=escrow",
            "/invoices",
            f"/invoices/{invoice}",
            "/organization",
        ],
        town.olga: [
            "/cases",
            f"/cases/{case}",
            f"/cases/{case}/ownership",
            "/audit",
            "/lists",
            "/lists/us_csl",
            f"/lists/us_csl/versions/{version}",
            "/records/evidence",
            "/records/retention",
            "/records/parties",
            f"/records/parties/{town.strange.party_id}",
            "/records/reports",
            f"/records/reports/{report}",
            "/records/restrictions",
            "/records/restrictions/new",
            f"/records/restrictions/{restriction}",
            "/records/debts",
            f"/records/debts/{town.brisbane.party_id}",
            "/records/policy?old=gridclear%402026-11-24&new=gridclear%402026-11-25",
            "/records/policy/simulation?pack=gridclear%402026-11-24&last=50",
        ],
        town.ned: ["/platform", "/platform/comparisons", "/lists/us_csl"],
    }


def test_pages_hold_on_every_screen(town: Cast, chromium: Browser, browse, live_server, tmp_path: Path):
    wrong = []
    for person, paths in tour_of(town, tmp_path).items():
        context = chromium.new_context()
        if person is not None:
            session = session_of(browse(person))
            context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
        page = context.new_page()
        for path in paths:
            wrong += [f"{path}: {fault}" for fault in faults_of(page, live_server.url + path, SCREENS)]
        context.close()
    assert not wrong, "\n".join(wrong)


def test_the_theme_is_chosen_without_javascript(town: Cast, chromium: Browser, live_server):
    context = chromium.new_context(java_script_enabled=False, color_scheme="light")
    page = context.new_page()
    page.goto(f"{live_server.url}/catalogue")
    page.get_by_role("button", name="Dark").click()
    assert page.url == f"{live_server.url}/catalogue"
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.get_by_role("button", name="System").click()
    assert page.locator("html").get_attribute("data-theme") is None
    context.close()


def test_the_lease_page_refreshes_itself(town: Cast, chromium: Browser, browse, live_server):
    _, offer = town.supply()
    lease = town.lease(offer)
    client = browse(town.alice)
    context = chromium.new_context()
    context.add_cookies([{"name": "sessionid", "value": session_of(client), "url": live_server.url}])
    page = context.new_page()
    page.goto(f"{live_server.url}/leases/{lease.pk}")
    assert page.locator("#lease-live").get_by_text("Funded", exact=True).is_visible()
    client.post(f"/leases/{lease.pk}/stop")
    page.locator("#lease-live").get_by_text("Stopped by you").wait_for(timeout=8000)
    context.close()


def test_the_keyboard_reaches_the_content_first(town: Cast, chromium: Browser, live_server):
    page = chromium.new_page()
    page.goto(f"{live_server.url}/catalogue")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.close()
