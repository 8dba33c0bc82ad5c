"""A person's own data at its own page: taken out after a password, erased by an owner, and silent about the rest."""

import io
import json
import zipfile
from html import unescape

import pytest
from django.test import Client

from compliance.base.actor import system
from compliance.base.audit import AuditEvent
from compliance.engine.personal import ERASED
from compliance.models import Party
from compliance.services import legal_holds, restrictions
from compliance.services.audit_verification import verify_log
from compliance.services.checkpoints import make_checkpoint
from marketplace.models import Bundle, Organization, User
from marketplace.services import accounts, bundles
from tests.cast import Cast
from tests.factories import marketplace as make

PAGE = "/account/data"


def text(response) -> str:
    return unescape(response.content.decode())


def signed_in(user: User) -> Client:
    """The person is logged in and has just typed the password once more."""
    client = Client()
    answer = client.post("/accounts/login/", {"login": user.email, "password": make.PASSWORD})
    assert answer.status_code == 302
    assert client.post("/accounts/reauthenticate/", {"password": "another"}).status_code == 200
    assert client.post("/accounts/reauthenticate/", {"password": make.PASSWORD}).status_code == 302
    return client


@pytest.fixture
def dormant(cast: Cast) -> tuple[User, Organization]:
    """Dora signed up, and nothing came of it."""
    user = accounts.sign_up("dora@dormant.example", make.PASSWORD, "Dormant Ltd", "SG", True, False)
    return user, user.memberships.get().organization


def erase_address(organization: Organization) -> str:
    return f"{PAGE}/organizations/{organization.pk}/erase"


def test_an_owner_asks_waits_and_takes_it_out(cast: Cast):
    alice = signed_in(cast.alice)
    page = text(alice.get(PAGE))
    assert "all of Lion City Labs Pte Ltd" in page
    assert "31 CFR 501.601" in page
    assert "Who the customer is: identity, ownership, documents" in page
    assert alice.post(PAGE).status_code == 302
    assert "Asked for" in text(alice.get(PAGE))
    asked = Bundle.objects.get()
    assert alice.get(f"{PAGE}/{asked.pk}.zip").status_code == 409
    bundles.build(asked.pk)
    assert f"{PAGE}/{asked.pk}.zip" in text(alice.get(PAGE))
    answer = alice.get(f"{PAGE}/{asked.pk}.zip")
    assert answer["Cache-Control"] == "no-store"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as made:
        data = json.loads(made.read("data.json"))
    assert data["parties"][0]["identity"]["party"]["name"] == "Lion City Labs Pte Ltd"
    assert AuditEvent.objects.filter(event="evidence.downloaded", actor=cast.alice.as_actor().ref).count() == 1


def test_a_session_alone_does_not_take_it_out_or_erase(cast: Cast, browse, dormant):
    asked = bundles.request_own_data(cast.alice.pk, actor=cast.alice.as_actor())
    bundles.build(asked.pk)
    user, organization = dormant
    for who, address in ((cast.alice, f"{PAGE}/{asked.pk}.zip"), (user, erase_address(organization))):
        stolen = browse(who)
        for answer in (stolen.get(address), stolen.post(address, {"name": organization.name})):
            assert answer.status_code in (302, 405)
            if answer.status_code == 302:
                assert answer.url.startswith("/accounts/reauthenticate/")
    assert Party.objects.get(pk=organization.party_id).erased_at is None


@pytest.mark.parametrize(
    ("who", "erasing"), [("bob", 403), ("fay", 403), ("charlie", 404), ("pia", 404), ("olga", 404), ("ned", 404)]
)
def test_nobody_else_takes_it_out_or_erases(cast: Cast, who: str, erasing: int):
    asked = bundles.request_own_data(cast.alice.pk, actor=cast.alice.as_actor())
    bundles.build(asked.pk)
    client = signed_in(getattr(cast, who))
    assert client.get(f"{PAGE}/{asked.pk}.zip").status_code == 404
    for answer in (client.get(erase_address(cast.lion)), client.post(erase_address(cast.lion), {"name": "x"})):
        assert answer.status_code == erasing
    assert "all of Lion City" not in text(client.get(PAGE))
    cast.lion.party.refresh_from_db()
    assert cast.lion.party.erased_at is None


def test_who_never_dealt_erases_it_at_once(cast: Cast, dormant):
    user, organization = dormant
    client = signed_in(user)
    address = erase_address(organization)
    assert "cannot be undone" in text(client.get(address))
    assert "another name" in text(client.post(address, {"name": "Dormant"}))
    assert Party.objects.get(pk=organization.party_id).erased_at is None
    assert client.post(address, {"name": "Dormant Ltd"}).status_code == 302
    organization.refresh_from_db()
    user.refresh_from_db()
    assert (organization.name, user.is_active) == (ERASED, False)
    assert client.get(PAGE).url.startswith("/accounts/login/")
    refused = Client().post("/accounts/login/", {"login": "dora@dormant.example", "password": make.PASSWORD})
    assert refused.status_code == 200
    make_checkpoint()
    assert verify_log().holds


@pytest.mark.parametrize("secretly", ["law", "hold", "restriction"])
def test_what_must_stay_stays_and_the_page_says_not_why(cast: Cast, dormant, secretly: str):
    user, organization = dormant
    if secretly == "law":
        user, organization = cast.alice, cast.lion
    elif secretly == "hold":
        legal_holds.place_hold(organization.party_id, "Court order", "12-cv-3", actor=cast.olga.as_actor())
    else:
        restrictions.impose(organization.party_id, "COURT_ORDER", actor=system("tests"))
    client = signed_in(user)
    page = text(client.post(erase_address(organization), {"name": organization.name}))
    assert "must be kept for now" in page
    for word in ("hold", "sanction", "restrict", "Court", "12-cv-3", "identity"):
        assert word not in page.partition("<main")[2]
    organization.party.refresh_from_db()
    assert organization.party.erased_at is None
    assert organization.name in text(client.get(PAGE))


def test_the_page_tells_no_secret_clock(cast: Cast, browse):
    before = text(browse(cast.alice).get(PAGE))
    legal_holds.place_hold(cast.lion.party_id, "Court order", "12-cv-3", actor=cast.olga.as_actor())
    restrictions.impose(cast.lion.party_id, "COURT_ORDER", actor=system("tests"), kind="blocked")
    assert strip(text(browse(cast.alice).get(PAGE))) == strip(before)


def strip(page: str) -> str:
    """What stands in the page itself, without tokens."""
    return "\n".join(line for line in page.partition("<main")[2].splitlines() if "csrfmiddlewaretoken" not in line)


def test_six_files_a_day_are_one_too_many(cast: Cast, browse, clock):
    alice = browse(cast.alice)
    for _ in range(5):
        clock.advance(seconds=1)
        alice.post(PAGE)
        bundles.build(Bundle.objects.latest("created_at").pk)
    assert alice.post(PAGE).status_code == 429
    assert Bundle.objects.count() == 5
