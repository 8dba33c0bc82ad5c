"""Identity sessions at the stand-in, asked by the real `stripe` library."""

import urllib.error
import urllib.parse
import urllib.request

import pytest
import stripe

from settlement.rails.standin.server import StandinServer
from tests.settlement.standin.conftest import Receiver, control, eventually

WHO = {"first_name": "Wei Ling", "last_name": "Tan", "birth_date": "1980-05-21", "country": "SG"}
EVERYTHING = {"expand": ["verified_outputs", "verified_outputs.dob", "last_verification_report"]}


def begun(client: stripe.StripeClient, **more: object):
    return client.v1.identity.verification_sessions.create(
        {"type": "document", "metadata": {"gridclear_check": "1"}, "return_url": "http://back.example/", **more}
    )


def test_a_session_waits_for_the_person(client: stripe.StripeClient):
    session = begun(client)
    assert (session.status, session.type, session.last_error) == ("requires_input", "document", None)
    assert session.url
    assert session.client_secret


def test_what_was_proven_is_told_to_those_who_ask_for_it(standin: StandinServer, client: stripe.StripeClient):
    session = begun(client)
    control(standin, "identify", session=session.id, outcome="verified", document_type="passport", **WHO)
    retrieve = client.v1.identity.verification_sessions.retrieve
    plain = retrieve(session.id).to_dict()
    assert plain["status"] == "verified"
    assert "verified_outputs" not in plain
    assert (plain["url"], plain["client_secret"]) == (None, None)
    assert retrieve(session.id, {"expand": ["verified_outputs"]}).verified_outputs.dob is None
    told = retrieve(session.id, EVERYTHING)
    assert told.verified_outputs.first_name == "Wei Ling"
    assert told.verified_outputs.dob.to_dict() == {"year": 1980, "month": 5, "day": 21}
    assert told.last_verification_report.document.type == "passport"


def test_each_step_is_told_by_a_signed_notice_without_the_person(
    standin: StandinServer, client: stripe.StripeClient, receiver: Receiver
):
    session = begun(client)
    control(standin, "identify", session=session.id, outcome="verified", **WHO)
    eventually(lambda: len(receiver.kinds) == 3)
    assert receiver.kinds == [f"identity.verification_session.{step}" for step in ("created", "processing", "verified")]
    assert all(b"Wei Ling" not in body and b"1980" not in body for body, _ in receiver.taken)


def test_a_failure_may_be_tried_again(standin: StandinServer, client: stripe.StripeClient):
    session = begun(client)
    control(standin, "identify", session=session.id, outcome="selfie_face_mismatch", **WHO)
    failed = client.v1.identity.verification_sessions.retrieve(session.id)
    assert (failed.status, failed.last_error.code) == ("requires_input", "selfie_face_mismatch")
    assert failed.url
    control(standin, "identify", session=session.id, outcome="verified", **WHO)
    assert client.v1.identity.verification_sessions.retrieve(session.id).status == "verified"


def test_a_session_ends_and_takes_nothing_more(standin: StandinServer, client: stripe.StripeClient):
    session = begun(client)
    assert client.v1.identity.verification_sessions.cancel(session.id).status == "canceled"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.identity.verification_sessions.cancel(session.id)
    with pytest.raises(urllib.error.HTTPError):
        control(standin, "identify", session=session.id, outcome="verified", **WHO)


def test_what_is_redacted_is_forgotten(standin: StandinServer, client: stripe.StripeClient):
    session = begun(client)
    control(standin, "identify", session=session.id, outcome="verified", **WHO)
    for _ in range(2):
        redacted = client.v1.identity.verification_sessions.redact(session.id)
        assert redacted.redaction.status == "redacted"
    told = client.v1.identity.verification_sessions.retrieve(session.id, EVERYTHING)
    assert told.verified_outputs.first_name == "[redacted]"
    assert told.verified_outputs.dob is None


def test_a_person_sends_the_form_of_the_hosted_page(standin: StandinServer, client: stripe.StripeClient):
    session = begun(client)
    with urllib.request.urlopen(session.url) as page:
        assert b"Stand-in identity check" in page.read()

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *args: object, **kwargs: object) -> None:
            return None

    form = urllib.parse.urlencode({**WHO, "document_type": "passport", "outcome": "verified"}).encode()
    with pytest.raises(urllib.error.HTTPError) as back:
        urllib.request.build_opener(Stay).open(session.url, form)
    assert (back.value.code, back.value.headers["Location"]) == (303, "http://back.example/")
    assert client.v1.identity.verification_sessions.retrieve(session.id).status == "verified"


@pytest.mark.parametrize("wrong", [{"type": "id_number"}, {"type": ""}])
def test_what_the_stand_in_does_not_know_is_refused(client: stripe.StripeClient, wrong):
    with pytest.raises(stripe.InvalidRequestError):
        begun(client, **wrong)


def test_an_unknown_session_is_not_found(client: stripe.StripeClient):
    with pytest.raises(stripe.InvalidRequestError) as error:
        client.v1.identity.verification_sessions.retrieve("vs_nobody")
    assert error.value.http_status == 404
