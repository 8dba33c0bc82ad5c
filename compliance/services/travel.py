"""Data about originator and beneficiary are collected before money moves on chain, and passed on where rules say so."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.errors import Conflict, InvalidInput, NotFound
from compliance.base.sealed_leaves import seal_leaves, subjects_of
from compliance.base.sealing import Subject, SubjectErased
from compliance.base.transition import transition
from compliance.engine import ivms101, travel
from compliance.engine.ivms101 import Somebody
from compliance.models import HostedWallet, Party, TravelCounterparty, TravelDelivery, TravelRecord
from compliance.selectors.parties import parties_by_id, wallet_proven_at
from compliance.selectors.policies import travel_rules_for
from compliance.selectors.travel import MESSAGE, context_of, is_awaited, message_of
from compliance.services import travel_delivery, travel_passing
from compliance.services.officers import require_officer
from compliance.services.subject_keys import ciphers_for, record_shown

Direction = TravelRecord.Direction


class TravelDataMissing(Conflict):
    """Something that must be known of a transfer of this size is not."""

    code = "travel_data_missing"
    default_message = "We need more about you before a transfer of this size. Nothing was moved."


class TravelDataAwaited(Conflict):
    """The other provider's data about a transfer have not come."""

    code = "travel_data_awaited"
    default_message = (
        "Your wallet is kept by a provider whose data about this transfer have not come yet. Nothing was moved; it "
        "goes on as soon as they are here."
    )


@dataclass(frozen=True, slots=True)
class TravelFacts:
    """A transfer that is about to begin. `amount_usd` in whole dollars, exact; None for a party is the operator itself.

    A wallet is self-hosted unless an officer told that a provider keeps it (`travel_counterparties.keeps_wallet`).
    """

    direction: str
    subject_id: UUID
    amount_minor: int
    currency: str
    amount_usd: Fraction
    wallet: str
    contract: str
    originator_id: UUID | None
    beneficiary_id: UUID


def collect(facts: TravelFacts, *, actor: Actor) -> TravelRecord:
    """What is known of both ends is on record, sealed under their keys, once for each transfer.

    Told again, what stands is returned. Raises TravelDataMissing where a rule forbids to begin without, and then
    nothing is kept; NotFound, SubjectErased, TravelRulesInvalid.
    """
    present = TravelRecord.objects.filter(subject_id=facts.subject_id).first()
    if present is not None:
        return present
    customer_id = facts.originator_id if facts.direction == Direction.DEPOSIT else facts.beneficiary_id
    if customer_id is None:
        raise InvalidInput("A deposit has an originator. Nothing was moved.")
    keeper = _keeper_of(facts.wallet)
    transfer = _transfer(facts, keeper)
    wallet_kind = travel.CASP if keeper else travel.SELF_HOSTED
    rules = travel_rules_for(clock.now())
    applied = rules.that_apply(facts.amount_usd, wallet_kind)
    unknown = ivms101.missing(transfer)
    proven = wallet_proven_at(customer_id, facts.wallet) is not None
    # What we do not say of ourselves is on record, and no reason to keep a customer waiting.
    asked = [path for path in unknown if facts.originator_id or not path.startswith("originator.")]
    if lacking := travel.refused(applied, asked, proven=proven):
        words = ", ".join(_PLAIN.get(each, each) for each in lacking)
        raise TravelDataMissing(
            f"A transfer of this size needs {words}. Nothing was moved; complete your verification and ask again."
        )
    row = TravelRecord(
        id=uuid4(),
        direction=facts.direction,
        subject_id=facts.subject_id,
        party_id=customer_id,
        wallet_kind=wallet_kind,
        wallet=facts.wallet,
        amount_minor=facts.amount_minor,
        currency=facts.currency,
        rules=rules.label,
        applied=[rule.code for rule in applied],
        missing=list(travel.lacking(applied, unknown, proven=proven)),
        must_pass_on=travel.PASS_ON in travel.demanded(applied),
        must_hold=travel.held(applied),
        counterparty=keeper,
    )
    row.sealed = _sealed(row, ivms101.message(transfer), facts)
    with transaction.atomic():
        row.save(force_insert=True)
        audit.record("travel.collected", actor=actor, subject=row, data={"rules": row.applied, "missing": row.missing})
        travel_delivery.post(row, actor=actor)
    return row


