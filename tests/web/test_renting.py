"""A renter at the pages, without JavaScript: from the sign-up to the end of a lease."""

import csv
import io
import re
from html import unescape

import pytest
from django.urls import reverse

from compliance.base.actor import system
from compliance.base.clock import ManualClock
from marketplace.models import Lease, Offer, Organization, User
from marketplace.services import funding, metering, offers
from marketplace.views import leasing, rails
from settlement.selectors.balances import available_minor
from tests.cast import Cast
from tests.factories import marketplace as make

FIELDS = {
    "gpu_count": "1",
    "max_seconds": "1",
    "max_spend_minor": "2.49",
    "image": "gridclear/demo:latest",
    "command": "python -c \"print('hello')\"",
    "environment": "EPOCHS=3\nNAME=a b",
    "ports": "22, 8888",
    "ssh_public_key": "",
    "rail": "balance",
    "payment_method": "",
    "wallet": "",
    "end_use": "Training a model of protein folding",
    "end_use_kind": "training",
    "end_user_kind": "self",
    "end_user_name": "",
    "end_user_country": "",
}


def wizard(client, offer: Offer, step: str, **changes: str):
    """What follows when the wizard's form is sent."""
    return client.post(reverse("web:lease_new", args=[offer.pk]), {**FIELDS, "step": step, **changes}, follow=True)


def funded(lease: Lease) -> Lease:
    """The lease after its hold was confirmed, as the receiver on commit does it."""
    funding.follow_hold(lease.pk, actor=system("tests"))
    return lease


def text(response) -> str:
    """The page as people read it."""
    return unescape(response.content.decode())


def test_signing_up_makes_a_person_and_an_organization(db, browse):
    fields = {
        "email": "Ines@Delta.example",
        "password1": make.PASSWORD,
        "organization_name": "Delta Weather SARL",
        "country": "FR",
        "side": "both",
    }
    response = browse().post("/accounts/signup/", fields, follow=True)
    made = Organization.objects.get()
    assert response.status_code == 200
    assert (made.name, made.party.country, made.is_renter, made.is_provider) == ("Delta Weather SARL", "FR", True, True)
    assert User.objects.get(email="ines@delta.example").memberships.get().role == "owner"


def test_a_second_sign_up_with_the_same_address_makes_nothing(cast: Cast, browse):
    fields = {
        "email": cast.alice.email,
        "password1": make.PASSWORD,
        "organization_name": "Another",
        "country": "SG",
        "side": "renter",
    }
    before = Organization.objects.count()
    page = text(browse().post("/accounts/signup/", fields))
    assert Organization.objects.count() == before
    assert "already registered" in page


def test_the_catalogue_filters_by_its_address(cast: Cast, browse):
    cast.supply()
    agent = make.online_agent(cast.brisbane, cast.pia, name="bne-02", gpus=f"{make.RTX_3090}:2")
    make.offer_on(agent, cast.pia, "rtx-3090", price=22)
    everything = text(browse().get("/catalogue"))
    cheap = text(browse().get("/catalogue?max_price=0.50"))
    large = text(browse().get("/catalogue?memory=80"))
    none = text(browse().get("/catalogue?gpus=64"))
    assert "1–2 of 2 offers" in everything
    assert "RTX 3090" in cheap
    assert "1–1 of 1 offers" in cheap
    assert "1–1 of 1 offers" in large
    assert "$2.49" in large
    assert "No offer fits" in none


def test_the_home_page_counts_each_gpu_once(cast: Cast, browse):
    agent, offer = cast.supply()
    make.offer_on(agent, cast.pia, price=3600)
    cast.lease(offer)
    page = text(browse().get("/"))
    figures = re.findall(r'<dt class="label-caps">([^<]+)</dt><dd class="figure-value">([^<]+)</dd>', page)
    assert figures == [("GPUs listed", "2"), ("Free now", "1"), ("From, per GPU h", "$2.49")]


@pytest.mark.parametrize("query", ["sort=evil", "max_price=-1", "gpus=x", "country=ZZ", "gpu=none", "page=-4"])
def test_a_filter_that_makes_no_sense_breaks_nothing(cast: Cast, browse, query: str):
    cast.supply()
    assert browse().get(f"/catalogue?{query}").status_code == 200


