"""Retention at the officers' pages: what keeps a party, holds by one and two officers, export and erasure."""

from html import unescape
from uuid import uuid4

import pytest

from compliance.base.actor import system
from compliance.engine.personal import ERASED
from compliance.models import LegalHold, Party
from compliance.services import restrictions
from marketplace.models import Bundle, Organization
from marketplace.services import accounts, bundles
from tests.cast import Cast
from tests.factories import marketplace as make

PAGE = "/records/retention"


def text(response) -> str:
    return unescape(response.content.decode())


def subject(party_id) -> str:
    return f"/records/parties/{party_id}"


@pytest.fixture
def dormant(cast: Cast) -> Organization:
    """Dora signed up, and nothing came of it."""
    user = accounts.sign_up("dora@dormant.example", make.PASSWORD, "Dormant Ltd", "SG", True, False)
    return user.memberships.get().organization


def test_an_officer_finds_a_party_and_reads_what_keeps_it(cast: Cast, browse):
    olga = browse(cast.olga)
    page = text(olga.get(PAGE))
    assert "31 CFR 501.601" in page
    assert "None stands" in page
    assert olga.get(f"{PAGE}?party_id={cast.lion.party_id}").url == subject(cast.lion.party_id)
    assert "no id" in text(olga.get(f"{PAGE}?party_id=lion"))
    restrictions.impose(cast.lion.party_id, "COURT_ORDER", actor=system("tests"), kind="blocked")
    page = text(olga.get(subject(cast.lion.party_id)))
    assert "Sanctions: refusals, matches, blocked property, reports" in page
    assert "Something still goes on (sanctions)" in page
    assert "15 CFR 762.6" not in page
    assert olga.get(subject(uuid4())).status_code == 404


def test_one_officer_holds_and_two_let_go(dormant: Organization, cast: Cast, browse):
    olga, otto = browse(cast.olga), browse(cast.otto)
    address = subject(dormant.party_id)
    assert "needs another look" in text(olga.post(address, {"action": "place", "reason": ""}))
    assert olga.post(address, {"action": "place", "reason": "Court order", "reference": "12-cv-3"}).status_code == 302
    hold = LegalHold.objects.get()
    assert "Dormant Ltd" in text(olga.get(PAGE))
    assert "and held" in text(olga.get(address))
    refused = text(olga.post(address, {"action": "erase", "name": "Dormant Ltd"}))
    assert "A legal hold keeps these records" in refused
    olga.post(address, {"action": "propose", "hold": str(hold.pk), "reason": "Settled."})
    assert "another officer lifts it" in text(olga.get(address))
    assert olga.post(address, {"action": "lift", "hold": str(hold.pk)}).status_code == 403
    otto.post(address, {"action": "keep", "hold": str(hold.pk)})
    otto.post(address, {"action": "propose", "hold": str(hold.pk), "reason": "Settled."})
    assert olga.post(address, {"action": "lift", "hold": str(hold.pk)}).status_code == 302
    assert "Lifted: Settled." in text(olga.get(address))
    assert olga.post(address, {"action": "erase", "name": "Dormant Ltd"}).status_code == 302
    dormant.refresh_from_db()
    assert dormant.name == ERASED
    done = text(olga.get(address))
    assert "Erased" in done
    assert "Erase it for ever" not in done


def test_what_the_law_keeps_is_not_erased_and_the_officer_reads_why(cast: Cast, browse):
    olga = browse(cast.olga)
    address = subject(cast.strange.party_id)
    assert "another name" in text(olga.post(address, {"action": "erase", "name": "x"}))
    page = text(olga.post(address, {"action": "erase", "name": "Stranger Systems Oy"}))
    assert "The law keeps these records" in page
    assert not Party.objects.filter(erased_at__isnull=False).exists()


def test_a_hold_of_another_party_is_not_reached_from_here(dormant: Organization, cast: Cast, browse):
    olga = browse(cast.olga)
    olga.post(subject(cast.lion.party_id), {"action": "place", "reason": "Court order"})
    hold = LegalHold.objects.get()
    for action in ("propose", "keep", "lift"):
        for named in (str(hold.pk), str(uuid4()), "x", ""):
            body = {"action": action, "hold": named, "reason": "Why not"}
            assert olga.post(subject(dormant.party_id), body).status_code == 404
    assert olga.post(subject(dormant.party_id), {"action": "burn"}).status_code == 404
    hold.refresh_from_db()
    assert hold.state == "standing"


def test_the_export_of_a_party_is_made_and_taken_here(cast: Cast, browse):
    olga = browse(cast.olga)
    olga.post(subject(cast.lion.party_id), {"action": "export"})
    made = Bundle.objects.get()
    bundles.build(made.pk)
    assert f"/records/evidence/{made.pk}.zip" in text(olga.get(subject(cast.lion.party_id)))
    assert olga.get(f"/records/evidence/{made.pk}.zip").status_code == 200
