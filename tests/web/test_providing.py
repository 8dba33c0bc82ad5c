"""A provider and an organization's people at the pages."""

import re
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from compliance.selectors.ownership import upstream
from compliance.selectors.parties import wallets_of
from compliance.selectors.watchlists import ListStatus, watchlist_status
from compliance.sources.catalogue import KNOWN_LISTS
from marketplace.models import EnrolmentToken, Membership, Node, Offer
from marketplace.selectors.organizations import api_keys_of
from marketplace.services import api_keys
from marketplace.views import earnings, money
from marketplace.views.base import page_of
from settlement.selectors.payouts import payouts_of
from tests.cast import Cast
from tests.factories import marketplace as make

WALLET = "0x5FbDB2315678afecb367f032d93F642f64180aa3"


def text(response) -> str:
    """The page as people read it."""
    return unescape(response.content.decode())


def test_an_enrolment_token_is_shown_once(cast: Cast, browse):
    client = browse(cast.pia)
    fields = {"node_name": "bne-07", "country": "AU", "region": "", "city": "Brisbane"}
    page = text(client.post("/provider/nodes/enrol", fields))
    secret = re.search(r"--token (gce_\S+)", page).group(1)
    assert "gridclear agent enrol --url" in page
    assert secret not in EnrolmentToken.objects.get().secret_hash
    assert secret not in text(client.get("/provider/nodes/enrol"))


def offer_fields(agent: make.Agent, **changes: str) -> dict[str, str]:
    """An honest offer on the agent's GPUs."""
    return {
        "source": f"{agent.node_id}:h100-sxm",
        "gpu_count": "2",
        "price_minor_per_gpu_hour": "2.10",
        "min_seconds": "0.5",
        "max_seconds": "24",
        **changes,
    }


def test_an_offer_is_put_up_changed_paused_and_withdrawn(cast: Cast, browse):
    agent = make.online_agent(cast.brisbane, cast.pia)
    client = browse(cast.pia)
    client.post("/provider/offers/new", offer_fields(agent))
    offer = Offer.objects.get()
    assert (offer.price_minor_per_gpu_hour, offer.min_seconds, offer.max_seconds) == (210, 1800, 86400)
    client.post(f"/provider/offers/{offer.pk}/edit", offer_fields(agent, price_minor_per_gpu_hour="1.99"))
    for action, state in (("pause", "paused"), ("resume", "active"), ("withdraw", "withdrawn")):
        client.post(f"/provider/offers/{offer.pk}/state", {"action": action})
        offer.refresh_from_db()
        assert offer.state == state
    assert offer.price_minor_per_gpu_hour == 199


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("price_minor_per_gpu_hour", "0", "An amount is above zero"),
        ("price_minor_per_gpu_hour", "-1", "An amount is above zero"),
        ("price_minor_per_gpu_hour", "1.999", "two digits after the point"),
        ("price_minor_per_gpu_hour", "99999", "A price lies between"),
        ("gpu_count", "3", "The node has 2 of this model"),
        ("min_seconds", "48", "shorter than the shortest"),
        ("max_seconds", "9000", "at most"),
        ("source", "nonsense", "not one of the available choices"),
    ],
)
def test_a_bad_offer_is_refused_beside_its_field(cast: Cast, browse, field, value, words):
    agent = make.online_agent(cast.brisbane, cast.pia)
    page = text(browse(cast.pia).post("/provider/offers/new", offer_fields(agent, **{field: value})))
    assert words in page
    assert not Offer.objects.exists()


def test_a_payout_without_anything_owed_moves_nothing(cast: Cast, browse):
    page = text(browse(cast.pia).post("/provider/payouts", {"pot": "card"}, follow=True))
    assert "Nothing was moved" in page
    assert not payouts_of(cast.brisbane.party_id)


def test_a_wallet_without_its_checksum_is_refused(cast: Cast, browse):
    page = text(browse(cast.pia).post("/verification", {"part": "wallet", "address": WALLET.lower()}))
    assert "checksum" in page
    assert not wallets_of(cast.brisbane.party_id).exists()


def holders(*rows: tuple[str, str, str, str]) -> dict[str, str]:
    """The owners' form for (name, kind, country, percent) rows."""
    fields = {"form-TOTAL_FORMS": str(len(rows)), "form-INITIAL_FORMS": "0", "complete": "on"}
    for number, (name, kind, country, percent) in enumerate(rows):
        row = {"name": name, "kind": kind, "country": country, "interest": "shareholding", "share": percent}
        fields |= {f"form-{number}-{key}": value for key, value in row.items()}
    return fields


