"""An organization reads the statements of its own accounts, and of nobody else's."""

import csv
import io

import pytest

from marketplace.services import metering
from tests.factories.marketplace import credit
from tests.marketplace.steps import running

URL = "/api/v1/statement"


def test_the_statement_follows_a_lease_line_by_line(cast, clock, client):
    agent, offer = cast.supply()
    lease = running(cast, agent, offer, gpu_count=2)
    clock.advance(seconds=1_800)
    agent.sync(agent.workload(lease, "exited", 1_800))
    metering.meter_leases()
    metering.settle_ended_leases()
    client.force_login(cast.alice)
    found = client.get(URL).json()
    assert [(line["kind"], line["amount_minor"], line["balance_minor"]) for line in found["lines"]] == [
        ("top_up", 100_000, 100_000),
        ("hold.set_aside", -498, 99_502),
        ("hold.settled", 249, 99_751),
    ]
    assert (found["opening_minor"], found["closing_minor"], found["next_cursor"]) == (0, 99_751, "")
    held = client.get(URL, {"account": "held"}).json()
    assert [(line["kind"], line["balance_minor"]) for line in held["lines"]] == [
        ("hold.set_aside", 498),
        ("usage", 249),
        ("hold.settled", 0),
    ]
    assert held["lines"][1]["subject_id"] == str(lease.pk)


def test_pages_and_csv(cast, clock, client):
    for cents in range(1, 8):
        clock.advance(seconds=1)
        credit(cast.lion, cents)
    client.force_login(cast.alice)
    first = client.get(URL, {"limit": 5}).json()
    rest = client.get(URL, {"limit": 5, "cursor": first["next_cursor"], "written": "csv"})
    assert rest["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(rest.content.decode())))
    assert [row["amount_minor"] for row in rows] == ["", "5", "6", "7", ""]
    assert rows[-1]["balance_minor"] == str(100_028)
    until = client.get(URL, {"until": first["lines"][2]["at"]}).json()
    assert until["closing_minor"] == 100_001


def test_nobody_reads_another_organizations_account(cast, client):
    """Whatever a stranger asks for, it is the stranger's own account that is told."""
    told = []
    for person in (cast.alice, cast.charlie):
        client.force_login(person)
        found = client.get(URL, {"party_id": str(cast.lion.party_id), "party": str(cast.lion.party_id)}).json()
        told.append({line["transfer_id"] for line in found["lines"]})
    assert told[0]
    assert not told[0] & told[1]


@pytest.mark.parametrize(
    "wanted",
    [{"account": "fees"}, {"pot": "bank"}, {"currency": "ZZZ"}, {"since": "yesterday"}, {"limit": 0}, {"cursor": "x"}],
)
def test_a_statement_that_cannot_be_is_refused(cast, client, wanted):
    client.force_login(cast.alice)
    assert client.get(URL, wanted).status_code == 422