def test_the_wizard_shows_the_price_before_anything_is_reserved(cast: Cast, browse):
    _, offer = cast.supply()
    page = text(wizard(browse(cast.alice), offer, "review"))
    assert "Review the lease" in page
    assert "$2.49" in page
    assert "What will be checked" in page
    assert not Lease.objects.exists()


def test_the_wizard_opens_a_lease_and_its_page_follows_it(cast: Cast, browse, clock: ManualClock):
    agent, offer = cast.supply()
    client = browse(cast.alice)
    page = wizard(client, offer, "open")
    lease = funded(Lease.objects.get())
    assert page.redirect_chain[-1][0] == f"/leases/{lease.pk}"
    assert (lease.command, lease.ports) == (["python", "-c", "print('hello')"], [22, 8888])
    assert lease.environment == {"EPOCHS": "3", "NAME": "a b"}
    agent.sync()
    agent.sync(agent.workload(lease, "running", 0))
    agent.post("logs", {"lease_id": str(lease.pk), "chunks": [line_of("hello <world>")]})
    clock.advance(seconds=10)
    agent.sync(agent.workload(lease, "running", 10))
    live = client.get(f"/leases/{lease.pk}/live").content.decode()
    assert "Running" in live
    assert "hello &lt;world&gt;" in live
    assert 'hx-trigger="every 2s"' in live


def test_a_page_whose_session_has_ended_is_loaded_anew(cast: Cast, browse):
    _, offer = cast.supply()
    lease = cast.lease(offer)
    answer = browse().get(f"/leases/{lease.pk}/live", headers={"HX-Request": "true"})
    assert answer.headers["HX-Refresh"] == "true"
    assert not answer.content


def line_of(words: str) -> dict[str, object]:
    """One line of a log."""
    return {"sequence": 1, "stream": "stdout", "at": "2026-11-24T04:00:00Z", "line": words}


def test_sending_the_last_step_twice_opens_one_lease(cast: Cast, browse):
    _, offer = cast.supply()
    client = browse(cast.alice)
    lease_id = "11111111-1111-4111-8111-111111111111"
    wizard(client, offer, "open", lease_id=lease_id)
    wizard(client, offer, "open", lease_id=lease_id)
    assert str(Lease.objects.get().pk) == lease_id


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("image", "not an image!", "no image reference"),
        ("gpu_count", "3", "less than or equal to 2"),
        ("gpu_count", "0", "greater than or equal to 1"),
        ("max_seconds", "9999", "seconds"),
        ("max_spend_minor", "0", "An amount is above zero"),
        ("command", "python 'open", "quotation mark"),
        ("environment", "no equals sign", "no NAME=value"),
        ("ports", "70000", "1 to 65535"),
        ("ssh_public_key", "hello", "OpenSSH"),
        ("rail", "cash", "not one of the available choices"),
        ("end_use", "", "required"),
        ("end_use_kind", "", "required"),
        ("end_use_kind", "mining", "not one of the available choices"),
    ],
)
def test_bad_input_is_said_beside_its_field_and_changes_nothing(cast: Cast, browse, field, value, words):
    _, offer = cast.supply()
    response = wizard(browse(cast.alice), offer, "open", **{field: value})
    assert response.status_code == 200
    assert words in text(response)
    assert not Lease.objects.exists()
    assert available_minor(cast.lion.party_id) == 100_000


def test_escrow_needs_a_wallet_with_its_checksum(cast: Cast, browse):
    _, offer = cast.supply()
    client = browse(cast.alice)
    assert "needs the address of your wallet" in text(wizard(client, offer, "open", rail="escrow"))
    mistyped = "0x5FbDB2315678afecb367f032d93F642f64180aa4"
    assert "checksum" in text(wizard(client, offer, "open", rail="escrow", wallet=mistyped))
    assert not Lease.objects.exists()


def test_taken_gpus_are_said_clearly(cast: Cast, browse):
    _, offer = cast.supply()
    cast.lease(offer, gpu_count=2)
    response = wizard(browse(cast.charlie), offer, "open")
    assert "another renter was first" in text(response)
    assert Lease.objects.count() == 1


