"""Owners are told in time that their organization's verification runs out."""

from compliance.base.actor import system
from compliance.selectors.identity import reminders_due, submission
from compliance.services import identity_expiry
from marketplace.services import mail

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
        words = f"{days} day{'' if days == 1 else 's'}"
        if not mail.tell_owners(row.party_id, f"Renew your verification: {words} left", _BODY, days=words):
            continue
        identity_expiry.note_reminded(verification_id, days, actor=ACTOR)
        count += 1
    return count
