"""The party's own page for a question of ours: the words of the question and nothing of why it is asked."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from compliance.base.errors import NotFound, Refusal
from compliance.selectors.cases import correspondence_with, open_requests_to
from compliance.services import cases, documents
from marketplace.forms.cases import AnswerForm
from marketplace.permissions import DEAL
from marketplace.views.base import Seat, member_view, show_refusal


@member_view
def answer(request: HttpRequest, seat: Seat, pk: UUID) -> HttpResponse:
    """Questions and answers of one case; 404 unless the organization was asked in it."""
    party_id = seat.organization.party_id
    thread = correspondence_with(party_id, pk)
    if not thread:
        raise NotFound
    pending = next(iter(open_requests_to(party_id, pk)), None)
    may_answer = pending is not None and seat.may(DEAL)
    form = AnswerForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and may_answer and form.is_valid():
        told = form.cleaned_data
        try:
            handed_in = documents.hand_in_answer(pk, party_id, told["documents"], actor=seat.actor)
            cases.answer_request(pk, told["body"], actor=seat.actor, documents=handed_in)
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, "Your answer is sent. Nothing more is needed from you now.")
            return redirect("web:answer", pk)
    context = {
        "thread": [
            {
                "mine": note.kind == "answer",
                "body": note.body,
                "at": note.created_at,
                "documents": len(note.documents.all()),
            }
            for note in thread
        ],
        "may_answer": may_answer,
        "deadline_at": pending.case.state_deadline_at if pending else None,
        "form": form,
    }
    return render(request, "marketplace/answer.html", context)
