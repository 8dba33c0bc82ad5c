"""Money in suspense goes where it belongs: one officer says where and why, another approves, and it is moved.

The two agree in the difference's own case (`cases`): the proposal is a proposed release of it with the reason
`difference_explained`, the approval is its approval, on the case's page or by command, and it closes the case. What was
proposed is booked then, once: by the news of the case, or by the sweep, which looks at every case that is waited for.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.errors import Conflict, InvalidInput, NotFound, Refusal
from compliance.base.transition import transition
from compliance.selectors.cases import Ending, ending_of
from compliance.services import cases, money_alarms
from compliance.services.officers import require_officer
from settlement.models import Explanation
from settlement.money import amount_words
from settlement.selectors.suspense import EXPLAINED, InSuspense, explanations_waiting, in_suspense
from settlement.services import claims, ledger, rows
from settlement.services.accounts import AccountKey, Kind, Pot, of_platform
from settlement.services.ledger import Line

logger = logging.getLogger(__name__)
State = Explanation.State
# What no second officer looked at for so long is withdrawn: the money stays where it is.
DECIDE_WITHIN = timedelta(days=14)
OF_PARTIES = (Kind.AVAILABLE, Kind.PAYABLE, Kind.CLAIM)
# Every other account moves with deeds of its own.
PLACES = (*OF_PARTIES, Kind.FEES, Kind.CHARGEBACKS, Kind.PROCESSING, Kind.BANK)
# Debts, costs of payments and the bank are of cards alone: nothing but the contract holds what came by chain.
PLACES_OF = {Pot.CARD: PLACES, Pot.ESCROW: (Kind.AVAILABLE, Kind.PAYABLE, Kind.FEES, Kind.CHARGEBACKS)}
_WORK = "The booking of an explanation"


class ExplanationInvalid(InvalidInput):
    """What is said does not fit what lies there."""

    code = "explanation_invalid"
    default_message = "This cannot be explained so. Nothing was changed."


class NotInSuspense(NotFound):
    """The transfer left nothing there, or all of it is explained."""

    code = "not_in_suspense"
    default_message = "This transfer left nothing in suspense that is not explained. Nothing was changed."


class ExplainedAlready(Conflict):
    """Somebody has proposed something about this transfer or in this case."""

    code = "explained_already"
    default_message = (
        "Another explanation of this transfer, or in this case, waits for a second officer. Nothing was changed; "
        "return its case first."
    )


@dataclass(frozen=True, slots=True)
class Place:
    """An account of the pot in which the money lies; the party is given for accounts of parties alone."""

    kind: str
    party_id: UUID | None = None


def propose(
    transfer_id: UUID, case_id: UUID, place: Place, why: str, *, actor: Actor, amount_minor: int | None = None
) -> UUID:
    """An officer says that so much of what the transfer left in suspense (all of it, for None) belongs there.

    The case of the difference awaits a second officer. Amounts are above zero, whichever side of suspense it lies on.
    Raises Forbidden, NotInSuspense, ExplanationInvalid, ExplainedAlready, and what the case refuses (NotFound,
    Conflict, IllegalTransition).
    """
    require_officer(actor)
    found = next(iter(in_suspense([transfer_id])), None)
    if found is None:
        raise NotInSuspense
    amount = _signed(found, amount_minor)
    _check(place, found)
    body = f"{why.strip()} To {place.kind}{f' of party {place.party_id}' if place.party_id else ''}: "
    body += f"{amount_words(amount, found.currency)} of transfer {transfer_id}."
    if not why.strip():
        raise ExplanationInvalid("Say why it belongs there. Nothing was changed.")
    try:
        with transaction.atomic():
            cases.propose_alarm_release(case_id, body, actor=actor)
            row = Explanation.objects.create(
                pk=uuid4(),
                state=State.PROPOSED,
                state_changed_at=clock.now(),
                state_deadline_at=clock.now() + DECIDE_WITHIN,
                transfer_id=transfer_id,
                case_id=case_id,
                kind=place.kind,
                party_id=place.party_id,
                currency=found.currency,
                amount_minor=amount,
                proposed_by=actor.ref,
            )
            audit.record("explanation.proposed", actor=actor, subject=row, data=_facts(row))
    except IntegrityError as error:
        raise ExplainedAlready from error
    return row.pk


def approve(explanation_id: UUID, why: str, *, actor: Actor) -> None:
    """The case is closed by this second officer, and the money is where it belongs.

    Raises NotFound, Conflict, Forbidden, FourEyesRequired, and what the ledger refuses.
    """
    row = Explanation.objects.filter(pk=explanation_id).first()
    if row is None:
        raise NotFound("There is no such explanation. Nothing was changed.")
    if row.state != State.PROPOSED:
        raise Conflict("This explanation was booked or withdrawn already. Nothing was changed.")
    with transaction.atomic():
        cases.approve_disposition(row.case_id, why, actor=actor)
        _follow(row.pk, actor)


def follow_case(case_id: UUID, *, actor: Actor) -> bool:
    """The explanation that waits for the case, if any, stands as the case says. Returns whether anything changed.

    One that the ledger refuses is withdrawn, and officers have a case for it.
    """
    row = Explanation.objects.filter(case_id=case_id, state=State.PROPOSED).first()
    if row is None:
        return False
    try:
        with transaction.atomic():
            return _follow(row.pk, actor)
    except Refusal as refusal:
        logger.error("explanation %s was not booked: %s", row.pk, refusal.code)
        with transaction.atomic():
            _withdraw(_locked(row.pk), refusal.code, actor)
            money_alarms.open_case_of_stuck(_WORK, refusal.code, str(row.transfer_id), row.pk, actor=actor)
        return True


def sweep(*, actor: Actor) -> int:
    """Every explanation that waits stands as its case says. Returns how many changed."""
    waiting = explanations_waiting().values_list("case_id", flat=True)[:100]
    return rows.each(_WORK, waiting, lambda case_id: follow_case(case_id, actor=actor), actor=actor)


def _signed(found: InSuspense, amount_minor: int | None) -> int:
    if amount_minor is None:
        return found.left_minor
    if type(amount_minor) is not int or not 0 < amount_minor <= abs(found.left_minor):
        left = amount_words(abs(found.left_minor), found.currency)
        raise ExplanationInvalid(f"An amount lies between nothing and the {left} that are left. Nothing was changed.")
    return amount_minor if found.left_minor > 0 else -amount_minor


def _check(place: Place, found: InSuspense) -> None:
    places = PLACES_OF[Pot(found.pot)]
    if place.kind not in places:
        raise ExplanationInvalid(f"It belongs to one of {', '.join(places)}. Nothing was changed.")
    if (place.party_id is not None) != (place.kind in OF_PARTIES):
        raise ExplanationInvalid("A party is named exactly for an account of a party. Nothing was changed.")


def _follow(explanation_id: UUID, actor: Actor) -> bool:
    row = _locked(explanation_id)
    if row.state != State.PROPOSED:
        return False
    ending = ending_of(row.case_id)
    if ending.closed and ending.explained and ending.proposed_by == row.proposed_by:
        _book(row, ending, actor)
        return True
    overdue = row.state_deadline_at is not None and row.state_deadline_at <= clock.now()
    if ending.closed or ending.proposed_by != row.proposed_by or overdue:
        _withdraw(row, "overdue" if overdue else "case_went_on", actor)
        return True
    return False


def _locked(explanation_id: UUID) -> Explanation:
    return Explanation.objects.select_for_update(no_key=True).get(pk=explanation_id)


def _book(row: Explanation, ending: Ending, actor: Actor) -> None:
    pot = in_suspense([row.transfer_id])[0].pot
    suspense = of_platform(Kind.SUSPENSE, pot, row.currency)
    place = AccountKey(row.kind, pot, row.currency, row.party_id)
    owner = row.party_id if pot == Pot.CARD else None
    of_party = claims.accounts_of(owner) if owner else []
    transfer_id = ledger.transfer_id_for(EXPLAINED, row.pk)
    # Every row of the place: what goes the other way may take from more than one of a shared account's.
    ledger.lock({suspense, place, *of_party})
    lines = [Line(suspense, -row.amount_minor), Line(place, row.amount_minor)]
    transition(
        row,
        State.BOOKED,
        actor=actor,
        event="explanation.booked",
        data=_facts(row) | {"proposed_by": row.proposed_by, "approved_by": ending.approved_by},
        approved_by=ending.approved_by,
    )
    ledger.post(transfer_id, EXPLAINED, lines, subject_id=row.pk, memo=str(row.transfer_id))
    if owner:
        claims.pay_off(owner)


def _withdraw(row: Explanation, code: str, actor: Actor) -> None:
    transition(row, State.WITHDRAWN, actor=actor, event="explanation.withdrawn", data={"code": code})


def _facts(row: Explanation) -> dict[str, object]:
    told = {"transfer": str(row.transfer_id), "case": str(row.case_id), "to": row.kind, "currency": row.currency}
    return {**told, "party": str(row.party_id) if row.party_id else None, "amount_minor": row.amount_minor}
