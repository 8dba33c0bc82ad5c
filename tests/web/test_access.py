"""Who gets which page: owner, team-mate, finance, stranger, provider, officer, operator, anonymous."""

import pytest
from django.urls import URLPattern, URLResolver, reverse

from compliance.base.errors import Refusal
from compliance.models import IdentityCheck, WatchlistVersion
from compliance.selectors.cases import open_cases
from compliance.selectors.reports import reports
from compliance.selectors.restrictions import open_restrictions
from compliance.services import report_drafts, restrictions
from marketplace.models import Lease, Membership
from marketplace.services import api_keys, bundles, leases
from marketplace.views import urls
from settlement.selectors.holds import hold_of_subject
from tests.cast import Cast
from tests.factories import disputed, namesakes, proofs, travels
from tests.factories import marketplace as make
from tests.factories.differing import found_differing

PEOPLE = ("alice", "bob", "fay", "charlie", "pia", "olga", "ned", None)
LOGIN, FORBIDDEN, MISSING, FINE, AWAY = 302, 403, 404, 200, 302


@pytest.fixture
def world(cast: Cast) -> dict[str, object]:
    """One of everything that a page can be about, by the name that the tables below use."""
    _, offer = cast.supply()
    lease = cast.lease(offer)
    undisclosed = make.lease_request(offer, cast.lion, end_user={"kind": "undisclosed"})
    with pytest.raises(Refusal) as review:
        leases.request_lease(undisclosed, user=cast.alice, actor=cast.alice.as_actor())
    document = proofs.hand_in(cast.lion.party_id, "passport", actor=cast.alice.as_actor())
    check = IdentityCheck.objects.create(state="pending", party=cast.lion.party, vendor="stripe_identity")
    key, _ = api_keys.create_api_key(cast.lion, "ci", ["read"], user=cast.alice)
    case = open_cases().get()
    bundle = bundles.request_evidence("lease", lease.pk, actor=cast.olga.as_actor())
    bundles.build(bundle.pk)
    restrictions.impose(cast.strange.party_id, "X", actor=cast.olga.as_actor(), kind="blocked")
    report_drafts.open_missing(actor=cast.olga.as_actor())
    report = reports().get()
    restriction = open_restrictions([cast.strange.party_id]).get()
    invoice = make.fee_invoice(cast.lease(offer))
    return {
        "bundle": bundle.pk,
        "report": report.pk,
        "restriction": restriction.pk,
        "travel": travels.travel_record(cast.lion).pk,
        "keeper": travels.travel_keeper(cast.olga.as_actor()).pk,
        "report_form": (report.pk, "json"),
        "offer": offer.pk,
        "node": offer.node_id,
        "lease": lease.pk,
        "decision": review.value.extra["decision_id"],
        "case": case.pk,
        "batch": namesakes.proposed(cast.olga.as_actor()).pk,
        "document": (case.pk, document.pk),
        "page": (case.pk, document.pk, 1),
        "check": (case.pk, check.pk),
        "key": key.pk,
        "member": Membership.objects.get(user=cast.bob).pk,
        "party": cast.lion.party_id,
        "list": "ofac_sdn",
        "version": ("ofac_sdn", WatchlistVersion.objects.get(watchlist="ofac_sdn").pk),
        "organization": cast.lion.pk,
        "dispute": disputed.dispute_of(cast.lion.party).pk,
        "invoice": invoice,
        "invoice_pdf": (invoice, "pdf"),
        "export": ("receipts", "csv"),
        "comparison": (found_differing().pk, "csv"),
    }


