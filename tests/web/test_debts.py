"""Debts at the officers' pages: found, written off by two, and shown to whoever owes them."""

from html import unescape
from uuid import uuid4

from settlement.models import WriteOff
from settlement.services import claims
from tests.cast import Cast
from tests.settlement.test_write_offs import owe

PAGE = "/records/debts"
PROPOSAL = {"action": "propose", "amount_minor": "4.00", "why": "It was wound up."}


def text(response) -> str:
    return unescape(response.content.decode())


def test_a_debt_is_written_off_by_two_and_its_owner_sees_it(cast: Cast, browse):
    olga, otto, pia = browse(cast.olga), browse(cast.otto), browse(cast.pia)
    party_id = cast.brisbane.party_id
    address = f"{PAGE}/{party_id}"
    assert "Nobody owes the platform anything" in text(olga.get(PAGE))
    owe(cast.brisbane.party_id, 400)
    assert "Brisbane Compute" in text(olga.get(PAGE))
    for bad in ({"amount_minor": "4.01"}, {"amount_minor": "0"}, {"why": ""}):
        assert olga.post(address, PROPOSAL | bad).status_code == 200
    assert not WriteOff.objects.exists()
    assert olga.post(address, PROPOSAL).status_code == 302
    deed = {"write_off": str(WriteOff.objects.get().pk)}
    assert "You proposed it, so another officer approves it" in text(olga.get(address))
    assert "Brisbane Compute" in text(otto.get(f"{PAGE}?state=waiting"))
    assert olga.post(address, deed | {"action": "approve"}).status_code == 403
    assert otto.post(f"{PAGE}/{cast.lion.party_id}", deed | {"action": "approve"}).status_code == 404
    assert otto.post(address, {"action": "approve", "write_off": str(uuid4())}).status_code == 404
    assert claims.standing_minor(party_id) == 400
    assert otto.post(address, deed | {"action": "approve"}).status_code == 302
    assert otto.post(address, deed | {"action": "withdraw"}).status_code == 409
    assert (claims.standing_minor(party_id), claims.owed_minor(party_id)) == (0, 400)
    assert "Written off" in text(olga.get(f"{PAGE}?state=written_off"))
    money = text(pia.get("/money"))
    assert "You owe $4.00" in money, "to write off is not to forgive"
    assert "written off and still owed by you" in money
    assert "written off" not in text(browse(cast.charlie).get("/money"))
    statement = b"".join(pia.get("/exports/statement.csv?account=written_off").streaming_content).decode()
    assert "claim.written_off" in statement
    assert "Written off, less what came in since" in text(browse(cast.ned).get("/platform"))


def test_a_proposal_is_taken_back_and_can_be_made_again(cast: Cast, browse):
    olga, otto = browse(cast.olga), browse(cast.otto)
    owe(cast.brisbane.party_id, 400)
    address = f"{PAGE}/{cast.brisbane.party_id}"
    olga.post(address, PROPOSAL)
    deed = {"write_off": str(WriteOff.objects.get().pk), "action": "withdraw"}
    assert otto.post(address, deed).status_code == 302
    assert otto.post(address, PROPOSAL).status_code == 302
    assert sorted(WriteOff.objects.values_list("state", flat=True)) == ["proposed", "withdrawn"]
    assert olga.get(f"{PAGE}/{uuid4()}").status_code == 404
