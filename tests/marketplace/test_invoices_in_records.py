"""Invoices, receipts and billing profiles in one's own data and in evidence: whole, and of nobody else."""

import io
import json
import zipfile

import pytest

from compliance.base.sealing import Subject
from compliance.services.subject_keys import destroy
from marketplace.services.billing import tell_billing
from marketplace.services.bundle_contents import evidence_of
from settlement.selectors.evidence import money_for_party, money_of_lease, money_of_party
from settlement.tax import TaxParty
from tests.cast import Cast
from tests.factories import marketplace as make
from tests.marketplace.test_export import data_of, exported

TOLD = TaxParty("Brisbane Compute Pty Ltd", "1 Queen Street", "AU", registration="ACN 1")


@pytest.fixture
def invoiced(cast: Cast):
    """A lease of Alice's with a receipt, and our fee's invoice to the provider, who told how it is named."""
    tell_billing(cast.brisbane, TOLD, self_billing=False, user=cast.pia, actor=cast.pia.as_actor())
    _agent, offer = cast.supply()
    lease = cast.lease(offer)
    make.fee_invoice(lease)
    return lease


def test_a_providers_export_has_its_profile_its_receipts_and_its_invoices(cast: Cast, invoiced):
    files = exported(cast.pia, cast)
    (party,) = data_of(files)["parties"]
    money = party["money"]
    assert money["billing_profile"][0]["details"]["address"] == "1 Queen Street"
    assert [row["total_minor"] for row in money["receipts"]] == [498]
    (invoice,) = money["invoices"]
    assert (invoice["number"], invoice["gross_minor"], invoice["customer"]["registration"]) == ("G-000001", 24, "ACN 1")
    assert invoice["supplier"]["name"] == "Gridclear Berlin GmbH"
    assert [line["subject_id"] for line in invoice["lines"]] == [str(invoiced.pk)]
    page = files["data.html"].decode()
    assert "How it is named on invoices" in page
    assert "G-000001" in page


def test_a_renters_export_has_the_receipt_and_not_the_providers_invoice(cast: Cast, invoiced):
    files = exported(cast.alice, cast)
    (party,) = data_of(files)["parties"]
    assert [row["total_minor"] for row in party["money"]["receipts"]] == [498]
    assert party["money"]["invoices"] == party["money"]["billing_profile"] == []
    assert b"1 Queen Street" not in files["data.json"]


def test_the_other_side_is_withheld_and_the_erased_are_erased(cast: Cast, invoiced):
    make.compute_invoice(invoiced)
    (bought,) = money_for_party(cast.lion.party_id)["invoices"]
    assert (bought["number"], bought["supplier"]) == ("S0001-000001", "[withheld]")
    assert bought["customer"]["name"] == cast.lion.name
    destroy(Subject.party(cast.brisbane.party_id), actor=cast.olga.as_actor(), reason="test")
    money = money_for_party(cast.brisbane.party_id)
    fee = next(row for row in money["invoices"] if row["kind"] == "fee")
    assert fee["customer"] == money["billing_profile"][0]["details"] == "[erased]"
    assert fee["gross_minor"] == 24


def test_evidence_of_a_lease_and_of_a_party_has_their_documents(cast: Cast, invoiced):
    lease = json.loads(json.dumps(money_of_lease(invoiced.pk).body))
    assert [(row["number"], row["lines"][0]["gross_minor"]) for row in lease["invoices"]] == [("G-000001", 24)]
    assert "customer" not in lease["invoices"][0], "whom it names is not the lease's evidence"
    record = money_of_party(cast.brisbane.party_id)
    assert ("settlement.invoice", record.body["invoices"][0]["id"]) in record.about
    assert "billing.told" in events_in(evidence_of("party", cast.brisbane.party_id).body)
    made = evidence_of("lease", invoiced.pk)
    assert "invoice.issued" in events_in(made.body)
    assert b"1 Queen Street" not in made.body


def test_queries_do_not_grow_with_the_documents(cast: Cast, invoiced, django_assert_max_num_queries):
    make.compute_invoice(invoiced)
    with django_assert_max_num_queries(10):
        assert len(money_of_party(cast.brisbane.party_id).body["invoices"]) == 2


def events_in(body: bytes) -> set[str]:
    """The events that a bundle proves."""
    with zipfile.ZipFile(io.BytesIO(body)) as made:
        evidence = json.loads(made.read("evidence.json"))
    return {event["body"]["event"] for event in evidence["events"]}