# For each page: what alice, bob, fay, charlie, pia, olga, ned and nobody get.
GETS = {
    ("home", ""): (200, 200, 200, 200, 200, 200, 200, 200),
    ("catalogue", ""): (200, 200, 200, 200, 200, 200, 200, 200),
    ("offer", "offer"): (200, 200, 200, 200, 200, 200, 200, 200),
    ("lease_new", "offer"): (200, 200, 403, 200, 200, 404, 404, 302),
    ("leases", ""): (200, 200, 200, 200, 200, 404, 404, 302),
    ("leases_csv", ""): (200, 200, 200, 200, 200, 404, 404, 302),
    ("lease", "lease"): (200, 200, 200, 404, 200, 200, 200, 302),
    ("lease_live", "lease"): (200, 200, 200, 404, 200, 200, 200, 302),
    ("lease_stop", "lease"): (200, 200, 302, 404, 404, 404, 404, 302),
    ("lease_resume", "lease"): (302, 302, 302, 404, 404, 404, 404, 302),
    ("lease_refund", "lease"): (403, 403, 403, 404, 404, 404, 404, 302),
    ("receipt", "lease"): (404, 404, 404, 404, 404, 404, 404, 302),
    ("receipt_file", "lease"): (404, 404, 404, 404, 404, 404, 404, 302),
    ("documents", ""): (200, 200, 200, 200, 200, 404, 404, 302),
    ("invoice", "invoice"): (404, 404, 404, 404, 200, 404, 404, 302),
    ("invoice_file", "invoice_pdf"): (404, 404, 404, 404, 200, 404, 404, 302),
    ("invoice_paper", "invoice"): (404, 404, 404, 404, 200, 404, 404, 302),
    ("export_file", "export"): (200, 200, 200, 200, 200, 404, 404, 302),
    ("earnings", ""): (404, 404, 404, 404, 200, 404, 404, 302),
    ("earnings_file", ""): (404, 404, 404, 404, 200, 404, 404, 302),
    ("decision", "decision"): (200, 200, 200, 404, 404, 200, 200, 302),
    ("provider", ""): (404, 404, 404, 404, 200, 404, 404, 302),
    ("enrol", ""): (404, 404, 404, 404, 200, 404, 404, 302),
    ("node", "node"): (404, 404, 404, 404, 200, 404, 404, 302),
    ("node_retire", "node"): (404, 404, 404, 404, 200, 404, 404, 302),
    ("offer_new", ""): (404, 404, 404, 404, 200, 404, 404, 302),
    ("offer_edit", "offer"): (404, 404, 404, 404, 200, 404, 404, 302),
    ("verification", ""): (200, 200, 200, 200, 200, 404, 404, 302),
    ("owners", "party"): (200, 403, 403, 404, 404, 404, 404, 302),
    ("ownership", ""): (200, 200, 200, 200, 200, 404, 404, 302),
    ("ownership_undo", ""): (200, 403, 403, 200, 200, 404, 404, 302),
    ("ownership_import", ""): (200, 403, 403, 200, 200, 404, 404, 302),
    ("answer", "case"): (404, 404, 404, 404, 404, 404, 404, 302),
    ("organization", ""): (200, 200, 200, 200, 200, 404, 404, 302),
    ("member_remove", "member"): (200, 200, 200, 404, 404, 404, 404, 302),
    ("key_revoke", "key"): (200, 200, 200, 404, 404, 404, 404, 302),
    ("auto_top_up", ""): (200, 200, 200, 200, 200, 404, 404, 302),
    ("unused_money", ""): (200, 200, 200, 200, 200, 404, 404, 302),
    ("money", ""): (200, 200, 200, 200, 200, 404, 404, 302),
    ("card_form", ""): (405, 405, 405, 405, 405, 405, 405, 405),
    ("payout_account", ""): (405, 405, 405, 405, 405, 405, 405, 405),
    ("payout_wallet", ""): (405, 405, 405, 405, 405, 405, 405, 405),
    ("cases", ""): (404, 404, 404, 404, 404, 200, 404, 302),
    ("case_batches", ""): (404, 404, 404, 404, 404, 200, 404, 302),
    ("case_batch_new", ""): (404, 404, 404, 404, 404, 404, 404, 302),
    ("case_batch", "batch"): (404, 404, 404, 404, 404, 200, 404, 302),
    ("case_batch_live", "batch"): (404, 404, 404, 404, 404, 200, 404, 302),
    ("case", "case"): (404, 404, 404, 404, 404, 200, 404, 302),
    ("case_ownership", "case"): (404, 404, 404, 404, 404, 200, 404, 302),
    ("document", "document"): (404, 404, 404, 404, 404, 200, 404, 302),
    ("document_page", "page"): (404, 404, 404, 404, 404, 200, 404, 302),
    ("document_refuse", "document"): (405, 405, 405, 405, 405, 405, 405, 405),
    ("proven", "check"): (405, 405, 405, 405, 405, 405, 405, 405),
    ("wallet_proof", ""): (405, 405, 405, 405, 405, 405, 405, 405),
    ("identity_check", ""): (405, 405, 405, 405, 405, 405, 405, 405),
    ("waiting", ""): (404, 404, 404, 404, 404, 404, 200, 302),
    ("disputes", ""): (404, 404, 404, 404, 404, 404, 200, 302),
    ("dispute", "dispute"): (404, 404, 404, 404, 404, 404, 200, 302),
    ("comparisons", ""): (404, 404, 404, 404, 404, 200, 200, 302),
    ("comparison_file", "comparison"): (404, 404, 404, 404, 404, 200, 200, 302),
    ("platform", ""): (404, 404, 404, 404, 404, 404, 200, 302),
    ("watchlists", ""): (404, 404, 404, 404, 404, 200, 200, 302),
    ("watchlist", "list"): (404, 404, 404, 404, 404, 200, 200, 302),
    ("list_version", "version"): (404, 404, 404, 404, 404, 200, 200, 302),
    ("list_limit", "list"): (405, 405, 405, 405, 405, 405, 405, 405),
    ("audit", ""): (404, 404, 404, 404, 404, 200, 200, 302),
    ("records", ""): (404, 404, 404, 404, 404, 302, 404, 302),
    ("parties", ""): (404, 404, 404, 404, 404, 200, 404, 302),
    ("reports", ""): (404, 404, 404, 404, 404, 200, 404, 302),
    ("report", "report"): (404, 404, 404, 404, 404, 200, 404, 302),
    ("report_file", "report_form"): (404, 404, 404, 404, 404, 200, 404, 302),
    ("restrictions", ""): (404, 404, 404, 404, 404, 200, 404, 302),
    ("restrictions_csv", ""): (404, 404, 404, 404, 404, 200, 404, 302),
    ("restriction_new", ""): (404, 404, 404, 404, 404, 200, 404, 302),
    ("restriction", "restriction"): (404, 404, 404, 404, 404, 200, 404, 302),
    ("debts", ""): (404, 404, 404, 404, 404, 200, 404, 302),
    ("debt", "party"): (404, 404, 404, 404, 404, 200, 404, 302),
    ("travel", ""): (404, 404, 404, 404, 404, 200, 404, 302),
    ("travel_record", "travel"): (404, 404, 404, 404, 404, 200, 404, 302),
    ("travel_counterparties", ""): (404, 404, 404, 404, 404, 200, 404, 302),
    ("travel_counterparty", "keeper"): (404, 404, 404, 404, 404, 200, 404, 302),
    ("evidence", ""): (404, 404, 404, 404, 404, 200, 404, 302),
    ("evidence_file", "bundle"): (404, 404, 404, 404, 404, 200, 404, 302),
    ("retention", ""): (404, 404, 404, 404, 404, 200, 404, 302),
    ("subject", "party"): (404, 404, 404, 404, 404, 200, 404, 302),
    ("own_data", ""): (200, 200, 200, 200, 200, 200, 200, 302),
    # A session alone does not suffice: who asks shows the password once more. Then see test_own_data.
    ("own_data_file", "bundle"): (302, 302, 302, 302, 302, 302, 302, 302),
    ("own_data_erase", "organization"): (302, 302, 302, 302, 302, 302, 302, 302),
    ("policies", ""): (404, 404, 404, 404, 404, 200, 404, 302),
    ("policy_simulation", ""): (404, 404, 404, 404, 404, 200, 404, 302),
    ("account", ""): (200, 200, 200, 200, 200, 200, 200, 302),
    ("styleguide", ""): (200, 200, 200, 200, 200, 200, 200, 200),
}
# Deeds by POST, with what they send. A stranger's deed is a 404 and changes nothing.
POSTS = {
    ("lease_stop", "lease", ""): ("charlie", "pia", "olga", "ned"),
    ("lease_resume", "lease", ""): ("charlie", "pia", "olga", "ned"),
    ("lease_refund", "lease", "amount_minor=1"): ("charlie",),
    ("deposit", "lease", ""): ("charlie", "pia", "olga", "ned"),
    ("deposit", "lease", "signature=0x00"): ("charlie", "pia", "olga", "ned"),
    ("node_retire", "node", ""): ("alice", "bob", "charlie", "olga", "ned"),
    ("offer_state", "offer", "action=pause"): ("alice", "bob", "charlie", "olga", "ned"),
    ("offer_edit", "offer", "gpu_count=1"): ("alice", "charlie", "olga"),
    ("member_role", "member", "role=owner"): ("charlie", "pia", "olga"),
    ("member_remove", "member", ""): ("charlie", "pia", "ned"),
    ("key_revoke", "key", ""): ("charlie", "pia", "olga", "ned"),
    ("switch_organization", "organization", ""): ("charlie", "pia", "olga"),
    ("owners", "party", ""): ("charlie", "pia", "olga"),
    ("ownership_undo", "", ""): ("olga", "ned"),
    ("ownership_import", "", "shown=x"): ("olga", "ned"),
    ("answer", "case", "body=hello"): ("alice", "charlie", "olga"),
    ("case", "case", "action=assign"): ("alice", "charlie", "pia", "ned"),
    ("case_batch_new", "", "case=x&why=y"): ("alice", "bob", "charlie", "pia", "ned"),
    ("case_batch", "batch", "action=undo"): ("alice", "bob", "charlie", "pia", "ned"),
    ("document_refuse", "document", ""): ("alice", "bob", "charlie", "pia", "ned"),
    ("proven", "check", ""): ("alice", "charlie", "pia", "olga", "ned"),
    ("identity_check", "", "vendor=stripe_identity"): ("olga", "ned"),
    ("wallet_proof", "", "address=0x52908400098527886E0F7030069857D2E4169EE7"): ("olga", "ned"),
    ("identity_check", "", "vendor=nobody"): ("alice", "charlie"),
    ("payouts", "", "pot=card"): ("alice", "charlie", "olga"),
    ("platform", "", ""): ("alice", "olga"),
    ("dispute", "dispute", "note=x"): ("alice", "bob", "charlie", "pia", "olga"),
    ("report", "report", "action=not_required&reason=x"): ("alice", "bob", "charlie", "pia", "ned"),
    ("restriction_new", "", "target_kind=party"): ("alice", "bob", "charlie", "pia", "ned"),
    ("restriction", "restriction", "action=confirm"): ("alice", "bob", "charlie", "pia", "ned"),
    ("debt", "party", "action=propose&amount_minor=1&why=x"): ("alice", "bob", "charlie", "pia", "ned"),
    ("travel_record", "travel", "action=open&why=x"): ("alice", "bob", "charlie", "pia", "ned"),
    ("travel_counterparties", "", "name=x"): ("alice", "bob", "charlie", "pia", "ned"),
    ("travel_counterparty", "keeper", "action=confirm"): ("alice", "bob", "charlie", "pia", "ned"),
    ("evidence", "", "kind=party"): ("alice", "bob", "charlie", "pia", "ned"),
    ("subject", "party", "action=export"): ("alice", "bob", "charlie", "pia", "ned"),
    ("list_file", "", ""): ("alice", "pia", "olga"),
    ("list_limit", "list", "hours=24"): ("alice", "bob", "charlie", "pia", "olga"),
    ("auto_top_up", "", "action=off"): ("olga", "ned"),
    ("card_form", "", ""): ("olga", "ned"),
    ("payout_account", "", ""): ("alice", "charlie", "olga", "ned"),
    ("payout_wallet", "", "wallet=0x0"): ("alice", "charlie", "olga", "ned"),
}


