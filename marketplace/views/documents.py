"""The officers' viewer: one document of a case, page by page, and what a vendor proved. Each look is on record."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe

from compliance.base.errors import NotFound
from compliance.selectors.cases import case_named
from compliance.selectors.documents import document_in_case
from compliance.services import document_store, documents, identity_decisions
from marketplace.views.base import crumb, officer_view, person
from marketplace.views.case_view import actor_names, name_of

# A page of a document is a picture that may do nothing, be kept nowhere and stand on no other site.
PICTURE_HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store, private",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}
never_kept = cache_control(no_store=True, private=True)


@require_safe
@never_kept
@officer_view
def document(request: HttpRequest, pk: UUID, document_id: UUID) -> HttpResponse:
    """One document with all its pages and what is known of it."""
    case, row = case_named(pk), document_in_case(document_id, pk)
    if row.pages_gone_at is not None:
        raise NotFound("The pages of this document are gone.")
    names = actor_names([row.uploaded_by])
    context = {
        "case": case,
        "document": row,
        "kind": row.get_kind_display(),
        "uploaded_by": name_of(row.uploaded_by, names),
        "numbers": range(1, row.pages + 1),
        "may_refuse": row.state == "stored" and case.state != "closed",
        "crumbs": [
            crumb("Cases", reverse("web:cases")),
            crumb(f"Case {case.number}", reverse("web:case", args=[pk])),
            crumb(row.get_kind_display()),
        ],
    }
    return render(request, "marketplace/document.html", context)


@require_safe
@officer_view
def page(request: HttpRequest, pk: UUID, document_id: UUID, number: int) -> HttpResponse:
    """One page as a picture. That this officer looked at it, in this case, is in the audit log."""
    case, row = case_named(pk), document_in_case(document_id, pk)
    actor = person(request).as_actor()
    shown = document_store.show_page(row, number, actor=actor, why=f"case {case.number}")
    suffix = "jpg" if shown.media_type == "image/jpeg" else "png"
    headers = {**PICTURE_HEADERS, "Content-Disposition": f'inline; filename="page-{number}.{suffix}"'}
    return HttpResponse(shown.body, content_type=shown.media_type, headers=headers)


@require_POST
@officer_view
def refuse(request: HttpRequest, pk: UUID, document_id: UUID) -> HttpResponse:
    """The document counts for nothing any more."""
    row = document_in_case(document_id, pk)
    documents.refuse_document(row.pk, actor=person(request).as_actor())
    messages.success(request, f"{row.get_kind_display()}: not good enough. It counts for nothing any more.")
    return redirect("web:case", pk)


@require_POST
@never_kept
@officer_view
def proven(request: HttpRequest, pk: UUID, check_id: UUID) -> HttpResponse:
    """What a vendor proved of the party's person. Opened by POST, because opening it is a deed on record."""
    case = case_named(pk)
    if case.party_id is None:
        raise NotFound
    actor = person(request).as_actor()
    shown = identity_decisions.show_person(check_id, case.party_id, actor=actor, why=f"case {case.number}")
    lines = [
        ("First name", shown.first_name),
        ("Last name", shown.last_name),
        ("Date of birth", shown.birth_date),
        ("Country of the address", shown.address_country),
        ("Document", shown.document_type.replace("_", " ")),
        ("Country of the document", shown.document_country),
    ]
    context = {
        "case": case,
        "lines": [(name, value or "not told") for name, value in lines],
        "crumbs": [
            crumb("Cases", reverse("web:cases")),
            crumb(f"Case {case.number}", reverse("web:case", args=[pk])),
            crumb("Proven person"),
        ],
    }
    return render(request, "marketplace/proven.html", context)