def test_owners_are_declared_level_by_level(cast: Cast, browse):
    client, party_id = browse(cast.alice), cast.lion.party_id
    page = f"/verification/owners/{party_id}"
    client.post(page, holders(("Straits Holdings", "entity", "HK", "80"), ("Lim Hui Min", "person", "SG", "20")))
    holding = next(p for p in upstream([party_id]).parties.values() if p.name == "Straits Holdings")
    client.post(f"/verification/owners/{holding.pk}", holders(("Northern Grid Group", "entity", "CN", "100")))
    above = upstream([party_id])
    assert {p.name for p in above.parties.values()} >= {"Straits Holdings", "Lim Hui Min", "Northern Grid Group"}
    picture = text(client.get("/verification"))
    assert "Northern Grid Group holds 100 % of Straits Holdings" in picture
    assert "Changed since it was verified" in picture


def test_owners_sent_again_unchanged_stay(cast: Cast, browse):
    client, party_id = browse(cast.alice), cast.lion.party_id
    page = f"/verification/owners/{party_id}"
    for _ in range(2):
        client.post(page, holders(("Straits Holdings", "entity", "HK", "80"), ("Lim Hui Min", "person", "SG", "20")))
    assert len(upstream([party_id]).edges) == 2


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ((("A", "person", "SG", "60"), ("B", "person", "SG", "60")), "more than 100 %"),
        ((("A", "person", "", "60"),), "Choose the country"),
        ((("A", "person", "SG", ""),), "Give the share"),
        ((("A", "person", "SG", "101"),), "less than or equal to 100"),
    ],
)
def test_owners_that_do_not_add_up_change_nothing(cast: Cast, browse, rows, words):
    before = len(upstream([cast.lion.party_id]).parties)
    page = text(browse(cast.alice).post(f"/verification/owners/{cast.lion.party_id}", holders(*rows)))
    assert words in page
    assert len(upstream([cast.lion.party_id]).parties) == before


def test_only_owners_change_the_verification(cast: Cast, browse):
    fields = {"part": "party", "kind": "entity", "name": "Evil Labs", "country": "SG", "headquarters_country": "SG"}
    assert browse(cast.bob).post("/verification", fields).status_code == 403
    cast.lion.party.refresh_from_db()
    assert cast.lion.party.name == "Lion City Labs Pte Ltd"


def test_an_api_key_is_shown_once_and_can_be_revoked(cast: Cast, browse):
    client = browse(cast.alice)
    page = text(client.post("/organization", {"part": "key", "name": "ci", "scopes": ["read"], "days": "30"}))
    secret = re.search(r"gck_[0-9a-f]+_[\w-]{40,}", page).group()
    assert secret not in text(client.get("/organization"))
    key = api_keys_of(cast.lion).get()
    client.post(f"/organization/keys/{key.pk}/revoke")
    key.refresh_from_db()
    assert key.revoked_at is not None


def test_finance_cannot_make_a_key_that_leases(cast: Cast, browse):
    page = text(browse(cast.fay).post("/organization", {"part": "key", "name": "x", "scopes": ["leases"], "days": "1"}))
    assert "your own role" in page
    assert not api_keys_of(cast.lion).exists()


def test_members_join_change_role_and_leave(cast: Cast, browse):
    client = browse(cast.alice)
    client.post("/organization", {"part": "member", "email": "Charlie@strange.example", "role": "finance"})
    joined = Membership.objects.get(user=cast.charlie, organization=cast.lion)
    client.post(f"/organization/members/{joined.pk}/role", {"role": "member"})
    joined.refresh_from_db()
    assert joined.role == "member"
    client.post(f"/organization/members/{joined.pk}/remove")
    assert not Membership.objects.filter(pk=joined.pk).exists()


def test_the_last_owner_stays(cast: Cast, browse):
    own = Membership.objects.get(user=cast.alice)
    response = browse(cast.alice).post(f"/organization/members/{own.pk}/remove")
    assert response.status_code == 409
    assert "at least one owner" in text(response)
    assert Membership.objects.filter(pk=own.pk).exists()


def test_the_session_switches_between_ones_own_organizations(cast: Cast, browse):
    Membership.objects.create(user=cast.alice, organization=cast.strange, role="member")
    client = browse(cast.alice)
    for chosen in (cast.strange, cast.lion):
        client.post(f"/organization/{chosen.pk}/switch")
        assert f"Who {chosen.name} is" in text(client.get("/verification"))


def test_the_operator_walks_books_and_chain(cast: Cast, browse):
    client = browse(cast.ned)
    assert "Balanced" in text(client.get("/platform"))
    page = text(client.post("/platform", follow=True))
    assert "Verifies" in page
    assert "Current" in page


