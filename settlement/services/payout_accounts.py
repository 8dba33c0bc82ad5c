"""Connected accounts of providers: whether money can be moved to them, as the card network says.

Its notices tell at once, come late, twice, in any order, or never. So each is also a reason to ask soon, and what was
not asked about for a while is asked about: every account in a day, one that takes no money in an hour.
"""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q

from compliance.base import audit, clock
from compliance.base.actor import Actor, system
from settlement.models import PaymentProfile
from settlement.rails import card
from settlement.rails.card import CardError, Recipient
from settlement.services import rows

ACTOR = system("payout-accounts")
AFTER_A_DAY, AFTER_AN_HOUR = timedelta(days=1), timedelta(hours=1)
BATCH = 200
# Stripe's words for an account that was closed, or that is no longer connected to the platform.
GONE = frozenset({"resource_missing", "account_invalid"})


def apply_recipient(recipient: Recipient, *, actor: Actor) -> bool:
    """The account's state is on record; returns whether money can go there. An unknown account changes nothing."""
    with transaction.atomic():
        named = PaymentProfile.objects.select_for_update(no_key=True).filter(stripe_account_id=recipient.id)
        for profile in named:
            if profile.payouts_enabled != recipient.payouts_enabled:
                profile.payouts_enabled = recipient.payouts_enabled
                profile.save(update_fields=["payouts_enabled"])
                event = f"payout_account.{'opened' if recipient.payouts_enabled else 'closed'}"
                audit.record(event, actor=actor, subject=profile)
    return recipient.payouts_enabled


def hear_of(recipient: Recipient, *, actor: Actor) -> bool:
    """As `apply_recipient` for a notice, which may be older than what is known: the network is asked soon besides."""
    PaymentProfile.objects.filter(stripe_account_id=recipient.id).update(account_due_at=clock.now())
    return apply_recipient(recipient, actor=actor)


def read_due_accounts() -> int:
    """Every account whose time has come stands as the card network says; returns of how many it said anything.

    Asks the network; what it does not answer now stays due. Twice at once, late or dying half-way does no harm.
    """
    named = PaymentProfile.objects.exclude(stripe_account_id="")
    due = named.filter(Q(account_due_at=None) | Q(account_due_at__lte=clock.now()))
    longest = due.order_by(F("account_due_at").asc(nulls_first=True), "pk")
    ids = list(longest.values_list("pk", flat=True)[:BATCH])
    return rows.each("The state of a payout account", ids, _read, actor=ACTOR)


def _read(profile_id: UUID) -> bool:
    profile = PaymentProfile.objects.get(pk=profile_id)
    if not profile.stripe_account_id:
        return False
    payable = apply_recipient(_told(profile.stripe_account_id), actor=ACTOR)
    # A notice that came meanwhile has made it due again, and stays heard.
    unheard = PaymentProfile.objects.filter(pk=profile_id, account_due_at=profile.account_due_at)
    return bool(unheard.update(account_due_at=clock.now() + (AFTER_A_DAY if payable else AFTER_AN_HOUR)))


def _told(account_id: str) -> Recipient:
    """How the account stands; one that is gone takes no money. Raises the rail's CardError when nobody knows."""
    try:
        return card.rail().read_recipient(account_id)
    except CardError as error:
        if error.code not in GONE:
            raise
        return Recipient(account_id, False)
