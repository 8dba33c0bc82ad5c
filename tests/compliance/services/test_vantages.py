"""Vantage points: tickets, signed reports, and what the gate makes of them."""

import base64
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import DatabaseError, connection

from compliance.base.actor import Actor
from compliance.base.audit import AuditEvent
from compliance.base.errors import InvalidInput, NotFound
from compliance.models import PlaceMeasurement, VantagePoint
from compliance.selectors.vantages import node_place
from compliance.services import cases, clearances, gate, signing, vantages
from compliance.tasks import sweep_place_tickets
from tests.factories.compliance import OFFICER, SECOND_OFFICER, lease_request, verified_company

pytestmark = pytest.mark.django_db
OSCAR = Actor("user", "oscar", "Oscar", frozenset({"operator"}))
ACTOR = Actor("user", "renter", "A renter")
DAY = timedelta(days=1)
NODE_KEY = "A" * 43


def b64(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def public_half(key):
    return b64(key.public_key().public_bytes_raw())


class Vantage:
    """A vantage point with its key, as it would stand somewhere."""

    def __init__(self, code, latitude, longitude):
        self.key = Ed25519PrivateKey.generate()
        self.row = vantages.register_vantage(
            code, code.title(), latitude, longitude, f"https://{code}.example", public_half(self.key), actor=OSCAR,
        )  # fmt: skip

    def report(self, ticket, least_us, /, *, at, key=None, typ=vantages.REPORT_TYPE, **changes):
        asked = jwt.decode(ticket.token, options={"verify_signature": False})
        claims = {
            "iss": self.row.code, "sub": asked["sub"], "ticket": asked["jti"], "rounds": 12,
            "least_us": least_us, "median_us": least_us + 500, "iat": int(at.timestamp()),
        } | changes  # fmt: skip
        return jwt.encode(claims, key or self.key, algorithm="EdDSA", headers={"typ": typ})


@pytest.fixture
def singapore():
    return Vantage("singapore", 1.35, 103.82)


@pytest.fixture
def sydney():
    return Vantage("sydney", -33.87, 151.21)


def measured(vantage, node_id, least_us, clock):
    ticket = next(each for each in vantages.tickets_for(node_id, NODE_KEY) if each.vantage == vantage.row.code)
    return vantages.take_report(vantage.report(ticket, least_us, at=clock.now()))


def test_a_node_is_asked_by_each_vantage_point_and_not_again_for_hours(singapore, sydney, clock):
    node = uuid4()
    tickets = vantages.tickets_for(node, NODE_KEY)
    assert [(each.vantage, each.url) for each in tickets] == [
        ("singapore", "https://singapore.example"),
        ("sydney", "https://sydney.example"),
    ]
    assert vantages.tickets_for(node, NODE_KEY) == []  # the tickets are open
    assert len(vantages.tickets_for(uuid4(), NODE_KEY)) == 2
    clock.advance(minutes=10)
    again = vantages.tickets_for(node, NODE_KEY)  # nobody came
    assert len(again) == 2
    vantages.take_report(singapore.report(again[0], 98_000, at=clock.now()))
    clock.advance(minutes=10)
    assert [each.vantage for each in vantages.tickets_for(node, NODE_KEY)] == ["sydney"]
    clock.advance(hours=6)
    assert {each.vantage for each in vantages.tickets_for(node, NODE_KEY)} == {"singapore", "sydney"}


def test_a_ticket_names_the_node_and_its_key_and_is_no_clearance(singapore, clock):
    node = uuid4()
    (ticket,) = vantages.tickets_for(node, NODE_KEY)
    key = signing.signing_key().public
    times = {"verify_exp": False, "verify_iat": False}
    claims = jwt.decode(ticket.token, key, algorithms=["EdDSA"], audience="singapore", options=times)
    assert (claims["sub"], claims["key"], claims["iss"]) == (str(node), NODE_KEY, "gridclear-place")
    assert claims["exp"] - claims["iat"] == 600
    assert jwt.get_unverified_header(ticket.token)["typ"] == vantages.TICKET_TYPE
    with pytest.raises(clearances.ClearanceInvalid):
        clearances.verify_token(ticket.token)


def test_a_report_stands_once(singapore, clock):
    node = uuid4()
    (ticket,) = vantages.tickets_for(node, NODE_KEY)
    clock.advance(seconds=20)
    report = singapore.report(ticket, 98_000, at=clock.now())
    row = vantages.take_report(report)
    assert (row.least_us, row.median_us, row.rounds) == (98_000, 98_500, 12)
    assert vantages.take_report(report).pk == row.pk
    with pytest.raises(vantages.ReportRefused):
        vantages.take_report(singapore.report(ticket, 9_000, at=clock.now()))
    row.refresh_from_db()
    assert row.least_us == 98_000
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute("UPDATE compliance_placemeasurement SET least_us = 1")


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": Ed25519PrivateKey.generate()},
        {"typ": "JWT"},
        {"iss": "nowhere"},
        {"sub": str(uuid4())},
        {"sub": "x"},
        {"ticket": str(uuid4())},
        {"ticket": None},
        {"rounds": 4},
        {"rounds": True},
        {"least_us": 0},
        {"least_us": -5},
        {"least_us": 1.5},
        {"least_us": 99_000, "median_us": 98_000},
        {"median_us": 10**12},
        {"iat": 0},
        {"iat": 10**18},
        {"iat": "now"},
    ],
)
def test_a_report_that_is_not_what_it_says_changes_nothing(singapore, clock, wrong):
    (ticket,) = vantages.tickets_for(uuid4(), NODE_KEY)
    with pytest.raises(vantages.ReportRefused):
        vantages.take_report(singapore.report(ticket, 98_000, at=clock.now(), **wrong))
    assert not PlaceMeasurement.objects.exclude(measured_at=None).exists()


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "..."])
def test_what_is_no_token_is_refused(singapore, token):
    with pytest.raises(vantages.ReportRefused):
        vantages.take_report(token)