def test_an_offer_that_was_withdrawn_takes_no_lease(cast: Cast, browse):
    _, offer = cast.supply()
    offers.withdraw_offer(offer.pk, user=cast.pia, actor=cast.pia.as_actor())
    assert wizard(browse(cast.alice), offer, "open").status_code == 404


def test_stopping_asks_once_and_then_settles(cast: Cast, browse, clock: ManualClock):
    agent, offer = cast.supply()
    lease = funded(cast.lease(offer))
    agent.sync()
    agent.sync(agent.workload(lease, "running", 0))
    clock.advance(seconds=600)
    agent.sync(agent.workload(lease, "running", 600))
    client = browse(cast.bob)
    assert "Stop this lease?" in text(client.get(f"/leases/{lease.pk}/stop"))
    client.post(f"/leases/{lease.pk}/stop")
    lease.refresh_from_db()
    assert (lease.state, lease.end_reason) == ("stopping", "renter_stopped")
    agent.sync(agent.workload(lease, "stopped", 600))
    metering.settle_ended_leases()
    receipt = text(client.get(f"/leases/{lease.pk}/receipt"))
    assert "600 s" in receipt
    assert "$0.41" in receipt
    assert "Platform fee" not in receipt
    assert "Platform fee" in text(browse(cast.pia).get(f"/leases/{lease.pk}/receipt"))


def test_the_list_is_searched_and_exported(cast: Cast, browse):
    _, offer = cast.supply()
    lease = cast.lease(offer)
    client = browse(cast.alice)
    assert str(lease.pk)[:8] in text(client.get("/leases?q=h100&state=live"))
    assert "No lease fits" in text(client.get("/leases?q=nothing-like-it"))
    rows = list(csv.DictReader(io.StringIO(client.get("/leases/export.csv").content.decode())))
    assert [row["lease"] for row in rows] == [str(lease.pk)]
    assert rows[0]["currency"] == "USD"


def test_who_is_not_verified_is_told_before_the_wizard_is_filled_in(cast: Cast, browse):
    _, offer = cast.supply()
    user, _ = make.organization("nora@new.example", "Nora Nordic Labs", "NO")
    for page in (f"/offers/{offer.pk}", f"/offers/{offer.pk}/lease"):
        assert "Your organization is not verified yet" in text(browse(user).get(page))
        assert "Your organization is not verified yet" not in text(browse(cast.alice).get(page))
    refused = text(wizard(browse(user), offer, "open", rail="card", payment_method="pm_card_visa"))
    assert "Verify your organization" in refused.partition("What you can do")[2]


def test_who_has_no_card_saves_one_and_comes_back_to_the_wizard(cast: Cast, browse, monkeypatch):
    _, offer = cast.supply()
    wizard_page = f"/offers/{offer.pk}/lease"
    asked: dict[str, str] = {}
    monkeypatch.setattr(leasing, "cards_of", lambda _: [])
    monkeypatch.setattr(
        rails.profiles, "card_form_url", lambda _, **urls: asked.update(urls) or "https://card.example/"
    )
    client = browse(cast.alice)
    assert "No card is saved yet" in text(client.get(wizard_page))
    assert "ask an owner or finance" in text(browse(cast.bob).get(wizard_page))
    assert "https://card.example/" in text(client.post("/money/card", {"next": wizard_page}))
    assert asked["return_url"].endswith(wizard_page)
    client.post("/money/card", {"next": "https://evil.example/"})
    assert asked["return_url"] == "http://testserver/money"


@pytest.mark.parametrize("ports", ["²", "22 ٣", "70000"])
def test_ports_are_plain_numbers(cast: Cast, browse, ports: str):
    _, offer = cast.supply()
    page = text(wizard(browse(cast.alice), offer, "review", ports=ports))
    assert "Ports are numbers from 1 to 65535." in page


def test_a_search_for_what_no_text_holds_finds_nothing(cast: Cast, browse):
    client = browse(cast.alice)
    assert "No lease fits" in text(client.get("/leases", {"q": "\0zebra"}))
    assert client.get("/leases/export.csv", {"q": "\0zebra"}).status_code == 200
