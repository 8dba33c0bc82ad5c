"""What parties tell for their documents, and the tax rates that the operator puts on record."""

from dataclasses import replace
from datetime import date
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.enqueue import enqueue
from compliance.base.errors import Conflict, InvalidInput
from compliance.base.sealing import Subject
from compliance.services.countries import ISO_COUNTRIES
from compliance.services.subject_keys import seal
from settlement.models import BillingProfile, TaxRate
from settlement.selectors.billing import as_bytes, context_of
from settlement.tax import SCHEMES, TaxParty
from settlement.vat_numbers import MEMBER_STATES, fits, prefix_of, tidy

SELF_BILLING_TERMS = "2026-11-25"
# What was told may be what a document waited for.
ISSUE = "settlement.issue_invoices"
_LONGEST = {"name": 200, "address": 400, "vat_number": 20, "registration": 64, "note": 300}


class RateOnRecord(Conflict):
    """Another rate of that country is on record from that day."""

    code = "rate_on_record"
    default_message = "Another rate of this country is on record from that day. Nothing was changed."


def tell_billing(party_id: UUID, details: TaxParty, *, self_billing: bool, actor: Actor) -> TaxParty:
    """The party is named so on documents from now on; issued ones stay as they are. Returns what stands.

    `self_billing`: the platform issues the party's invoices to its renters, from the moment it first agreed.
    Raises InvalidInput, SubjectErased, and Conflict when a team-mate told at the same moment.
    """
    told = _checked(details, self_billing)
    try:
        _store(party_id, told, self_billing, actor)
    except IntegrityError as error:
        raise Conflict from error
    return told


def _store(party_id: UUID, told: TaxParty, self_billing: bool, actor: Actor) -> None:
    with transaction.atomic():
        row = BillingProfile.objects.select_for_update().filter(party_id=party_id).first()
        row = row or BillingProfile(pk=uuid4(), party_id=party_id)
        row.details_sealed = seal(Subject.party(party_id), as_bytes(told), context_of(row.pk))
        row.changed_at = clock.now()
        if not self_billing:
            row.self_billing_at, row.self_billing_terms = None, ""
        elif row.self_billing_at is None:
            row.self_billing_at, row.self_billing_terms = row.changed_at, SELF_BILLING_TERMS
        row.save()
        data = {"self_billing": self_billing, "terms": row.self_billing_terms, "scheme": told.scheme}
        audit.record("billing.told", actor=actor, subject=row, data=data)
        enqueue(ISSUE)


def _checked(details: TaxParty, self_billing: bool) -> TaxParty:
    told = replace(
        details,
        name=" ".join(details.name.split()),
        address="\n".join(" ".join(line.split()) for line in details.address.splitlines() if line.strip()),
        country=details.country.strip().upper(),
        vat_number=tidy(details.vat_number),
        registration=" ".join(details.registration.split()),
        note=" ".join(details.note.split()),
    )
    for name, most in _LONGEST.items():
        if len(getattr(told, name)) > most:
            raise InvalidInput(f"{name} is longer than {most} characters. Nothing was changed.")
    if not told.name or told.country not in ISO_COUNTRIES:
        raise InvalidInput("Documents need a name and a country. Nothing was changed.")
    if told.vat_number and told.country in MEMBER_STATES and not fits(told.vat_number, told.country):
        raise InvalidInput(
            f"This is not the form of a VAT number of {told.country}: it begins with {prefix_of(told.country)}. "
            "Nothing was changed."
        )
    if told.scheme not in ("", *SCHEMES):
        raise InvalidInput(f"A scheme is one of {', '.join(SCHEMES)}. Nothing was changed.")
    if told.scheme == "eu_vat" and not told.has_vat_number:
        raise InvalidInput("VAT of the EU is charged with a VAT number of your own member state. Nothing was changed.")
    if self_billing and not (told.scheme and told.address):
        raise InvalidInput("For invoices in your name, tell your address and how you are taxed. Nothing was changed.")
    return told


def record_tax_rate(
    country: str, rate_bps: int, *, valid_from: date, source: str, read_on: date, actor: Actor
) -> TaxRate:
    """The rate is on record, and documents of periods that end on or after that day use it. Said twice, it is once.

    Raises InvalidInput, RateOnRecord.
    """
    if country not in ISO_COUNTRIES or not 0 <= rate_bps <= 10_000 or not source.strip():
        raise InvalidInput("A rate has a country, 0 to 100 %, and a source. Nothing was changed.")
    try:
        with transaction.atomic():
            rate = TaxRate.objects.create(
                country=country, rate_bps=rate_bps, valid_from=valid_from, source=source.strip()[:200], read_on=read_on
            )
            data = {"country": country, "rate_bps": rate_bps, "valid_from": valid_from.isoformat()}
            audit.record("tax_rate.recorded", actor=actor, subject=rate, data=data)
            enqueue(ISSUE)
    except IntegrityError as error:
        present = TaxRate.objects.get(country=country, valid_from=valid_from)
        if present.rate_bps != rate_bps:
            raise RateOnRecord from error
        return present
    return rate