def test_another_vantage_point_cannot_report_for_this_one(singapore, sydney, clock):
    tickets = {each.vantage: each for each in vantages.tickets_for(uuid4(), NODE_KEY)}
    with pytest.raises(vantages.ReportRefused):
        vantages.take_report(sydney.report(tickets["singapore"], 5_000, at=clock.now()))


def test_a_late_report_of_a_timely_measurement_stands_and_a_late_measurement_does_not(singapore, clock):
    (ticket,) = vantages.tickets_for(uuid4(), NODE_KEY)
    then = clock.now()
    clock.advance(minutes=39)
    with pytest.raises(vantages.ReportRefused):
        vantages.take_report(singapore.report(ticket, 98_000, at=clock.now()))
    vantages.take_report(singapore.report(ticket, 98_000, at=then))


def test_tickets_that_nobody_used_are_swept_and_measurements_stay(singapore, sydney, clock):
    node = uuid4()
    measured(singapore, node, 98_000, clock)
    clock.advance(minutes=40)
    sweep_place_tickets()
    assert PlaceMeasurement.objects.count() == 2
    clock.advance(seconds=1)
    sweep_place_tickets()
    sweep_place_tickets()
    assert PlaceMeasurement.objects.get().vantage == singapore.row


def test_the_shortest_round_trip_of_the_time_counts(singapore, sydney, clock, django_assert_num_queries):
    node = uuid4()
    for least in (98_000, 95_000, 140_000):
        measured(singapore, node, least, clock)
        clock.advance(hours=7)
    with django_assert_num_queries(2):
        found = node_place(node, "AU", "AU-QLD", "Brisbane", clock.now(), 3 * DAY)
    assert found.label == "Brisbane, Australia"
    assert [(trip.vantage, trip.microseconds) for trip in found.round_trips] == [("Singapore", 95_000)]
    assert found.asked == 1  # neither point has stood for a day
    clock.advance(hours=24)
    assert node_place(node, "AU", "", "", clock.now(), 3 * DAY).asked == 2
    clock.advance(days=3)
    assert node_place(node, "XX", "r", "c", clock.now(), 3 * DAY).round_trips == ()
    assert node_place(node, "XX", "r", "c", clock.now(), 3 * DAY).label == "c, r, XX"
    vantages.retire_vantage("sydney", actor=OSCAR)
    assert node_place(node, "AU", "", "", clock.now(), 3 * DAY).asked == 1


def test_a_node_in_brisbane_that_answers_singapore_in_nine_milliseconds_is_not_there(singapore, sydney, clock):
    renter, provider = verified_company("Lion City Labs", "SG"), verified_company("Brisbane Compute", "AU")
    request = lease_request(renter, provider, "rtx-3090", node_city="Brisbane", measured=False)
    assert gate.evaluate(request, actor=ACTOR).outcome == "ALLOW"
    measured(singapore, request.node_id, 98_000, clock)
    assert gate.evaluate(request, actor=ACTOR).outcome == "ALLOW"
    clock.advance(hours=7)
    measured(singapore, request.node_id, 9_000, clock)
    decision = gate.evaluate(request, actor=ACTOR)
    (reason,) = decision.reasons
    assert (reason["code"], reason["kind"], reason["outcome"]) == ("node_place_impossible", "RED_FLAG", "REVIEW")
    assert "cannot answer Singapore within 9.0 ms" in reason["sentence"]
    assert "at most 900 km from Singapore" in reason["sentence"]
    renewal = gate.evaluate(replace(request, purpose="renewal"), actor=ACTOR)
    assert renewal.outcome == "REVIEW"
    assert gate.replay(decision.pk)


