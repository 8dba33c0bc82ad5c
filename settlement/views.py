"""The doors for others' notices: the card network's, and those of providers whom we told about a transfer."""

import json
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from compliance.base.actor import system
from compliance.base.errors import InvalidInput, Refusal
from compliance.services import travel_delivery
from settlement.services import inbox

TRAVEL = system("travel")
LONGEST_ANSWER = 64 * 1024


@csrf_exempt  # The signature proves the sender; there is no session to ride on.
@require_POST
def stripe_webhook(request: HttpRequest) -> JsonResponse:
    """The notice is stored with its effect (200), or refused (problem+json); 200 ends its redelivery."""
    try:
        outcome = inbox.receive_stripe(request.body, request.headers.get("Stripe-Signature", ""))
    except Refusal as refusal:
        return _problem(refusal)
    return JsonResponse({"outcome": outcome})


@csrf_exempt  # The address itself, which only who was asked knows, proves the sender; there is no session to ride on.
@require_POST
def travel_answer(request: HttpRequest, pk: UUID, token: str) -> HttpResponse:
    """The provider's word about our inquiry is kept (204), or refused (problem+json)."""
    try:
        if len(request.body) > LONGEST_ANSWER:
            raise InvalidInput("The answer is too long. Nothing was changed.")
        try:
            said = json.loads(request.body)
        except ValueError as error:
            raise InvalidInput("The answer is no JSON. Nothing was changed.") from error
        travel_delivery.resolve(pk, token, said, actor=TRAVEL)
    except Refusal as refusal:
        return _problem(refusal)
    return HttpResponse(status=204)


def _problem(refusal: Refusal) -> JsonResponse:
    problem = {"type": "about:blank", "title": refusal.code, "code": refusal.code, "detail": refusal.message}
    status = refusal.http_status
    return JsonResponse(problem | {"status": status}, status=status, content_type="application/problem+json")
