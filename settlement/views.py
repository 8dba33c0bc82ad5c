"""The door for the card network's notices."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from compliance.base.errors import Refusal
from settlement.services import inbox


@csrf_exempt  # The signature proves the sender; there is no session to ride on.
@require_POST
def stripe_webhook(request: HttpRequest) -> JsonResponse:
    """The notice is stored with its effect (200), or refused (problem+json); 200 ends its redelivery."""
    try:
        outcome = inbox.receive_stripe(request.body, request.headers.get("Stripe-Signature", ""))
    except Refusal as refusal:
        problem = {"type": "about:blank", "title": refusal.code, "code": refusal.code, "detail": refusal.message}
        return JsonResponse(
            problem | {"status": refusal.http_status},
            status=refusal.http_status,
            content_type="application/problem+json",
        )
    return JsonResponse({"outcome": outcome})
