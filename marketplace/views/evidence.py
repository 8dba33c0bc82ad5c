"""Evidence for officers: asked for, watched while it is made, downloaded on record."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from marketplace.exports import as_file
from marketplace.forms.records import EvidenceForm
from marketplace.models import Bundle
from marketplace.selectors.bundles import bundles
from marketplace.services import bundles as services
from marketplace.views.base import officer_view, page_of, person
from marketplace.views.case_view import actor_names, name_of
from marketplace.views.records import record_tabs


@officer_view
def evidence(request: HttpRequest) -> HttpResponse:
    """The bundles, newest first; a POST asks for one."""
    form = EvidenceForm(request.POST or None, initial={"kind": request.GET.get("kind", "decision")})
    if request.method == "POST" and form.is_valid():
        wanted = form.cleaned_data
        services.request_evidence(wanted["kind"], wanted["about_id"], actor=person(request).as_actor())
        messages.success(request, "The bundle is being made. It can be downloaded here for a week.")
        return redirect("web:evidence")
    page = page_of(request, bundles())
    names = actor_names({row.requested_by for row in page.object_list})
    page.object_list = [row_of(row, names) for row in page.object_list]
    context = {
        "form": form,
        "page": page,
        "making": any(row["making"] for row in page.object_list),
        "tabs": record_tabs("web:evidence"),
    }
    return render(request, "records/evidence.html", context)


@require_GET
@officer_view
def evidence_file(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The bundle as a file; who took it is in the audit log."""
    bundle, body = services.download(pk, actor=person(request).as_actor())
    return zip_response(body, f"evidence-{bundle.kind}-{bundle.about_id}.zip")


def zip_response(body: bytes, name: str) -> HttpResponse:
    """A file that nothing on the way keeps."""
    return as_file(HttpResponse(body, content_type="application/zip"), name)


def row_of(bundle: Bundle, names: dict[str, str]) -> dict[str, Any]:
    """A bundle as the table shows it."""
    ready = bundle.state == Bundle.State.READY and bundle.file_gone_at is None
    return {
        "about": bundle.about_id,
        "kind": bundle.get_kind_display(),
        "state": f"bundle_{bundle.state}",
        "making": bundle.state in (Bundle.State.REQUESTED, Bundle.State.BUILDING),
        "progress": bundle.progress,
        "sha256": bundle.sha256,
        "kib": -(-bundle.byte_size // 1024),
        "asked_by": name_of(bundle.requested_by, names),
        "at": bundle.created_at,
        "until": bundle.state_deadline_at if ready else None,
        "failure": bundle.failure_code.replace("_", " "),
        "url": reverse("web:evidence_file", args=[bundle.pk]) if ready else "",
    }
