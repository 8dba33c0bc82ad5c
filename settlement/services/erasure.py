"""What settlement keeps of a party in the open, when the party is erased; and what rails told, when its time is over.

Ledger, holds, receipts and payouts name parties by id alone and stay. A wallet address on a chain is public, and no
row of ours can take it back.
"""

from datetime import datetime

from compliance.selectors.retention import erased_parties
from settlement.models import AutoTopUp, InboundEvent, PaymentProfile

FORGOTTEN: dict[str, bool] = {"forgotten": True}


def follow_erasures() -> int:
    """No payment profile of an erased party names it on a rail any more, and no card. Returns how many were blanked."""
    cards = AutoTopUp.objects.filter(party_id__in=erased_parties().values("pk")).exclude(card_words="")
    blanked = cards.update(payment_method="", card_words="")
    named = PaymentProfile.objects.filter(party_id__in=erased_parties().values("pk"))
    named = named.exclude(stripe_customer_id="", stripe_account_id="", payout_wallet="")
    named_no_more = {"stripe_customer_id": "", "stripe_account_id": "", "payout_wallet": ""}
    return blanked + named.update(**named_no_more, payouts_enabled=False)


def forget_notices(before: datetime) -> int:
    """What rails sent before that moment is kept as a fact without its words. Returns how many were forgotten.

    One that was never processed is left: an operator must see why.
    """
    old = InboundEvent.objects.filter(created_at__lt=before, processed_at__isnull=False)
    return old.exclude(payload=FORGOTTEN).update(payload=FORGOTTEN)
