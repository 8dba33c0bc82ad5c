"""Stripe Identity at the stand-in: sessions, their hosted page, reports, and what the person of a test does there."""

import html

from settlement.rails.standin import identity_shapes as shapes
from settlement.rails.standin.errors import invalid
from settlement.rails.standin.forms import flag, required
from settlement.rails.standin.network import Call, take_metadata
from settlement.rails.standin.shapes import Body

PAGE_PATH = "/i/verify"
FAILURES = ("document_expired", "document_unverified_other", "selfie_face_mismatch", "consent_declined", "abandoned")
_KIND = "identity.verification_session"
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Stand-in identity check</title>
<h1>Stand-in identity check</h1><p>Development only. Who shows which document?</p>
<form method="post"><p><label>First name <input name="first_name" required></label></p>
<p><label>Last name <input name="last_name" required></label></p>
<p><label>Date of birth <input name="birth_date" placeholder="YYYY-MM-DD" required></label></p>
<p><label>Country of the document <input name="country" value="SG" size="2" required></label></p>
<p><label>Document <select name="document_type"><option>passport</option><option>id_card</option>
<option>driving_license</option></select></label></p>
<p><label>Outcome <select name="outcome"><option>verified</option><option>processing</option>
{failures}</select></label></p>
<p><button>Send</button></p></form></html>"""


def create_session(call: Call) -> Body:
    """A session stands, with the address of its page."""
    if call.params.get("type") != "document":
        raise invalid("This stand-in knows sessions of type document only.", param="type")
    asked = (call.params.get("options") or {}).get("document") or {}
    names = ("require_id_number", "require_live_capture", "require_matching_selfie")
    options = {"document": {name: True for name in names if flag(asked, name)}}
    back = call.params.get("return_url", "")
    body = shapes.session(options, f"{call.terms.base_url}{PAGE_PATH}")
    take_metadata(body, call.params)
    call.save({"id": f"return_{body['id']}", "object": "standin.return_url", "url": back})
    call.save(body)
    call.announce(f"{_KIND}.created", body)
    return body


def retrieve_session(call: Call, session_id: str) -> Body:
    """The session; what was proven only where it is asked for by name."""
    body = call.find(_KIND, session_id)
    asked = call.params.get("expand") or []
    if any(path.split(".")[0] == "verified_outputs" for path in asked):
        found = call.store.get(f"outputs_{session_id}") if body["status"] == "verified" else None
        if found is not None:
            hidden = {} if "verified_outputs.dob" in asked else {"dob": None}
            found = {name: value for name, value in found.items() if name not in ("id", "object")} | hidden
        body["verified_outputs"] = found
    return body


def cancel_session(call: Call, session_id: str) -> Body:
    """The session takes nothing more."""
    body = call.find(_KIND, session_id)
    if body["status"] != "requires_input":
        raise invalid(f"You cannot cancel a session with status `{body['status']}`.", code="session_not_cancelable")
    return _moved(call, body, "canceled", client_secret=None, url=None)


def redact_session(call: Call, session_id: str) -> Body:
    """What the session held of the person is gone."""
    body = call.find(_KIND, session_id)
    if body["status"] == "processing":
        raise invalid("You cannot redact a session that is being processed.")
    if body["redaction"] is None:
        if call.store.get(f"outputs_{session_id}"):
            nobody = dict.fromkeys(("first_name", "last_name", "country"), "[redacted]") | {"birth_date": ""}
            call.save(shapes.outputs(session_id, nobody))
        body["redaction"] = {"status": "redacted"}
        call.save(body)
        call.announce(f"{_KIND}.redacted", body)
    return body


def retrieve_report(call: Call, report_id: str) -> Body:
    """The report."""
    return call.find("identity.verification_report", report_id)


def page(call: Call, session_id: str) -> str:
    """The hosted page, in HTML."""
    call.find(_KIND, session_id)
    return _PAGE.format(failures="".join(f"<option>{html.escape(code)}</option>" for code in FAILURES))


def complete(call: Call, session_id: str) -> str:
    """The person did what the form says; returns where it goes back to."""
    act(call, session_id, call.params)
    return str((call.store.get(f"return_{session_id}") or {}).get("url") or "/")


def act(call: Call, session_id: str, given: Body) -> Body:
    """The person showed a document. `outcome` is verified, processing, or the code of a failure.

    As at Stripe, the session is `processing` first, which is told; `processing` as the outcome leaves it at that, and
    acting again goes on.
    """
    body = call.find(_KIND, session_id)
    outcome = required(given, "outcome")
    if body["status"] not in ("requires_input", "processing"):
        raise invalid(f"The session has status `{body['status']}`.")
    if body["status"] == "requires_input":
        body = _moved(call, body, "processing", client_secret=None, url=None, last_error=None)
    if outcome == "processing":
        return body
    person = {name: str(given.get(name) or "") for name in ("first_name", "last_name", "birth_date", "country")}
    person["document_type"] = str(given.get("document_type") or "passport")
    if outcome == "verified":
        report = call.save(shapes.report(body, person, {"code": None, "reason": None}))
        call.save(shapes.outputs(session_id, person))
        return _moved(call, body, "verified", last_verification_report=report["id"])
    if outcome not in FAILURES:
        raise invalid(f"outcome must be verified, processing or one of {', '.join(FAILURES)}")
    error = {"code": outcome, "reason": f"The check failed: {outcome.replace('_', ' ')}."}
    report = call.save(shapes.report(body, person, error))
    again = {"client_secret": f"{session_id}_secret_again", "url": f"{call.terms.base_url}{PAGE_PATH}/{session_id}"}
    return _moved(call, body, "requires_input", last_error=error, last_verification_report=report["id"], **again)


def _moved(call: Call, body: Body, status: str, **changes: object) -> Body:
    body = call.save(body | {"status": status} | changes)
    call.announce(f"{_KIND}.{status}", body)
    return body