def address(name: str, about: str, world: dict[str, object]) -> str:
    """The page's address, about one of the world's things."""
    found = world[about] if about else ()
    return reverse(f"web:{name}", args=found if isinstance(found, tuple) else [found])


def names(patterns: list[URLPattern | URLResolver]) -> set[str]:
    """The name of every page."""
    found = set()
    for pattern in patterns:
        found |= names(pattern.url_patterns) if isinstance(pattern, URLResolver) else {pattern.name}
    return found


def test_every_page_stands_in_a_table():
    asked = {name for name, _ in GETS} | {name for name, _, _ in POSTS} | {"theme"}
    assert names(urls.urlpatterns) == asked


def test_pages_open_for_whom_they_are(cast: Cast, world, browse):
    wrong = []
    for index, who in enumerate(PEOPLE):
        client = browse(getattr(cast, who) if who else None)
        for (name, about), expected in GETS.items():
            status = client.get(address(name, about, world)).status_code
            if status != expected[index]:
                wrong.append(f"{name} for {who or 'nobody'}: {status}, not {expected[index]}")
    assert not wrong, "\n".join(wrong)


def test_anonymous_visitors_are_sent_to_the_login(world, browse):
    for (name, about), expected in GETS.items():
        if expected[-1] == LOGIN:
            response = browse().get(address(name, about, world))
            assert response.url.startswith("/accounts/login/?next="), name
    for name, about, _ in POSTS:
        assert browse().post(address(name, about, world)).url.startswith("/accounts/login/?next="), name


