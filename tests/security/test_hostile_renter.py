"""Who wants a GPU that it must not have: changes after the clearance, second accounts, names that deceive."""

import json
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from compliance.base.errors import InvalidInput
from compliance.models import Clearance, Party
from compliance.services import gate, parties, restrictions
from compliance.services.parties import OwnerInput, PartyInput
from marketplace.errors import FieldsInvalid
from marketplace.models import Lease
from marketplace.services import api_keys, leases, nodes, offers, suspensions
from marketplace.services.leases import PriceChanged
from marketplace.services.offers import OfferTerms
from tests.factories import marketplace as make
from tests.marketplace.steps import again, running


def as_declared(party: Party, **changes) -> PartyInput:
    party = Party.objects.get(pk=party.pk)
    names = ("kind", "name", "country", "region", "headquarters_country", "address", "registration_number")
    return PartyInput(**({name: getattr(party, name) for name in names} | changes))


@pytest.mark.parametrize(
    "change", [{"headquarters_country": "CN"}, {"name": "Another Name Pte Ltd"}, {"country": "MO"}]
)
def test_a_change_of_the_renter_ends_what_rested_on_it(cast, change):
    agent, offer = cast.supply()
    lease = running(cast, agent, offer)
    parties.update_party(cast.lion.party_id, as_declared(cast.lion.party, **change), actor=cast.alice.as_actor())
    assert Clearance.objects.get(pk=lease.clearance_id).revoked_reason == "facts_changed"
    suspensions.sweep_restrictions()
    assert again(lease).state in (Lease.State.SUSPENDED, Lease.State.ENDED)
    assert all(each["action"] == "stop" for each in agent.sync(agent.workload(lease, seconds=5))["desired"])


def test_a_new_owner_ends_what_rested_on_the_old_ones(cast):
    _, offer = cast.supply()
    lease = cast.lease(offer)
    parent = PartyInput("entity", "Beijing Parent Co Ltd", "CN", headquarters_country="CN")
    parties.declare_ownership(
        cast.lion.party_id, [OwnerInput(parent, Decimal(100), Decimal(100))], True, actor=cast.alice.as_actor()
    )
    assert Clearance.objects.get(pk=lease.clearance_id).revoked_at is not None


def test_a_change_far_above_ends_what_rested_on_it(cast):
    alice, lion = cast.alice.as_actor(), cast.lion.party_id
    held = [
        OwnerInput(PartyInput("entity", "Lion Holding", "SG", headquarters_country="SG"), Decimal(100), Decimal(100))
    ]
    holding = parties.declare_ownership(lion, held, True, actor=alice)[0].owner
    parties.declare_ownership(holding.pk, [], True, actor=alice)
    make.verify(cast.lion, cast.olga.as_actor(), actor=alice)
    _, offer = cast.supply()
    lease = cast.lease(offer)
    parties.update_party(holding.pk, as_declared(holding, headquarters_country="CN"), actor=alice)
    assert Clearance.objects.get(pk=lease.clearance_id).revoked_at is not None


def test_a_new_address_ends_nothing(cast):
    _, offer = cast.supply()
    lease = cast.lease(offer)
    parties.update_party(
        cast.lion.party_id, as_declared(cast.lion.party, address="1 Raffles Place"), actor=cast.alice.as_actor()
    )
    assert Clearance.objects.get(pk=lease.clearance_id).revoked_at is None


def test_a_second_account_of_a_restricted_company_gets_nothing(cast):
    _, offer = cast.supply()
    number = Party.objects.get(pk=cast.strange.party_id).registration_number
    restrictions.impose(cast.strange.party_id, "SCREENING_HIT", actor=cast.olga.as_actor())
    user, second = make.organization("again@strange.example", "Quite Another Oy", "FI")
    parties.update_party(
        second.party_id,
        as_declared(Party.objects.get(pk=second.party_id), registration_number=f" {number.lower().replace('-', '')} "),
        actor=user.as_actor(),
    )
    make.verify(second, cast.olga.as_actor(), actor=user.as_actor())
    make.credit(second, 100_000)
    with pytest.raises(gate.ClearanceDenied):
        make.open_lease(offer, user, second)
    assert not Lease.objects.exists()


@pytest.mark.parametrize("name", ["\u200b\u200b", "\u2060", "...", "Hua\u200bwei", "\u202eiewauH", "Hu\x00awei"])
def test_a_name_that_nobody_can_read_is_no_name(db, name):
    with pytest.raises(InvalidInput):
        parties.register_party(PartyInput("entity", name, "SG"), actor=make.SEED)
    with pytest.raises(InvalidInput):
        parties.register_party(PartyInput("entity", "Plain", "SG", aliases=(name,)), actor=make.SEED)


@pytest.mark.parametrize("name", ["华为技术有限公司", "شرکت مثال", "می\u200cخواهم", "Ægir & Søn ApS", "株式会社例"])
def test_names_of_every_script_stay_names(db, name):
    assert parties.register_party(PartyInput("entity", name, "SG"), actor=make.SEED).name == name


