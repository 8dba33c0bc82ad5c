"""A wallet is proven: the message is shown, signed in the browser or elsewhere, and its signature brought back."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from compliance.base.errors import Forbidden, NotFound, Refusal
from marketplace.forms.verification import SignatureForm
from marketplace.permissions import OWN
from marketplace.views.base import Seat, crumb, member_view, show_refusal
from settlement.services import wallet_proofs


@require_POST
@member_view
def wallet_proof(request: HttpRequest, seat: Seat) -> HttpResponse:
    """With an address alone: a fresh message to sign. With the message and its signature: the wallet is proven.

    Nothing of it is in the page's address, and a message can be signed once, so the page is made by POST each time.
    """
    if not seat.may(OWN):
        raise Forbidden("Only an owner of the organization may do this. Nothing was changed.")
    address, message = request.POST.get("address", "").strip(), request.POST.get("message", "")
    party_id = seat.organization.party_id
    back = f"{reverse('web:verification')}#wallets"
    form = SignatureForm(request.POST if message else None)
    try:
        if message and form.is_valid():
            data = form.cleaned_data
            wallet_proofs.prove_wallet(party_id, data["message"], data["signature"], actor=seat.actor)
            messages.success(request, "The wallet is proven to be yours.")
            return redirect(back)
        if not message:
            asked = wallet_proofs.begin_proof(party_id, address, actor=seat.actor)
            form = SignatureForm(initial={"message": asked.message})
            message, address = asked.message, asked.address
    except NotFound:
        raise
    except Refusal as refusal:
        if not message:
            messages.warning(request, refusal.message)
            return redirect(back)
        show_refusal(form, refusal)
    context = {
        "form": form,
        "message": message,
        "address": address,
        "crumbs": [crumb("Verification", back), crumb("Prove a wallet")],
    }
    return render(request, "marketplace/wallet_proof.html", context)
