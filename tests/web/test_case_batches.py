"""Batches at the pages: a preview that holds back, progress, undo, and the second officer."""

import pytest

from compliance.base.actor import SYSTEM
from compliance.models import CaseBatch
from compliance.selectors.cases import case_in_full
from compliance.services import case_batches
from marketplace.views.case_matches import entry_address
from tests.cast import Cast
from tests.factories import namesakes
from tests.web.test_deciding import text


@pytest.fixture
def found(cast: Cast) -> list:
    """Three companies with a listed party's name."""
    return namesakes.of_a_listed_party(["NL", "BE", "FR"])


def ids(parties) -> list[str]:
    return [str(namesakes.case_of(party).pk) for party in parties]


def work(batch: CaseBatch) -> None:
    case_batches.work_batch(batch.pk, actor=SYSTEM)


def test_two_officers_answer_three_cases_at_once(cast: Cast, found, browse, clock):
    olga, otto = browse(cast.olga), browse(cast.otto)
    queue = text(olga.get("/cases/batches"))
    assert "Lanternfish Optics Trading FZCO" in queue
    address = entry_address(namesakes.entry())
    page = text(olga.get(address))
    assert page.count('type="checkbox"') == 3
    assert " checked" not in page.split("<form", 1)[1].split("</form>")[0], "a strong match is the officer's own tick"
    assert text(olga.get(f"{address}&tick=all")).count(" checked") >= 3
    olga.post(address, {"case": ids(found[:2]), "why": namesakes.WHY})
    batch = CaseBatch.objects.get()
    page = f"/cases/batches/{batch.pk}"
    live = olga.get(f"{page}/live")
    assert "0 of 2" in text(live)
    assert "HX-Refresh" not in live
    work(batch)
    assert olga.get(f"{page}/live")["HX-Refresh"] == "true"
    assert "another officer approves it" in text(olga.get(page))
    assert "Approve the batch" not in text(olga.get(page))
    olga.post(page, {"action": "approve", "why": "I agree with myself."})
    assert "Waiting for a second officer" in text(olga.get(page))
    otto.post(page, {"action": "approve", "why": "So do I."})
    clock.advance(seconds=case_batches.SEAL_AFTER.total_seconds())
    case_batches.sweep_batches(actor=SYSTEM)
    done = text(otto.get(page))
    assert "2 released" in done
    assert "Undo the batch" not in done
    states = [case_in_full(namesakes.case_of(party).pk).case.state for party in found]
    assert states == ["closed", "closed", "open"]


def test_a_batch_is_undone_at_its_page(cast: Cast, found, browse):
    batch = namesakes.proposed(cast.olga.as_actor(), ["PL"])
    olga, otto = browse(cast.olga), browse(cast.otto)
    otto.post(f"/cases/batches/{batch.pk}", {"action": "approve", "why": "So do I."})
    olga.post(f"/cases/batches/{batch.pk}", {"action": "undo"})
    work(batch)
    page = text(olga.get(f"/cases/batches/{batch.pk}"))
    assert "1 open again" in page
    assert olga.post(f"/cases/batches/{batch.pk}", {"action": "undo"}).status_code == 409


@pytest.mark.parametrize(
    ("sent", "status", "told"),
    [
        ({"why": namesakes.WHY}, 200, "No case is chosen."),
        ({"case": "first", "why": ""}, 200, "This field is required."),
        ({"case": "first", "why": f"Not {namesakes.NAME}"}, 200, "names one of the parties"),
        ({"case": "evil", "why": "x"}, 404, ""),
        ({"case": "00000000-0000-4000-8000-000000000000", "why": "x"}, 200, "not about this entry any more"),
    ],
)
def test_what_does_not_fit_is_told_and_changes_nothing(cast: Cast, found, browse, sent, status, told):
    if sent.get("case") == "first":
        sent = sent | {"case": ids(found)[0]}
    response = browse(cast.olga).post(entry_address(namesakes.entry()), sent)
    assert response.status_code == status
    assert told in text(response)
    assert not CaseBatch.objects.exists()


def test_an_address_without_a_case_is_not_found(cast: Cast, found, browse):
    olga = browse(cast.olga)
    for query in ("", "?list=us_csl&entry=1&hash=x", "?list=%00&entry=" + "x" * 500):
        assert olga.get(f"/cases/batches/new{query}").status_code == 404
    batch = namesakes.proposed(cast.olga.as_actor(), ["PL"])
    assert olga.post(f"/cases/batches/{batch.pk}", {"action": "evil"}).status_code == 404
