"""The objects of Stripe Identity."""

from typing import Any

from settlement.rails.standin.shapes import Body, new_id, now


def session(options: Body, url: str) -> Body:
    """A verification session that waits for the person."""
    session_id = new_id("vs")
    return {
        "id": session_id,
        "object": "identity.verification_session",
        "client_reference_id": None,
        "client_secret": f"{session_id}_secret_{new_id('test', 24)}",
        "created": now(),
        "last_error": None,
        "last_verification_report": None,
        "livemode": False,
        "metadata": {},
        "options": options,
        "redaction": None,
        "related_customer": None,
        "related_customer_account": None,
        "status": "requires_input",
        "type": "document",
        "url": f"{url}/{session_id}",
    }


def report(of: Body, person: Body, error: Body) -> Body:
    """What was read in the document and found about it; `error` is empty when all was well."""
    status = "unverified" if error["code"] else "verified"
    body = {
        "id": new_id("vr"),
        "object": "identity.verification_report",
        "client_reference_id": None,
        "created": now(),
        "document": {
            "address": None,
            "error": error,
            "expiration_date": {"day": 1, "month": 12, "year": 2034},
            "files": [new_id("file"), new_id("file")],
            "first_name": person["first_name"],
            "issued_date": {"day": 1, "month": 12, "year": 2024},
            "issuing_country": person["country"],
            "last_name": person["last_name"],
            "status": status,
            "type": person["document_type"],
        },
        "livemode": False,
        "options": {"document": of["options"].get("document", {})},
        "type": "document",
        "verification_session": of["id"],
    }
    if of["options"].get("document", {}).get("require_matching_selfie"):
        picture = new_id("file")
        selfie = {"document": picture, "error": error, "selfie": new_id("file"), "status": status}
        body["selfie"] = selfie
    return body


def outputs(session_id: str, person: Body) -> Body:
    """What a verified session holds for those who ask for it by name."""
    return {
        "id": f"outputs_{session_id}",
        "object": "standin.verified_outputs",
        "address": {"city": None, "country": person["country"], "line1": None, "line2": None, "postal_code": None,
                    "state": None},
        "dob": _day(person["birth_date"]),
        "email": None,
        "first_name": person["first_name"],
        "id_number": None,
        "id_number_type": None,
        "last_name": person["last_name"],
        "phone": None,
        "sex": None,
        "unparsed_place_of_birth": None,
        "unparsed_sex": None,
    }  # fmt: skip


def _day(text: str) -> dict[str, Any] | None:
    parts = text.split("-")
    if len(parts) != 3 or not all(part.isdigit() for part in parts):
        return None
    return dict(zip(("year", "month", "day"), map(int, parts), strict=True))
