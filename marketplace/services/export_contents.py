"""What people get of themselves: one signed ZIP with the data for programs, a page to read, and their documents."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.template.loader import render_to_string

from compliance.base.actor import Actor
from compliance.base.bundle import json_bytes, write_bundle
from compliance.selectors.retention import schedule
from compliance.selectors.subject_data import documents_of_subject, subject_data
from compliance.services import document_store, signing
from compliance.services.checkpoints import origin
from marketplace.models import Bundle
from marketplace.selectors.subject_data import organization_data, parties_owned_by, person_data
from marketplace.services.bundle_contents import Made
from marketplace.services.bundle_page import lines_of
from settlement.selectors.evidence import money_for_party

FORMAT = "gridclear-export/1"
DATA = "data.json"
EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}
Progress = Callable[[int], None]
TITLES = {
    "login": "Your login",
    "addresses": "Your e-mail addresses",
    "second_factors": "Second factors",
    "memberships": "Where you belong",
    "api_keys": "Keys for programs",
    "leases_requested": "Leases that you asked for",
    "organization": "The organization",
    "party": "Who it is",
    "named_above_it": "Whom it named as its owners",
    "holdings_in_it": "Who holds it",
    "holdings_of_it": "What it holds",
    "places": "Where it was seen",
    "answers_of_the_gate": "What was answered to its requests",
    "billing_profile": "How it is named on invoices",
    "refunds": "Refunds of leases",
    "invoices": "Its invoices, credit and debit notes",
    "names_on_rails": "Its names at the payment networks",
}


def export_of(bundle: Bundle, progress: Progress = lambda percent: None) -> Made:
    """The export that the bundle names: a person with all that it owns, or one party. Call outside any transaction.

    Pages of documents are opened in the name of who asked, which goes on record. Raises NotFound, SubjectErased.
    """
    if bundle.kind == Bundle.Kind.PERSON:
        person, parties = person_data(bundle.about_id), parties_owned_by(bundle.about_id)
    else:
        person, parties = {}, [bundle.about_id]
    about = [_about(party_id) for party_id in parties]
    progress(40)
    pages = _pages(parties, bundle)
    progress(70)
    body = {
        "format": FORMAT,
        "issuer": origin(),
        "about": {"kind": bundle.kind, "id": str(bundle.about_id)},
        "asked_at": bundle.created_at.isoformat(),
        "person": person,
        "parties": about,
        "kept": _kept(),
        "files": sorted(pages),
    }
    key = signing.evidence_key()
    files = {
        DATA: json_bytes(body),
        "data.html": page_of(body).encode(),
        "readme.txt": README.encode(),
        f"keys/{key.kid}.pem": key.public_pem.encode(),
        **pages,
    }
    return Made(write_bundle(files, [DATA], key.private), tuple(sorted(parties, key=str)))


def page_of(body: dict[str, Any]) -> str:
    """The readable page, made from the data alone."""
    sections = [(_title(name), lines_of(value)) for name, value in body["person"].items()]
    for number, party in enumerate(body["parties"], 1):
        of = f" ({number})" if len(body["parties"]) > 1 else ""
        parts = [item for part in party.values() for item in part.items()]
        sections += [(f"{_title(name)}{of}", lines_of(value)) for name, value in parts]
    shown = [(title, lines) for title, lines in sections if lines]
    return render_to_string("files/export.html", {"data": body, "sections": shown})


def _about(party_id: UUID) -> dict[str, Any]:
    return {
        "identity": subject_data(party_id),
        "marketplace": organization_data(party_id),
        "money": money_for_party(party_id),
    }


def _pages(parties: list[UUID], bundle: Bundle) -> dict[str, bytes]:
    kind, _, key = bundle.requested_by.partition(":")
    actor = Actor(kind, key)
    found = {}
    for party_id in parties:
        for row in documents_of_subject(party_id):
            for number in range(1, row.pages + 1):
                page = document_store.show_page(row, number, actor=actor, why=f"export {bundle.pk}")
                name = f"documents/{row.pk}/page-{number}.{EXTENSIONS.get(page.media_type, 'bin')}"
                found[name] = page.body
    return found


def _kept() -> list[dict[str, Any]]:
    """How long what is kept; without a word on which of the classes anybody is in."""
    return [
        {"what": each.title, "months": each.months, "from": each.runs_from, "kind": each.kind, "why": each.citation}
        for each in schedule().classes.values()
    ]


def _title(name: str) -> str:
    return TITLES.get(name) or name.replace("_", " ").capitalize()


README = """Your data on a Gridclear platform

data.html   to read and to print
data.json   the same for programs
documents/  what you handed in, page by page, as it is kept
manifest.json and data.json.sig prove what came from us: the file keys/*.pem holds the public key.

Keep this file as you keep your passport: it holds personal data, of the owners whom you named too.

Not in it: the values of environment variables of workloads (their leases' pages show them), other people's data, and
what the law forbids us to tell anybody, such as whether a report was made. `kept` says how long each class of records
stays, and by which law.
"""
