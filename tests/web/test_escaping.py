"""What people type is shown as they typed it, and is never markup."""

import pytest

from compliance.base.errors import Refusal
from compliance.selectors.cases import open_cases
from marketplace.services import leases
from tests.cast import Cast
from tests.factories import marketplace as make

NASTY = "A&B \"'><script>alert(1)</script>{{ 7|add:7 }}{% now 'Y' %}"
SHOWN = "A&amp;B &quot;&#x27;&gt;&lt;script&gt;alert(1)&lt;/script&gt;{{ 7|add:7 }}{% now &#x27;Y&#x27; %}"


@pytest.fixture
def nasty(cast: Cast) -> tuple[Cast, str]:
    """A renter, a provider and an end use that try to be markup; the address of Alice's lease."""
    for organization in (cast.lion, cast.brisbane):
        organization.name = NASTY
        organization.save(update_fields=["name"])
    agent = make.online_agent(cast.brisbane, cast.pia, name=NASTY, city="Brisbane")
    offer = make.offer_on(agent, cast.pia)
    lease = make.open_lease(offer, cast.alice, cast.lion, end_use=NASTY, command=(NASTY,))
    with pytest.raises(Refusal):
        leases.request_lease(
            make.lease_request(offer, cast.lion, end_use=NASTY, end_user={"kind": "undisclosed"}),
            user=cast.alice,
            actor=cast.alice.as_actor(),
        )
    return cast, str(lease.pk)


def test_names_are_text_on_every_page(nasty: tuple[Cast, str], browse):
    cast, lease = nasty
    case = open_cases().get().pk
    pages = {
        cast.alice: [
            "/verification",
            "/organization",
            "/leases",
            f"/leases/{lease}",
            f"/leases/{lease}/stop",
            "/money",
        ],
        cast.pia: ["/provider", f"/leases/{lease}", "/provider/offers/new"],
        cast.olga: [f"/cases/{case}", "/cases"],
    }
    for person, paths in pages.items():
        for path in paths:
            content = browse(person).get(path).content.decode()
            assert "<script>alert" not in content, path
            assert "&amp;amp;" not in content, path
            assert "A&B" not in content, path
    assert SHOWN in browse(cast.alice).get("/verification").content.decode()
    assert SHOWN in browse(cast.alice).get(f"/leases/{lease}").content.decode()


def test_searches_are_text(cast: Cast, browse):
    content = browse(cast.alice).get("/leases", {"q": NASTY}).content.decode()
    assert "<script>alert" not in content
    content = browse(cast.olga).get("/cases", {"q": NASTY}).content.decode()
    assert "<script>alert" not in content


def test_a_form_leads_back_only_to_our_own_pages(cast: Cast, browse):
    client = browse(cast.alice)
    assert client.post("/theme", {"theme": "dark", "next": "https://evil.example/"}).url == "/"
    assert client.post("/theme", {"theme": "dark", "next": "//evil.example/"}).url == "/"
    assert client.post("/theme", {"theme": "dark", "next": "/catalogue?gpu=h100-sxm"}).url == "/catalogue?gpu=h100-sxm"
