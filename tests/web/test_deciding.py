"""Refusals, questions and cases at the pages: nobody is tipped off, and four eyes decide."""

from html import unescape

import pytest

from compliance.base.errors import Refusal
from compliance.models import ListedParty
from compliance.selectors.cases import case_in_full, open_cases
from compliance.services import parties
from compliance.services.parties import PartyInput
from marketplace.models import Organization
from marketplace.services import leases
from tests.cast import Cast
from tests.factories import marketplace as make
from tests.factories import namesakes, proofs


def refused(cast: Cast, offer, **changes: object) -> str:
    """The id of the decision by which the gate refused Alice."""
    with pytest.raises(Refusal) as refusal:
        leases.request_lease(
            make.lease_request(offer, cast.lion, **changes), user=cast.alice, actor=cast.alice.as_actor()
        )
    return refusal.value.extra["decision_id"]


def text(response) -> str:
    """The page as people read it."""
    return unescape(response.content.decode())


@pytest.fixture
def listed(cast: Cast) -> str:
    """Lion City Labs bears the name of a listed party and was verified under it; returns the name."""
    name = listed_names()[0]
    party = cast.lion.party
    facts = PartyInput("entity", name, party.country, headquarters_country=party.headquarters_country)
    parties.update_party(party.pk, facts, actor=cast.alice.as_actor())
    proofs.verified(party.pk, "business", by=cast.olga.as_actor(), actor=cast.alice.as_actor())
    return name


def listed_names() -> list[str]:
    """Names of entities on the lists that the repository ships."""
    rows = ListedParty.objects.filter(kind="entity", blocked=True).order_by("primary_name")
    return list(rows.values_list("primary_name", flat=True))


def test_a_listed_renter_reads_nothing_that_tips_off(cast: Cast, listed: str, browse):
    _, offer = cast.supply()
    decision = refused(cast, offer)
    page = text(browse(cast.alice).get(f"/decisions/{decision}"))
    main = page[page.index("<main") : page.index("</main>")].lower()
    assert "we cannot go ahead with this request" in main
    for word in ("sanction", "ofac", "watchlist", "listed", "match", "blocked", "cfr chapter v", "screen"):
        assert word not in main.replace("the wallet is known and screened", ""), word
    officer = text(browse(cast.olga).get(f"/decisions/{decision}"))
    assert listed in officer


def test_a_case_shows_the_match_side_by_side(cast: Cast, listed: str, browse):
    _, offer = cast.supply()
    refused(cast, offer)
    case = open_cases().first()
    page = text(browse(cast.olga).get(f"/cases/{case.pk}"))
    assert "Our party" in page
    assert "On the list" in page
    assert listed in page
    assert "Threshold" in page


def test_headquarters_are_told_with_their_citation(cast: Cast, browse):
    _, offer = cast.supply()
    party = cast.lion.party
    facts = PartyInput("entity", party.name, "SG", headquarters_country="CN", registration_number="X")
    parties.update_party(party.pk, facts, actor=cast.alice.as_actor())
    make.verify(Organization.objects.get(pk=cast.lion.pk), cast.olga.as_actor(), actor=cast.alice.as_actor())
    page = text(browse(cast.alice).get(f"/decisions/{refused(cast, offer)}"))
    assert "We cannot lease this class of GPU to your organization." in page
    assert "15 CFR 742.6(a)(6)(iii)" in page
    assert "Policy" in page


def test_question_answer_and_four_eyes(cast: Cast, browse):
    _, offer = cast.supply()
    refused(cast, offer, end_user={"kind": "undisclosed"})
    case = open_cases().get()
    olga, otto, alice = browse(cast.olga), browse(cast.otto), browse(cast.alice)
    address, request = f"/cases/{case.pk}", f"/requests/{case.pk}"
    olga.post(address, {"action": "assign"})
    olga.post(address, {"action": "note", "body": "A broker, it seems."})
    olga.post(address, {"action": "request", "body": "For whom do you compute?"})
    asked = text(alice.get(request))
    assert "For whom do you compute?" in asked
    assert "A broker" not in asked
    assert "end_user_undisclosed" not in asked
    assert "We have a question for you" in text(alice.get("/verification"))
    assert browse(cast.charlie).post(request, {"body": "me"}).status_code == 404
    alice.post(request, {"body": "For the children's hospital of Singapore."})
    assert "Nothing is needed from you now" in text(alice.get(request))
    wanted = {"action": "propose", "disposition": "release", "reason": "end_user_known", "body": "Named."}
    olga.post(address, wanted)
    own = text(olga.post(address, {"action": "approve", "body": "I agree with myself."}))
    assert "another officer" in own
    assert case_in_full(case.pk).case.state == "awaiting_approval"
    otto.post(address, {"action": "approve", "body": "So do I."})
    closed = case_in_full(case.pk).case
    assert (closed.state, closed.disposition, closed.approved_by) == ("closed", "release", cast.otto.as_actor().ref)


