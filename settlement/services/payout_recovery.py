"""Transfers that left although the books say otherwise: booked from the network's word, so that none is repeated.

Two ways lead there. A house that was restored from an old backup has forgotten payouts that it sent; the network is
asked for them before each transfer. And a worker that stood still just before it asked for a transfer may do so
after its payout has failed and the money is payable again. Officers have a case for each.
"""

import logging
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from compliance.base import audit
from compliance.base.actor import Actor
from compliance.services import money_alarms
from compliance.services.money_alarms import MoneyDifference
from settlement.models import Payout, Transfer
from settlement.rails.card_states import SentTransfer
from settlement.services import claims, ledger, payouts
from settlement.services.accounts import Kind, Pot, clearing, of_platform
from settlement.services.ledger import Line

logger = logging.getLogger(__name__)
RECOVERED = "payout.recovered"
USD = claims.USD
State = Payout.State
# The network dates a transfer by its own clock, and before we know of it.
CLOCKS_APART = timedelta(days=1)


def remembered_until(payout: Payout) -> int:
    """Since when (unix seconds) transfers to the payout's destination may have been forgotten: what an older backup
    still knows went before. Zero where the books know of none.
    """
    known = Payout.objects.filter(destination=payout.destination, state=State.SENT)
    newest = known.aggregate(at=Max("state_changed_at"))["at"]
    return int((newest - CLOCKS_APART).timestamp()) if newest else 0


def forgotten(sent: Sequence[SentTransfer]) -> list[SentTransfer]:
    """Those of the transfers that stand in the books neither as a payout's nor as recovered.

    One that carries no payout's id was made by hand: reconciliation tells of it.
    """
    ids = {each.payout_id for each in sent if each.payout_id is not None}
    known = set(Payout.objects.filter(pk__in=ids, state__in=(State.SENDING, State.SENT)).values_list("pk", flat=True))
    booked = set(Transfer.objects.filter(pk__in=map(_transfer_id, sent)).values_list("pk", flat=True))
    return [each for each in sent if each.payout_id in ids - known and _transfer_id(each) not in booked]


def recover(payout_id: UUID, lost: Sequence[SentTransfer], *, actor: Actor) -> None:
    """The transfers stand in the books, and the payout that would have repeated them has failed: what is still owed is
    planned anew. Told twice, once. Raises PayoutNotFound.
    """
    with transaction.atomic():
        payout = _locked(payout_id, lost)
        payouts.fail_payout(payout_id, "earlier_transfer_found", actor=actor)
        _book(payout, lost, actor)


def take_late(payout_id: UUID, transfer_id: str, *, actor: Actor) -> None:
    """The transfer of a payout that had failed before it was sent stands in the books; nothing for any other payout.

    Raises PayoutNotFound.
    """
    with transaction.atomic():
        sent = SentTransfer(transfer_id, payout_id, payouts.locked_payout(payout_id).amount_minor)
        payout = _locked(payout_id, [sent])
        if payout.state == State.FAILED and not Transfer.objects.filter(pk=_transfer_id(sent)).exists():
            _book(payout, [sent], actor)


def _locked(payout_id: UUID, lost: Sequence[SentTransfer]) -> Payout:
    """The payout, locked with every account that its provider's transfers touch."""
    payout = payouts.locked_payout(payout_id)
    keys = [claims.key_of(kind, payout.party_id) for kind in (Kind.PAYABLE, Kind.PAYING, Kind.BLOCKED)]
    shared = [of_platform(Kind.SUSPENSE, Pot.CARD, USD), clearing(Pot.CARD, USD)]
    ledger.lock([*keys, *shared], causes=[_transfer_id(sent) for sent in lost])
    return payout


def _book(payout: Payout, lost: Sequence[SentTransfer], actor: Actor) -> None:
    payable = claims.key_of(Kind.PAYABLE, payout.party_id)
    for sent in lost:
        part = min(sent.amount_minor, max(0, ledger.balance_of(payable)))
        lines = [
            Line(clearing(Pot.CARD, USD), sent.amount_minor),
            Line(payable, -part),
            # What the books do not know to be earned either is for people to explain.
            Line(of_platform(Kind.SUSPENSE, Pot.CARD, USD), part - sent.amount_minor),
        ]
        ledger.post(_transfer_id(sent), RECOVERED, lines, subject_id=sent.payout_id, memo=sent.id)
        data = {"transfer": sent.id, "amount_minor": sent.amount_minor, "earned_minor": part}
        audit.record(RECOVERED, actor=actor, subject=payout, data=data)
    money_alarms.open_cases_for([_case_of(sent) for sent in lost], payout.pk, actor=actor)
    logger.error("payout %s: the books did not know of %s transfers to the same account", payout.pk, len(lost))


def _transfer_id(sent: SentTransfer) -> UUID:
    return ledger.transfer_id_for(RECOVERED, sent.id)


def _case_of(sent: SentTransfer) -> MoneyDifference:
    words = "a transfer that the books did not know of was booked from the network's word"
    return MoneyDifference("card", sent.id, f"{sent.amount_minor} cents", words)