@pytest.mark.parametrize("user", [{"name": "Someone", "country": "ZZ"}, {"name": "\u200b", "country": "FI"}])
def test_an_end_user_is_named_with_a_real_country(cast, user):
    _, offer = cast.supply()
    with pytest.raises(FieldsInvalid):
        cast.lease(offer, end_user={"kind": "other", **user})


def test_a_node_stands_in_a_real_country(cast):
    with pytest.raises(FieldsInvalid):
        nodes.create_enrolment_token(cast.brisbane, "nowhere", "ZZ", user=cast.pia)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("end_user", '{"kind": "other", "name": "Someone", "country": "CN"}'),
        ("end_use", "Something else"),
        ("end_use_kind", "inference"),
        ("image", "other/image:1"),
        ("gpu_model_id", "rtx-3090"),
        ("rail", "card"),
        ("wallet_address", "0x0"),
        ("command", '["sh"]'),
    ],
)
def test_what_was_cleared_is_frozen_for_raw_sql_too(cast, column, value):
    _, offer = cast.supply()
    lease = cast.lease(offer)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE marketplace_lease SET {column} = %s WHERE id = %s", [value, lease.pk])


def test_the_price_is_the_one_that_the_renter_saw(cast):
    _, offer = cast.supply()
    offers.change_offer(offer.pk, OfferTerms(2, 500, 60, 3600), user=cast.pia, actor=cast.pia.as_actor())
    with pytest.raises(PriceChanged):
        cast.lease(offer, price_minor_per_gpu_hour=249)
    assert cast.lease(offer, price_minor_per_gpu_hour=500).price_minor_per_gpu_hour == 500


def test_the_wizard_carries_the_price_that_it_showed(cast, client):
    _, offer = cast.supply()
    client.force_login(cast.alice)
    form = {
        "gpu_count": "1",
        "max_seconds": "1",
        "max_spend_minor": "20",
        "image": "gridclear/demo:latest",
        "rail": "balance",
        "end_use": "Folding proteins",
        "end_use_kind": "no_model",
        "end_user_kind": "self",
    }
    review = client.post(f"/offers/{offer.pk}/lease", form | {"step": "review"})
    assert b'name="seen_price" value="249"' in review.content
    offers.change_offer(offer.pk, OfferTerms(2, 500, 60, 36000), user=cast.pia, actor=cast.pia.as_actor())
    answer = client.post(f"/offers/{offer.pk}/lease", form | {"step": "open", "seen_price": "249"})
    assert b"price has changed" in answer.content
    assert not Lease.objects.exists()


def test_the_words_of_a_command_are_the_renters_own(cast, client):
    _, offer = cast.supply()
    _, secret = make_key(cast)
    body = {
        "offer_id": str(offer.pk),
        "gpu_count": 1,
        "seconds": 3600,
        "rail": "balance",
        "image": "gridclear/demo:latest",
        "command": ["printf", " two spaces ", "", "\n"],
        "environment": {"PAD": "  x "},
        "end_use": "Folding proteins",
        "end_user": {"kind": "self"},
    }
    headers = {"Authorization": f"Bearer {secret}", "Idempotency-Key": "words"}
    answer = client.post("/api/v1/leases", json.dumps(body), "application/json", headers=headers)
    assert answer.status_code == 201, answer.content
    lease = Lease.objects.get()
    assert lease.command == ["printf", " two spaces ", "", "\n"]
    assert lease.environment == {"PAD": "  x "}


@pytest.mark.parametrize("text", ["\\u0000", "\\ud800"])
def test_a_declaration_that_cannot_be_kept_is_refused(cast, client, text):
    _, secret = make_key(cast)
    body = f'{{"level": "business", "declaration": {{"end_use": "{text}"}}}}'
    headers = {"Authorization": f"Bearer {secret}"}
    answer = client.post("/api/v1/verification", body, "application/json", headers=headers)
    assert answer.status_code == 422, answer.content


def make_key(cast):
    return api_keys.create_api_key(cast.lion, "key", ["read", "leases"], user=cast.alice)


def test_forwarded_for_gives_no_new_attempts(db, client):
    body = {"token": "x", "public_key": "x", "proof": "x"}
    codes = {
        client.post(
            "/api/agent/v1/enrol", body, "application/json", headers={"X-Forwarded-For": f"10.0.0.{number}"}
        ).status_code
        for number in range(40)
    }
    assert 429 in codes


def test_request_lease_twice_with_another_organization_is_no_door(cast):
    _, offer = cast.supply()
    lease = cast.lease(offer)
    request = make.lease_request(offer, cast.strange, lease_id=lease.pk)
    with pytest.raises(Exception, match="taken"):
        leases.request_lease(request, user=cast.charlie, actor=cast.charlie.as_actor())
