"""Receipts: what one lease cost, written once, at settlement."""

from django.db import connection
from django.db.models import Max

from settlement.models import Hold, Receipt

_NUMBERS_LOCK = 0x6772_6964_7265_6365  # "gridrece"


def issue(hold: Hold, *, total_minor: int, fee_minor: int, returned_minor: int) -> Receipt:
    """The receipt of the hold stands, with the next number; a hold that has one keeps it.

    Numbers have no gaps: the lock is held until the settlement's transaction ends, and a number that was rolled back
    is given out again. Amounts in minor units of the hold's currency.
    """
    present = Receipt.objects.filter(hold=hold).first()
    if present is not None:
        return present
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_NUMBERS_LOCK])
    last = Receipt.objects.aggregate(top=Max("number"))["top"] or 0
    return Receipt.objects.create(
        number=last + 1,
        hold=hold,
        party_id=hold.party_id,
        payee_party_id=hold.payee_party_id,
        subject_id=hold.subject_id,
        currency=hold.currency,
        billed_seconds=hold.billed_seconds,
        rate_minor_per_hour=hold.rate_minor_per_hour,
        total_minor=total_minor,
        fee_minor=fee_minor,
        payee_minor=total_minor - fee_minor,
        refunded_minor=returned_minor,
        credit_minor=hold.credit_minor,
        credit_reason=hold.credit_reason,
        description=hold.description,
    )