def show(record_id: UUID, *, actor: Actor, why: str) -> dict[str, Any]:
    """The message, for an officer to see or hand over; the audit log says who saw it, and why.

    Raises Forbidden, NotFound, InvalidInput without a reason, SubjectErased.
    """
    require_officer(actor)
    if not why.strip():
        raise InvalidInput("Personal data is opened for a reason, which goes on record. Nothing was shown.")
    row = _found(record_id)
    with transaction.atomic():
        context = context_of(row)
        for subject in subjects_of(row.sealed):
            record_shown(subject, context.record, context.purpose, actor=actor, why=why)
        return message_of(row)


def mark_passed(record_id: UUID, to: str, reference: str, *, actor: Actor) -> TravelRecord:
    """The record says with which provider the data were exchanged by hand, under which reference; once.

    A delivery that was under way has ended. Raises Forbidden, NotFound, InvalidInput, Conflict.
    """
    require_officer(actor)
    errors = {}
    if not to.strip() or len(to) > 120:
        errors["to"] = "The provider, in at most 120 characters."
    if not reference.strip() or len(reference) > 120:
        errors["reference"] = "By what they know it, in at most 120 characters."
    if errors:
        raise InvalidInput("Say with whom, and under which reference. Nothing was changed.", errors=errors)
    with transaction.atomic():
        row = travel_passing.passed(record_id, to, reference, by=actor)
        delivery = TravelDelivery.objects.select_for_update().filter(record=row).first()
        if delivery is not None and not delivery.is_terminal:
            transition(delivery, TravelDelivery.State.BY_HAND, actor=actor, event="travel.by_hand", taken_until=None)
    return row


def require_received(subject_id: UUID) -> None:
    """No rule holds the transfer for data that have not been exchanged. Raises TravelDataAwaited."""
    if is_awaited(subject_id):
        raise TravelDataAwaited


_PLAIN = {
    "originator.name": "your name",
    "originator.geographicAddress": "your address with its country",
    "originator.dateOfBirth": "your date of birth",
    "originator.nationalIdentification": "your LEI or registration number",
    "beneficiary.name": "the name of whoever is paid",
    "ownership": "proof that the wallet is yours",
}


def _keeper_of(wallet: str) -> TravelCounterparty | None:
    found = HostedWallet.objects.filter(address=wallet).select_related("counterparty").first()
    return found.counterparty if found else None


def _transfer(facts: TravelFacts, keeper: TravelCounterparty | None) -> ivms101.Transfer:
    people = parties_by_id([each for each in (facts.originator_id, facts.beneficiary_id) if each])
    if facts.beneficiary_id not in people or (facts.originator_id and facts.originator_id not in people):
        raise NotFound("There is no such party. Nothing was moved.")
    operator = _operator()
    casp = Somebody(True, keeper.name, keeper.country, lei=keeper.lei) if keeper else None
    incoming = facts.direction == Direction.DEPOSIT
    return ivms101.Transfer(
        originator=_somebody(people[facts.originator_id]) if facts.originator_id else operator,
        beneficiary=_somebody(people[facts.beneficiary_id]),
        from_address=facts.wallet if incoming else facts.contract,
        to_address=facts.contract if incoming else facts.wallet,
        originating_vasp=casp if incoming else operator,
        beneficiary_vasp=operator if incoming else casp,
    )


def _somebody(party: Party) -> Somebody:
    return Somebody(
        is_entity=party.kind == Party.Kind.ENTITY,
        name=party.name,
        country=party.country,
        address=party.address,
        birth_date=party.birth_date,
        registration_number=party.registration_number,
        lei=party.lei,
        customer_id=str(party.pk),
    )


def _operator() -> Somebody:
    filer = settings.GRIDCLEAR_FILER
    return Somebody(is_entity=True, name=filer["filer_name"] or "Gridclear", address=filer["filer_address"])


def _sealed(row: TravelRecord, message: dict[str, Any], facts: TravelFacts) -> dict[str, Any]:
    ids = dict.fromkeys(each for each in (facts.originator_id, facts.beneficiary_id) if each)
    subjects = [Subject.party(each) for each in ids]
    ciphers = ciphers_for(subjects)
    if any(subject not in ciphers for subject in subjects):
        raise SubjectErased
    return seal_leaves({MESSAGE: message}, subjects, ciphers, context_of(row))


def _found(record_id: UUID) -> TravelRecord:
    row = TravelRecord.objects.filter(pk=record_id).first()
    if row is None:
        raise NotFound("There is no such travel record. Nothing was changed.")
    return row
