"""A renter goes on, at the pages, with a lease that compliance ended and let go of."""

import re
from html import unescape

import pytest
from django.urls import reverse

from compliance.base.actor import system
from compliance.services import restrictions
from marketplace.models import Lease
from marketplace.services import metering, suspensions
from tests.cast import Cast
from tests.marketplace.steps import again, running

LEFT = "50 min and $2.08 of this lease are left."


@pytest.fixture
def held(cast: Cast, clock):
    """A lease that ran ten minutes of its hour and is suspended; `let_go()` ends the suspension."""
    agent, offer = cast.supply()
    lease = running(cast, agent, offer)
    clock.advance(seconds=600)
    agent.sync(agent.workload(lease, seconds=600))
    row = restrictions.impose(cast.lion.party_id, "SANCTIONS_MATCH", actor=system("tests"))
    suspensions.sweep_restrictions()
    agent.sync(agent.workload(lease, "stopped", 600))

    def let_go() -> None:
        restrictions.propose_lift(row.pk, "Withdrawn.", actor=cast.olga.as_actor())
        restrictions.lift(row.pk, actor=cast.otto.as_actor())
        suspensions.sweep_restrictions()
        metering.settle_ended_leases()

    return lease, let_go


def text(response) -> str:
    """The page as people read it."""
    return unescape(response.content.decode())


def sent_by(page: str) -> dict[str, str]:
    """The hidden fields of the page's form."""
    return dict(re.findall(r'name="(lease_id|seen_price)" value="([^"]+)"', page))


def test_the_page_offers_it_only_once_compliance_has_let_go(cast: Cast, held, browse):
    lease, let_go = held
    client, url = browse(cast.alice), reverse("web:lease", args=[lease.pk])
    ask = reverse("web:lease_resume", args=[lease.pk])
    assert "Resume" not in text(client.get(url))
    assert client.get(ask).status_code == 302
    assert client.post(ask, {}).status_code == 409
    let_go()
    page = text(client.get(url))
    assert LEFT in page
    assert ask in page
    assert LEFT not in text(browse(cast.pia).get(url)), "the provider is not asked"
    assert LEFT not in text(browse(cast.fay).get(url)), "nor who does not deal"


def test_it_is_asked_once_more_and_then_goes_on(cast: Cast, held, browse):
    lease, let_go = held
    let_go()
    client, ask = browse(cast.alice), reverse("web:lease_resume", args=[lease.pk])
    page = text(client.get(ask))
    for shown in ("Resume this lease?", "50 min", "$2.08", "$2.49 per GPU hour", "Prepaid balance"):
        assert shown in page
    fields = sent_by(page)
    assert fields["seen_price"] == "249"
    answer = client.post(ask, fields)
    made = Lease.objects.get(resumes=lease)
    assert (str(made.pk), answer.url) == (fields["lease_id"], reverse("web:lease", args=[made.pk]))
    assert client.post(ask, fields).url == answer.url, "sent twice, resumed once"
    assert "Goes on with" in text(client.get(answer.url))
    old = text(client.get(reverse("web:lease", args=[lease.pk])))
    assert "Resumed as" in old
    assert LEFT not in old
    assert client.get(ask).status_code == 302


def test_a_refusal_of_the_gate_leads_to_its_decision(cast: Cast, held, browse):
    lease, let_go = held
    let_go()
    client, ask = browse(cast.alice), reverse("web:lease_resume", args=[lease.pk])
    fields = sent_by(text(client.get(ask)))
    party = again(lease).renter_party
    party.headquarters_country = "IR"
    party.save(update_fields=["headquarters_country"])
    answer = client.post(ask, fields)
    assert answer.status_code == 302
    assert "/decisions/" in answer.url
    assert not Lease.objects.filter(resumes=lease).exists()


def test_a_price_that_has_changed_since_is_told(cast: Cast, held, browse):
    lease, let_go = held
    let_go()
    ask = reverse("web:lease_resume", args=[lease.pk])
    answer = browse(cast.alice).post(ask, {"seen_price": "100"})
    assert answer.status_code == 409
    assert "price has changed" in text(answer)
