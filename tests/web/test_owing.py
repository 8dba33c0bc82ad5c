"""What a renter owes is said where it looks: on its balance's page, on the receipt, and when it asks for a lease."""

from uuid import uuid4

import pytest

from marketplace.models import Allocation, Lease
from settlement.models import Hold
from settlement.services import claims, ledger
from settlement.services.accounts import Kind, Pot, of_platform
from settlement.services.claims import PartyOwes
from settlement.services.ledger import Line
from tests.web.test_invoice_pages import settled, text_of

__all__ = ["settled"]


def owe(cast, amount: int) -> None:
    """Alice's organization owes so much."""
    platform = of_platform(Kind.CHARGEBACKS, Pot.CARD, "USD")
    ledger.post(uuid4(), "owed", [Line(claims.key_of(Kind.CLAIM, cast.lion.party_id), -amount), Line(platform, amount)])


@pytest.mark.parametrize(("amount", "said"), [(400, "until then no lease begins"), (3, "stops nothing")])
def test_the_balance_says_what_is_owed_and_whether_it_stops_anything(cast, browse, amount: int, said: str):
    alice = browse(cast.alice)
    assert "You owe" not in alice.get("/money").content.decode()
    owe(cast, amount)
    shown = alice.get("/money").content.decode()
    assert f"You owe ${amount / 100:.2f}" in shown
    assert said in shown
    assert "You owe" not in browse(cast.charlie).get("/money").content.decode()


def test_no_lease_begins_while_something_is_owed_and_no_gpu_is_kept(cast):
    _, offer = cast.supply()
    owe(cast, 50)
    with pytest.raises(PartyOwes, match=r"You owe \$0\.50"):
        cast.lease(offer)
    assert (Lease.objects.count(), Allocation.objects.count()) == (0, 0)


def test_the_receipt_says_what_the_card_did_not_pay_to_its_renter_alone(cast, settled, browse):
    Hold.objects.filter(pk=settled.hold_id).update(rail="card")
    page, pdf = f"/leases/{settled.pk}/receipt", f"/leases/{settled.pk}/receipt.pdf"
    for who, told in ((cast.alice, True), (cast.pia, False)):
        assert ("Your card did not pay $4.98 of it" in browse(who).get(page).content.decode()) is told
        assert ("Not paid by the card: $4.98" in text_of(browse(who).get(pdf).content)) is told
