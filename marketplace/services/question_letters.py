"""A question of ours reaches the organization by letter: that there is one and until when, never what or why."""

import logging

from compliance.base.actor import system
from compliance.services.question_notices import claim_question, note_told, untold_questions
from marketplace.models import Organization
from marketplace.services import mail

logger = logging.getLogger(__name__)
ACTOR = system("letters")
BATCH = 100
SUBJECT = "We have a question for you"
BODY = """Gridclear needs some information from {name} to go on.

Log in and open the page "Verification": the question stands there, with a field for your answer and for documents.
Please answer by {day:%d %B %Y} (UTC). Do not answer this letter: nobody reads its replies."""


def write_about_questions() -> int:
    """Every question that waits was told to the organization's owners; how many letters went.

    One that the mail server does not take is sent later. Call outside any transaction.
    """
    count = 0
    for note_id in list(untold_questions().values_list("pk", flat=True)[:BATCH]):
        note = claim_question(note_id)
        if note is None:
            continue
        day = note.case.state_deadline_at
        try:
            for organization in Organization.objects.filter(party__cases=note.case):
                mail.send(mail.owners_of(organization), SUBJECT, BODY.format(name=organization.name, day=day))
        except OSError:
            logger.warning("the letter about question %s was not sent; it is tried again", note_id)
            continue
        note_told(note_id, actor=ACTOR)
        count += 1
    return count
