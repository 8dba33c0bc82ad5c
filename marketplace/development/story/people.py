"""The people of the story in front of the web pages: renters who sign up and verify, officers who decide."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx
from eth_account.messages import encode_defunct
from eth_account.signers.local import LocalAccount

from marketplace.development.doors import Api, DoorError, Web, wait_for
from marketplace.development.papers import sample_paper
from marketplace.development.world import PASSWORD, Company, Owner

API_KEY = re.compile(r"gck_[0-9a-f]+_[A-Za-z0-9_-]{40,}")
ENTITY = re.compile(
    r'<span class="font-medium">([^<]*)</span>(?:(?!</li>).)*?href="(/verification/owners/[0-9a-f-]{36}[^"]*)"', re.S
)
CASE = re.compile(r'href="(/cases/[0-9a-f-]{36})"')
VERIFIED = "Leases rest on what stands here"
MESSAGE = re.compile(r'id="wallet-message">([^<]+)</pre>')
VENDOR = "stripe_identity"
CHECK = re.compile(r"https?://[^\"<> ]+/i/verify/vs_[A-Za-z0-9]+")
CHECKED = re.compile(r"It stands for passport and photo.{0,80}tone-allowed", re.S)
SCOPES = ("read", "leases", "payments")


@dataclass
class Renter:
    """An organization's owner with a browser, and a program of theirs with an API key."""

    company: Company
    web: Web
    api: Api


def log_in(base_url: str, email: str, country: str = "") -> Web | None:
    """A browser in the country in which the person is logged in; None when there is no such login."""
    web = Web(base_url, country)
    page = web.submit("/accounts/login/", {"login": email, "password": PASSWORD})
    return web if "/accounts/login" not in page.url.path else None


def renter(base_url: str, company: Company) -> Renter:
    """The company's owner has signed up, or come back, and made an API key."""
    web = log_in(base_url, company.email, company.country) or sign_up(base_url, company)
    return Renter(company, web, Api(base_url, make_api_key(web), company.country))


def sign_up(base_url: str, company: Company) -> Web:
    """The person has an account and an organization, by the sign-up form."""
    web = Web(base_url, company.country)
    fields = {
        "email": company.email,
        "password1": PASSWORD,
        "organization_name": company.name,
        "country": company.country,
        "side": "renter",
    }
    page = web.submit("/accounts/signup/", fields)
    if "/accounts/signup" in page.url.path:
        raise DoorError(f"the sign-up form refused {company.name}")
    return web


def make_api_key(web: Web) -> str:
    """A key made on the organization's page, which shows it once."""
    page = web.submit("/organization", {"part": "key", "name": "story", "scopes": list(SCOPES), "days": "1"})
    found = API_KEY.search(page.text)
    if found is None:
        raise DoorError("the organization's page showed no new API key")
    return found[0]


def is_verified(web: Web) -> bool:
    """Whether the verification page says so."""
    return VERIFIED in web.page("/verification")


def submit_verification(person: Renter, end_use: str, *, by_vendor: bool = False) -> None:
    """The company's facts, its whole chain of owners, its documents and its declaration are submitted, form by form.

    With `by_vendor` the person who signs has shown document and face at the identity check instead.
    """
    company = person.company
    if by_vendor:
        show_face(person)
    facts = {
        "part": "party",
        "kind": "entity",
        "name": company.name,
        "country": company.country,
        "region": company.region,
        "headquarters_country": company.headquarters or company.country,
        "address": company.city,
        "registration_number": company.registration_number,
    }
    _submit(person.web, "/verification", facts)
    _declare_owners(person.web, company.name, company.owners)
    _hand_in(person.web, "registry_extract", company.name)
    if not by_vendor:
        _hand_in(person.web, "passport", "The managing director")
    declaration = {
        "part": "submit",
        "level": "business",
        "end_use": end_use,
        "signatory": "The managing director",
        "declared": "on",
    }
    _submit(person.web, "/verification", declaration)