def test_deeds_of_strangers_are_not_found_and_change_nothing(cast: Cast, world, browse):
    before = Lease.objects.values_list("state", flat=True).get(pk=world["lease"])
    for (name, about, body), strangers in POSTS.items():
        for who in strangers:
            response = browse(getattr(cast, who)).post(
                address(name, about, world), body, "application/x-www-form-urlencoded"
            )
            assert response.status_code == MISSING, f"{name} by {who}: {response.status_code}"
    assert Lease.objects.values_list("state", flat=True).get(pk=world["lease"]) == before
    assert hold_of_subject(world["lease"]).state == "open"
    assert Membership.objects.get(pk=world["member"]).role == Membership.Role.MEMBER


def test_finance_cannot_open_or_stop_leases(cast: Cast, world, browse):
    finance = browse(cast.fay)
    assert finance.post(address("lease_new", "offer", world), {"step": "open"}).status_code == FORBIDDEN
    finance.post(address("lease_stop", "lease", world))
    assert Lease.objects.get(pk=world["lease"]).end_reason == ""


def test_only_the_renter_reads_the_workload(cast: Cast, world, browse):
    page = address("lease", "lease", world)
    assert "gridclear/demo:latest" in browse(cast.bob).get(page).content.decode()
    for other in (cast.pia, cast.olga):
        assert "gridclear/demo:latest" not in browse(other).get(page).content.decode()


def test_the_styleguide_is_for_development_only(db, browse, settings):
    settings.GRIDCLEAR_DEVELOPMENT = False
    assert browse().get("/styleguide").status_code == MISSING