def reasons_of(request):
    return [reason["code"] for reason in gate.evaluate(request, actor=ACTOR).reasons]


def test_controlled_chips_want_a_machine_that_answers_from_near_enough(clock):
    clock.advance(hours=24)  # into the days of the pack that asks so
    london, singapore = Vantage("london", 51.51, -0.13), Vantage("singapore", 1.35, 103.82)
    renter, provider = verified_company("Lion City Labs", "SG"), verified_company("Brisbane Compute", "AU")
    request = lease_request(renter, provider, measured=False)
    assert reasons_of(request) == ["node_place_unasked"]  # the points have not stood for a day
    clock.advance(hours=24)
    assert reasons_of(request) == ["node_place_unmeasured"]
    measured(london, request.node_id, 400_000, clock)
    assert reasons_of(request) == ["node_place_wide"]
    clock.advance(hours=7)
    measured(singapore, request.node_id, 98_000, clock)
    assert reasons_of(request) == []


def test_a_house_without_vantage_points_leases_controlled_chips_by_a_finding_only(clock):
    clock.advance(hours=24)
    renter, provider = verified_company("Lion City Labs", "SG"), verified_company("Brisbane Compute", "AU")
    request = lease_request(renter, provider, measured=False)
    decision = gate.evaluate(request, actor=ACTOR)
    assert [reason["code"] for reason in decision.reasons] == ["node_place_unasked"]
    assert gate.evaluate(replace(request, gpu_slug="rtx-3090"), actor=ACTOR).outcome == "ALLOW"
    (case,) = decision.cases.all()
    cases.propose_disposition(case.pk, "release", "difference_explained", "An officer was there.", actor=OFFICER)
    cases.approve_disposition(case.pk, "So I see it.", actor=SECOND_OFFICER)
    assert gate.evaluate(request, actor=ACTOR).outcome == "ALLOW"
    assert reasons_of(replace(request, node_id=uuid4())) == ["node_place_unasked"]  # it was about this machine


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": "Bad Code"},
        {"code": ""},
        {"name": " "},
        {"latitude": 91.0},
        {"longitude": -181.0},
        {"latitude": float("nan")},
        {"url": "http://sydney.example"},
        {"url": "https://user:pass@sydney.example"},
        {"url": "ftp://sydney.example"},
        {"url": "https://"},
        {"public_key": "short"},
        {"public_key": "é"},
    ],
)
def test_a_vantage_point_that_cannot_be_is_refused(wrong):
    right = {
        "code": "sydney", "name": "Sydney", "latitude": -33.9, "longitude": 151.2, "url": "https://sydney.example",
        "public_key": public_half(Ed25519PrivateKey.generate()),
    }  # fmt: skip
    with pytest.raises(InvalidInput):
        vantages.register_vantage(**(right | wrong), actor=OSCAR)
    assert not VantagePoint.objects.exists()


def test_codes_and_keys_are_taken_once_and_both_ends_are_on_record(singapore):
    with pytest.raises(vantages.VantageTaken):
        vantages.register_vantage(
            "other", "Other", 0.0, 0.0, "https://other.example", singapore.row.public_key, actor=OSCAR
        )
    vantages.move_vantage("singapore", "https://elsewhere.example/", actor=OSCAR)
    assert vantages.tickets_for(uuid4(), NODE_KEY)[0].url == "https://elsewhere.example"
    with pytest.raises(InvalidInput):
        vantages.move_vantage("singapore", "http://elsewhere.example", actor=OSCAR)
    vantages.retire_vantage("singapore", actor=OSCAR)
    for gone in (lambda: vantages.retire_vantage("singapore", actor=OSCAR), lambda: move("singapore")):
        with pytest.raises(NotFound):
            gone()
    assert vantages.tickets_for(uuid4(), NODE_KEY) == []
    events = AuditEvent.objects.filter(event__startswith="vantage.").values_list("event", flat=True)
    assert list(events) == ["vantage.registered", "vantage.moved", "vantage.retired"]


def move(code):
    vantages.move_vantage(code, "https://elsewhere.example", actor=OSCAR)