def current(code: str) -> ListStatus:
    """How the list stands."""
    return next(row for row in watchlist_status() if row.code == code)


def test_a_list_is_loaded_from_a_file_and_a_bad_one_refused(cast: Cast, browse):
    client = browse(cast.ned)
    known = next(each for each in KNOWN_LISTS if each.code == "ofac_sdn")
    before = current("ofac_sdn")
    for name, content in (("no-list.xml", b"<html>no list</html>"), ("empty.xml", b" ")):
        file = SimpleUploadedFile(name, content)
        page = text(client.post("/lists/load", {"code": "ofac_sdn", "file": file}, follow=True))
        assert 'role="alert"' in page
        assert current("ofac_sdn").version_id == before.version_id
    good = SimpleUploadedFile("../../sdn.xml", known.sample.read_bytes())
    page = text(client.post("/lists/load", {"code": "ofac_sdn", "file": good}, follow=True))
    assert f"is current with {before.row_count} entries" in page


def test_a_list_that_nobody_knows_is_refused(cast: Cast, browse):
    file = SimpleUploadedFile("list.csv", b"a,b")
    page = text(browse(cast.ned).post("/lists/load", {"code": "evil", "file": file}, follow=True))
    assert "not one of the available choices" in page


def test_the_audit_log_is_searched(cast: Cast, browse):
    _, offer = cast.supply()
    cast.lease(offer)
    page = text(browse(cast.ned).get("/audit?event=lease.requested"))
    assert "lease.requested" in page
    assert "hold.opened" not in page
    assert "No event fits" in text(browse(cast.olga).get("/audit?subject=nothing"))


def test_a_node_is_retired_from_its_page_and_takes_its_offers_along(cast: Cast, browse):
    agent, offer = cast.supply()
    client = browse(cast.pia)
    page = f"/provider/nodes/{agent.node_id}"
    assert f"{page}/retire" in text(client.get(page))
    assert "its agent is refused" in text(client.get(f"{page}/retire"))
    answer = client.post(f"{page}/retire", follow=True)
    assert "is retired, and its offers are withdrawn" in text(answer)
    offer.refresh_from_db()
    assert offer.state == "withdrawn"
    assert f"{page}/retire" not in text(client.get(page))


def test_a_node_that_serves_leases_is_not_retired(cast: Cast, browse):
    agent, offer = cast.supply()
    cast.lease(offer)
    answer = browse(cast.pia).post(f"/provider/nodes/{agent.node_id}/retire", follow=True)
    assert "still serves leases" in text(answer)
    offer.refresh_from_db()
    assert offer.state == "active"


def test_an_offer_on_a_node_that_is_away_promises_nothing(cast: Cast, browse):
    agent, offer = cast.supply()
    Node.objects.filter(pk=agent.node_id).update(state="offline")
    page = text(browse(cast.alice).get(f"/offers/{offer.pk}"))
    assert "Its machine is offline" in page
    assert "0 of 2" in page
    assert "Configure a lease" not in page
    assert "hidden: its node is offline" in text(browse(cast.pia).get("/provider"))


def test_a_member_leaves_by_itself_and_its_keys_stop(cast: Cast, browse):
    own = Membership.objects.get(user=cast.bob)
    api_keys.create_api_key(cast.lion, "ci", ["read"], user=cast.bob)
    client = browse(cast.bob)
    leave = f"/organization/members/{own.pk}/remove"
    assert leave in text(client.get("/account"))
    assert "Leave Lion City Labs Pte Ltd?" in text(client.get(leave))
    assert "You left Lion City Labs Pte Ltd" in text(client.post(leave, follow=True))
    assert not Membership.objects.filter(pk=own.pk).exists()
    assert api_keys_of(cast.lion).get().revoked_at is not None
    others = Membership.objects.get(user=cast.fay)
    Membership.objects.create(user=cast.bob, organization=cast.lion, role="member")
    assert client.post(f"/organization/members/{others.pk}/remove").status_code == 403
    assert Membership.objects.filter(pk=others.pk).exists()


def test_long_lists_of_leases_and_receipts_come_in_pages(cast: Cast, browse, monkeypatch):
    _, offer = cast.supply()
    for _ in range(2):
        make.receipt_of(cast.lease(offer))
    monkeypatch.setattr(earnings, "page_of", lambda request, rows: page_of(request, rows, 1))
    monkeypatch.setattr(money, "page_of", lambda request, rows: page_of(request, rows, 1))
    for path, noun in (("/provider", "leases"), ("/money", "receipts")):
        client = browse(cast.pia)
        assert f"1–1 of 2 {noun}" in text(client.get(path))
        assert f"2–2 of 2 {noun}" in text(client.get(path, {"page": "2"}))