def test_a_question_that_tips_off_is_not_sent(cast: Cast, browse):
    _, offer = cast.supply()
    refused(cast, offer, end_user={"kind": "undisclosed"})
    case = open_cases().get()
    page = browse(cast.olga).post(f"/cases/{case.pk}", {"action": "request", "body": "Why are you on a watchlist?"})
    assert "must not learn" in text(page)
    assert case_in_full(case.pk).case.state == "open"
    assert browse(cast.alice).get(f"/requests/{case.pk}").status_code == 404


def test_a_proposal_with_the_wrong_reason_changes_nothing(cast: Cast, browse):
    _, offer = cast.supply()
    refused(cast, offer, end_user={"kind": "undisclosed"})
    case = open_cases().get()
    wanted = {"action": "propose", "disposition": "release", "reason": "same_party", "body": "Hm."}
    assert "Nothing was changed" in text(browse(cast.olga).post(f"/cases/{case.pk}", wanted))
    assert case_in_full(case.pk).case.state == "open"


def test_an_officer_verifies_what_a_party_submitted(cast: Cast, browse):
    user, north = make.organization("nina@north.example", "Northern Lights ApS", "DK")
    client = browse(user)
    told = {"part": "submit", "level": "business", "end_use": "Weather models", "signatory": "N", "declared": "on"}
    assert "Still needed, in part 3: Extract of the company register." in text(client.post("/verification", told))
    proofs.bring(north.party_id, "business", actor=user.as_actor())
    client.post("/verification", told)
    case = open_cases().get()
    page = text(browse(cast.olga).get(f"/cases/{case.pk}"))
    assert "Weather models" in page
    browse(cast.olga).post(f"/cases/{case.pk}", {"action": "verify"})
    assert "Leases rest on what stands here" in text(client.get("/verification"))


def test_the_queue_is_filtered_by_its_address(cast: Cast, browse):
    _, offer = cast.supply()
    refused(cast, offer, end_user={"kind": "undisclosed"})
    number = open_cases().get().number
    olga = browse(cast.olga)
    assert f"{number}: Lease sent to review" in text(olga.get(f"/cases?q={number}"))
    assert f"{number}: Lease sent to review" in text(olga.get("/cases?kind=gate_review&q=Lion"))
    assert "No case fits" in text(olga.get("/cases?kind=list_alarm"))
    assert olga.get("/cases?state=evil&kind=evil&q=99999999999999999999").status_code == 200


def test_the_queue_is_narrowed_by_whose_it_is_and_what_is_late(cast: Cast, browse, clock):
    mine, other = namesakes.of_a_listed_party(["NL", "BE"])
    olga, number = browse(cast.olga), namesakes.case_of(mine).number
    olga.post(f"/cases/{namesakes.case_of(mine).pk}", {"action": "assign"})

    def shown(query: str) -> list[int]:
        page = text(olga.get(f"/cases?{query}"))
        return [n for n in (number, namesakes.case_of(other).number) if f"{n}: Screening hit" in page]

    both = [number, namesakes.case_of(other).number]
    assert shown("whose=mine") == [number]
    assert shown("whose=nobody") == [both[1]]
    assert shown("priority=40") == both
    assert shown("priority=10") == []
    assert shown("q=lanternfish") == both
    assert shown("overdue=1") == []
    clock.advance(hours=5)
    assert shown("overdue=1") == both
    assert shown("priority=evil&whose=evil&overdue=evil&q=%00") == both


def test_a_case_is_given_to_a_colleague_and_back(cast: Cast, browse):
    case = namesakes.case_of(namesakes.of_a_listed_party(["NL"])[0])
    olga, address = browse(cast.olga), f"/cases/{case.pk}"
    olga.post(address, {"action": "assign", "officer": str(cast.otto.pk)})
    case.refresh_from_db()
    assert case.assignee == cast.otto.as_actor().ref
    assert f"Assigned to {cast.otto.name or cast.otto.email}" in text(browse(cast.otto).get(address))
    for stranger in (str(cast.alice.pk), str(cast.ned.pk), "evil"):
        assert olga.post(address, {"action": "assign", "officer": stranger}).status_code == 404
    case.refresh_from_db()
    assert case.assignee == cast.otto.as_actor().ref
    olga.post(address, {"action": "assign", "officer": "nobody"})
    case.refresh_from_db()
    assert case.assignee == ""


def test_the_queue_asks_as_much_of_many_cases_as_of_few(cast: Cast, browse, django_assert_max_num_queries):
    namesakes.of_a_listed_party(["NL", "BE", "FR", "PL", "IT"])
    olga = browse(cast.olga)
    olga.get("/cases")
    with django_assert_max_num_queries(8):
        olga.get("/cases")
