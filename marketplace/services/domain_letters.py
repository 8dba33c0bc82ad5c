"""The letter with the code that proves a company's domain."""

from uuid import UUID

from compliance.base.actor import Actor
from compliance.base.errors import Refusal
from compliance.services import domain_proofs
from marketplace.services import mail

_BODY = """Somebody asks Gridclear to accept this address as proof of your company's domain.

The code is {code}. It is good for half an hour, once. Enter it on the page "Verification".

If it was not you, do nothing: without the code nothing is proven."""


class LetterNotSent(Refusal):
    """The mail server did not take the letter."""

    code = "letter_not_sent"
    http_status = 503
    default_message = "The letter could not be sent just now. Nothing was proven; try again in a minute."


def send_code(party_id: UUID, address: str, *, actor: Actor) -> None:
    """A letter with a code is on its way to the address, which is at a company's own domain.

    The caller has checked who acts for the party. Raises DomainRefused, NotFound, Conflict, LetterNotSent.
    """
    _, code = domain_proofs.begin_by_letter(party_id, address, actor=actor)
    try:
        mail.send([address], "Your code for Gridclear", _BODY.format(code=code))
    except OSError as error:
        raise LetterNotSent from error
