"""A question stands on every page of the organization until it is answered; a wrong answer of ours is withdrawn."""

from html import unescape

from compliance.models import Case, CaseNote
from compliance.services import cases
from tests.cast import Cast
from tests.factories import namesakes

QUESTION = "Whose hospital is it, and where?"


def test_every_page_says_so_until_it_is_answered_and_the_answer_is_on_the_case(cast: Cast, browse):
    by = cast.olga.as_actor()
    asked = cases.open_case(kind="gate_review", summary="?", reason_codes=["X"], party=cast.lion.party, actor=by)
    cases.request_information(asked.pk, QUESTION, actor=by)
    bob, charlie = browse(cast.bob), browse(cast.charlie)
    words = "We have a question for you"
    for page in ("/leases", "/verification", "/money"):
        said = bob.get(page).content.decode()
        assert words in said
        assert QUESTION not in said
        assert words not in charlie.get(page).content.decode()
    assert bob.post(f"/requests/{asked.pk}", {"body": "The General Hospital of Bern."}).status_code == 302
    assert words not in bob.get("/leases").content.decode()
    asked.refresh_from_db()
    assert asked.state == Case.State.OPEN
    assert CaseNote.objects.filter(case=asked, kind="answer").count() == 1


def test_an_officer_withdraws_what_a_release_answered(cast: Cast, browse):
    olga, otto = browse(cast.olga), browse(cast.otto)
    (party,) = namesakes.of_a_listed_party(["NL"])
    case = namesakes.case_of(party)
    address = f"/cases/{case.pk}"
    assert "Withdraw the answer" not in olga.get(address).content.decode()
    assert olga.post(address, {"action": "withdraw", "why": "It is open."}).status_code == 200
    cases.propose_disposition(case.pk, "release", "different_party", "Another one.", actor=cast.olga.as_actor())
    cases.approve_disposition(case.pk, "Yes.", actor=cast.otto.as_actor())
    assert "Withdraw the answer" in otto.get(address).content.decode()
    assert "needs another look" in unescape(otto.post(address, {"action": "withdraw", "why": ""}).content.decode())
    assert otto.post(address, {"action": "withdraw", "why": "The registers say otherwise."}).status_code == 302
    page = unescape(olga.get(address).content.decode())
    assert "Its answers were withdrawn" in page
    assert "The registers say otherwise." in page
    assert Case.objects.filter(party=party).exclude(state="closed").exists()
    again = unescape(otto.post(address, {"action": "withdraw", "why": "Twice."}).content.decode())
    assert "No answer of this case holds any more" in again
