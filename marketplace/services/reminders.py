"""Owners are told in time that their organization's verification runs out."""

import logging

from compliance.base.actor import system
from compliance.selectors.identity import reminders_due, submission
from compliance.services import identity_expiry
from marketplace.models import Organization
from marketplace.services import mail

logger = logging.getLogger(__name__)
ACTOR = system("reminders")
_BODY = """The verification of {name} on Gridclear runs out in {days}.

From then on it can open no lease and is paid nothing. Renew it now: what is in force stays so until we have decided.
Log in and open the page "Verification"."""


def remind_of_expiry() -> int:
    """Every reminder that is due was sent; returns how many. One that the mail server does not take is sent later."""
    count = 0
    for verification_id in reminders_due():
        days = identity_expiry.claim_reminder(verification_id)
        row = submission(verification_id)
        if days is None or row is None:
            continue
        try:
            for organization in Organization.objects.filter(party_id=row.party_id):
                words = f"{days} day{'' if days == 1 else 's'}"
                body = _BODY.format(name=organization.name, days=words)
                mail.send(mail.owners_of(organization), f"Renew your verification: {words} left", body)
        except OSError:
            logger.warning("the reminder of verification %s was not sent; it is tried again", verification_id)
            continue
        identity_expiry.note_reminded(verification_id, days, actor=ACTOR)
        count += 1
    return count
