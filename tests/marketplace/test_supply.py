"""Nodes and offers from the provider's side."""

from io import StringIO

import pytest
from django.core.management import call_command

from compliance.base.errors import Forbidden, IllegalTransition, NotFound
from compliance.selectors import chips
from marketplace.errors import FieldsInvalid, NotAProvider
from marketplace.models import EnrolmentToken, GpuModel, Lease, Node, Offer
from marketplace.services import leases, nodes, offers, organizations, sweeps
from marketplace.services.offers import OfferTerms
from settlement.services.ledger import InsufficientFunds
from tests.factories import marketplace as make


def test_the_catalogue_follows_compliances(db):
    out = StringIO()
    GpuModel.objects.create(slug="gone", name="Gone", vendor="X", memory_gib=1, eccn="none", controlled=False)
    for _ in range(2):
        call_command("sync_gpu_models", stdout=out)
    known = {each.slug: each for each in chips.catalogue()}
    assert f"{len(known)} GPU models" in out.getvalue()
    assert GpuModel.objects.count() == len(known) + 1
    h100 = GpuModel.objects.get(pk="h100-sxm")
    assert (h100.eccn, h100.controlled, h100.memory_gib) == ("3A090.a.1", True, 80)
    gone = GpuModel.objects.get(pk="gone")
    assert (gone.eccn, gone.controlled) == ("unknown", True), "what compliance dropped counts as controlled"


def test_who_may_let_an_agent_enrol(cast):
    where = ("bne-02", "AU")
    with pytest.raises(NotAProvider):
        nodes.create_enrolment_token(cast.lion, *where, user=cast.alice)
    with pytest.raises(NotFound):
        nodes.create_enrolment_token(cast.brisbane, *where, user=cast.alice)
    finance = make.member(cast.brisbane, "finn@brisbane.example", "finance")
    with pytest.raises(Forbidden):
        nodes.create_enrolment_token(cast.brisbane, *where, user=finance)
    for bad in (("", "AU"), ("x" * 81, "AU"), ("ok", "Australia"), ("ok", "A1")):
        with pytest.raises(FieldsInvalid):
            nodes.create_enrolment_token(cast.brisbane, *bad, user=cast.pia)
    assert not EnrolmentToken.objects.exists()


def test_a_node_is_retired_only_when_nothing_runs_on_it(cast):
    agent, offer = cast.supply()
    lease = cast.lease(offer)
    pia = {"user": cast.pia, "actor": cast.pia.as_actor()}
    with pytest.raises(nodes.NodeInUse):
        nodes.retire_node(agent.node_id, **pia)
    sweeps.sweep_leases()
    leases.stop_lease(lease.pk, cast.alice, actor=cast.alice.as_actor())
    Node.objects.filter(pk=agent.node_id).update(state="offline")
    with pytest.raises(leases.NodeNotOnline):
        cast.lease(offer)
    assert nodes.retire_node(agent.node_id, **pia).state == "retired"
    with pytest.raises(leases.OfferNotActive):
        cast.lease(offer)
    with pytest.raises(offers.NodeRetired):
        offers.create_offer(cast.brisbane, agent.node_id, "h100-sxm", OfferTerms(1, 100), **pia)


def test_an_offers_life(cast):
    agent, offer = cast.supply()
    pia = {"user": cast.pia, "actor": cast.pia.as_actor()}
    lease = cast.lease(offer)
    offers.change_offer(offer.pk, OfferTerms(1, 999, 60, 3600), **pia)
    lease.refresh_from_db()
    assert lease.price_minor_per_gpu_hour == 249, "a lease keeps the terms under which it was made"
    offers.pause_offer(offer.pk, **pia)
    with pytest.raises(leases.OfferNotActive):
        cast.lease(offer)
    with pytest.raises(IllegalTransition):
        offers.pause_offer(offer.pk, **pia)
    offers.resume_offer(offer.pk, **pia)
    offers.withdraw_offer(offer.pk, **pia)
    for deed in (offers.pause_offer, offers.resume_offer, offers.withdraw_offer):
        with pytest.raises(IllegalTransition):
            deed(offer.pk, **pia)
    with pytest.raises(NotFound):
        offers.pause_offer(offer.pk, user=cast.charlie, actor=cast.charlie.as_actor())
    assert Offer.objects.get().state == "withdrawn"
    assert agent.sync()["desired"] == [], "the lease waits for its funds still"


def test_an_organization_cannot_lease_from_itself(cast):
    _, offer = cast.supply()
    pia = {"user": cast.pia, "actor": cast.pia.as_actor()}
    with pytest.raises(leases.NotARenter):
        make.open_lease(offer, cast.pia, cast.brisbane)
    organizations.change_sides(cast.brisbane, is_renter=True, is_provider=True, **pia)
    with pytest.raises(leases.OwnOffer):
        make.open_lease(offer, cast.pia, cast.brisbane)


def test_a_lease_needs_the_money(cast):
    agent, _ = cast.supply()
    dear = make.offer_on(agent, cast.pia, price=100_001)
    with pytest.raises(InsufficientFunds):
        cast.lease(dear)
    assert leases.free_gpus_of(dear.node_id, "h100-sxm") == 2
    assert not Lease.objects.exists()
    assert cast.lease(dear, max_spend_minor=100_000).max_spend_minor == 100_000
