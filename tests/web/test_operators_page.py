"""The operator's page: what stands where, and what the log leads to."""

from html import unescape

from marketplace.views.platform import trial_balances
from settlement.services.books import Total
from tests.cast import Cast


def text(response) -> str:
    """The page as people read it."""
    return unescape(response.content.decode())


def test_the_trial_balance_shows_what_we_have_as_debit_and_what_we_owe_as_credit():
    totals = [Total("card", "USD", "stripe_clearing", -950), Total("card", "USD", "available", 1000)]
    totals += [Total("card", "USD", "processing", -50), Total("escrow", "USDC", "fees", 0)]
    card, escrow = trial_balances(totals)
    assert [(row["words"], row["debit"], row["credit"]) for row in card["rows"]] == [
        ("Money at the card network", 950, 0),
        ("What payments cost", 50, 0),
        ("Prepaid, free to use", 0, 1000),
    ]
    assert (card["debit"], card["credit"]) == (1000, 1000)
    assert (escrow["pot"], escrow["debit"], escrow["credit"]) == ("Escrow", 0, 0)


def test_the_platform_page_shows_the_books_as_a_trial_balance(cast: Cast, browse):
    page = text(browse(cast.ned).get("/platform"))
    for words in ("Trial balance: card, USD", "Debit", "Credit", "$2,000.00"):
        assert words in page, words


def test_the_audit_log_leads_to_what_its_reader_may_open(cast: Cast, browse):
    _, offer = cast.supply()
    lease = cast.lease(offer)
    party, link = f"/records/parties/{cast.lion.party_id}", f"/leases/{lease.pk}"
    for person, opens in ((cast.olga, True), (cast.ned, False)):
        client = browse(person)
        assert link in text(client.get("/audit", {"subject": lease.pk}))
        assert (party in text(client.get("/audit", {"subject": cast.lion.party_id}))) is opens