def show_face(person: Renter) -> None:
    """The person who signs went to the identity check, showed a passport and a face, and was found to be its owner."""
    page = person.web.submit("/verification/check", {"vendor": VENDOR}, form_at="/verification")
    found = CHECK.search(html.unescape(page.text))
    if found is None:
        raise DoorError("the page led to no identity check")
    owner = person.company.owners[0]
    first, _, last = owner.name.rpartition(" ")
    shown = {
        "first_name": first,
        "last_name": last,
        "birth_date": owner.birth_date,
        "country": owner.country,
        "document_type": "passport",
        "outcome": "verified",
    }
    httpx.post(found[0], data=shown, follow_redirects=False, timeout=30)
    wait_for(lambda: CHECKED.search(person.web.page("/verification")), "the identity check answers")


def prove_wallet(person: Renter, key: LocalAccount) -> None:
    """The wallet is proven to be the organization's, by copy and paste of message and signature."""
    page = person.web.submit("/verification/wallet", {"address": key.address}, form_at="/verification")
    found = MESSAGE.search(page.text)
    if found is None:
        raise DoorError("the page showed no message to sign")
    message = html.unescape(found[1])
    signature = key.sign_message(encode_defunct(text=message)).signature.to_0x_hex()
    fields = {"address": key.address, "message": message, "signature": signature}
    page = person.web.submit("/verification/wallet", fields, form_at="/verification")
    if "proven to be yours" not in page.text:
        raise DoorError("the signature was not taken")


def _hand_in(web: Web, kind: str, of: str) -> None:
    """The document was taken by the form."""
    paper = {"file": (f"{kind}.jpg", sample_paper(kind, of))}
    page = web.submit("/verification", {"part": "document", "kind": kind}, files=paper)
    if "The document is kept" not in page.text:
        raise DoorError(f"the verification page did not take the {kind}")


def _declare_owners(web: Web, owned: str, owners: Sequence[Owner]) -> None:
    """The direct holders are named as all there are, none among them, and so are those of each company above."""
    pages = {html.unescape(name): path for name, path in ENTITY.findall(web.page("/verification"))}
    if owned not in pages:
        raise DoorError(f"the verification page does not ask for the owners of {owned}")
    fields: dict[str, Any] = {"form-TOTAL_FORMS": len(owners), "form-INITIAL_FORMS": 0, "complete": "on"}
    for number, owner in enumerate(owners):
        row = {
            "name": owner.name,
            "kind": owner.kind,
            "country": owner.country,
            "headquarters_country": owner.headquarters,
            "birth_date": owner.birth_date,
            "interest": "shareholding",
            "share": owner.percent,
        }
        fields |= {f"form-{number}-{name}": value for name, value in row.items()}
    _submit(web, pages[owned], fields, leads_to="/verification")
    for owner in owners:
        if owner.kind == "entity":
            _declare_owners(web, owner.name, owner.owners)


def _submit(web: Web, path: str, fields: dict[str, Any], *, leads_to: str | None = None) -> None:
    """The form was accepted, which shows in being led on to another page."""
    page = web.submit(path, fields)
    if not page.history or page.url.path != (leads_to or path):
        complaints = re.findall(r'text-refused-ink">([^<]+)<', page.text)
        raise DoorError(f"the form at {path} was not accepted: {' '.join(complaints) or page.status_code}")


def officer(base_url: str, email: str) -> Web:
    """A compliance officer's browser, logged in."""
    web = log_in(base_url, email)
    if web is None:
        raise DoorError(f"{email} cannot log in")
    return web


def find_case(web: Web, *needles: str) -> str:
    """The address of the first case in the queue whose page holds all the needles."""
    for path in dict.fromkeys(CASE.findall(web.page("/cases"))):
        text = html.unescape(web.page(path))
        if all(needle in text for needle in needles):
            return str(path)
    raise DoorError(f"the queue has no case with {', '.join(needles)}")


def act(web: Web, case: str, action: str, **fields: str) -> None:
    """The officer pressed one of the case's buttons."""
    page = web.submit(case, {"action": action, **fields})
    if not page.is_success:
        raise DoorError(f"the case refused “{action}” with {page.status_code}")
