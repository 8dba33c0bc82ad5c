"""News about money for which a party is owed a letter: on record with the deed itself, so that none is lost.

The words are the marketplace's, which knows whom to write to; it claims each letter, sends it and says so.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from compliance.base import clock
from settlement.models import MoneyLetter, Refund
from settlement.money import LEAST_CARD_MINOR
from settlement.selectors.refunds import RefundView, view_of
from settlement.services import claims

News, State = MoneyLetter.News, Refund.State
# A writer that dies is followed by another: a letter may come twice and is never lost.
CLAIM_LASTS = timedelta(minutes=10)
_NEWS = {
    State.REQUESTED: News.REFUND_MADE,
    State.SENDING: News.REFUND_MADE,
    State.DONE: News.REFUND_ARRIVED,
    State.FAILED: News.REFUND_FAILED,
}


@dataclass(frozen=True, slots=True)
class DueLetter:
    """What a letter is about: a refund as it stands, or else what the party owes (USD cents) for the lease."""

    id: UUID
    party_id: UUID
    news: str
    lease_id: UUID | None
    refund: RefundView | None
    owed_minor: int


def tell_of_refund(refund: Refund) -> None:
    """The renter is owed a letter about how the refund stands now. Runs in the transaction of the change."""
    _owe(_NEWS[State(refund.state)], refund.pk, refund.party_id)


def tell_of_debt(party_id: UUID, lease_id: UUID) -> None:
    """The renter is owed a letter that its card did not pay for the lease, if that stops it. Runs in the caller's."""
    if claims.owed_minor(party_id) >= LEAST_CARD_MINOR:
        _owe(News.OWED, lease_id, party_id)


def _owe(news: str, subject_id: UUID, party_id: UUID) -> None:
    letter = MoneyLetter(news=news, subject_id=subject_id, party_id=party_id)
    MoneyLetter.objects.bulk_create([letter], ignore_conflicts=True)


def unsent_letters() -> QuerySet[MoneyLetter]:
    """Letters that nobody has sent or is sending, oldest first. An erased party has none."""
    free = Q(claimed_at=None) | Q(claimed_at__lte=clock.now() - CLAIM_LASTS)
    return MoneyLetter.objects.filter(free, sent_at=None, party__erased_at=None).order_by("created_at", "pk")


def claim_letter(letter_id: UUID) -> DueLetter | None:
    """The letter, for the caller that sends it now; None when another does, or when its news is old by now."""
    with transaction.atomic():
        rows = unsent_letters().select_for_update(of=("self",), skip_locked=True)
        letter = rows.filter(pk=letter_id).first()
        if letter is None:
            return None
        due = _due(letter)
        letter.claimed_at = clock.now()
        letter.sent_at = None if due else clock.now()
        letter.save(update_fields=["claimed_at", "sent_at"])
    return due


def note_sent(letter_id: UUID) -> None:
    """The party has the letter; doing it again changes nothing."""
    MoneyLetter.objects.filter(pk=letter_id, sent_at=None).update(sent_at=clock.now())


def _due(letter: MoneyLetter) -> DueLetter | None:
    if letter.news == News.OWED:
        owed = claims.owed_minor(letter.party_id)
        debt = DueLetter(letter.pk, letter.party_id, letter.news, letter.subject_id, None, owed)
        return debt if owed >= LEAST_CARD_MINOR else None
    refund = Refund.objects.select_related("receipt").get(pk=letter.subject_id)
    if _NEWS[State(refund.state)] != letter.news:
        return None
    view = view_of(refund)
    return DueLetter(letter.pk, letter.party_id, letter.news, view.lease_id, view, 0)
