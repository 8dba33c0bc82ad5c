"""Letters about a renter's money: what of a refund was made, arrived or failed, and what a card did not pay."""

from uuid import UUID

from compliance.base.actor import system
from marketplace.services import mail
from settlement.money import amount_words
from settlement.services import rows
from settlement.services.money_letters import DueLetter, News, claim_letter, note_sent, unsent_letters

ACTOR = system("letters")
BATCH = 100
_SUBJECTS = {
    News.REFUND_MADE: "A refund of {amount} is on its way",
    News.REFUND_ARRIVED: "A refund of {amount}",
    News.REFUND_FAILED: "A refund of {amount} did not arrive",
    News.OWED: "Your card did not pay for a lease: {amount} are owed",
}
_REFUND = "The {giver} of lease {lease} {gave} {amount} back to {name}. The reason: {why}.\n\n{how}"
_GAVE = {News.REFUND_MADE: "gives", News.REFUND_ARRIVED: "gave", News.REFUND_FAILED: "wanted to give"}
_FAILED = """It came to nothing, and none of it is on your card. Ask the provider, or us, to give it again; how it
stands is on the page of the lease, under "Refunds"."""
# By news, and by where the refund goes. One to the balance is there at once.
_HOW = {
    News.REFUND_MADE: {"card": "It goes to the card that paid, and we write again when it has left us."},
    News.REFUND_ARRIVED: {
        "card": "The card network has it for the card that paid; its bank shows it within some days.",
        "balance": "It is on your prepaid balance; what you owed, if anything, was paid from it first.",
    },
    News.REFUND_FAILED: {"card": _FAILED},
}
_UNUSED = """You asked for {amount} of unused prepaid money of {name} back.

{how}"""
_UNUSED_FAILED = """It came to nothing, and none of it is on your card. It is on your prepaid balance again; what
you owed, if anything, was paid from it first. Log in and open "Balance and receipts" to ask again: another card goes
first then, if you topped up with another."""
_OWED = """The card that was to pay for lease {lease} of {name} did not pay all of it: {amount} are owed now.

The next money on your balance pays that first, and until then no new lease begins. Log in and open "Balance and
receipts" to top up. Nothing is charged by itself."""


def write_money_letters() -> int:
    """Every letter about money that waits was sent to the party's owners; how many went.

    One that the mail server does not take is sent later. Call outside any transaction.
    """
    waiting = list(unsent_letters().values_list("pk", flat=True)[:BATCH])
    return rows.each("A letter about money", waiting, _write, actor=ACTOR)


def _write(letter_id: UUID) -> bool:
    letter = claim_letter(letter_id)
    if letter is None:
        return False
    subject, body, facts = _words(letter)
    if not mail.tell_owners(letter.party_id, subject, body, **facts):
        return False
    note_sent(letter.id)
    return True


def _words(letter: DueLetter) -> tuple[str, str, dict[str, str]]:
    """Subject and body of the letter, and the facts that the body has places for besides the organization's name."""
    news, lease = News(letter.news), str(letter.lease_id)[:8]
    if letter.refund is None:
        amount = amount_words(letter.owed_minor, "USD")
        return _SUBJECTS[news].format(amount=amount), _OWED, {"lease": lease, "amount": amount}
    refund = letter.refund
    amount = amount_words(refund.amount_minor, refund.currency)
    if refund.lease_id is None:
        how = _UNUSED_FAILED if news == News.REFUND_FAILED else _HOW[news][refund.rail]
        return _SUBJECTS[news].format(amount=amount), _UNUSED, {"amount": amount, "how": how}
    giver = "provider" if refund.given_by == "provider" else "platform, in place of the provider,"
    why = refund.words[:1].lower() + refund.words[1:]
    facts = {"lease": lease, "giver": giver, "gave": _GAVE[news], "amount": amount, "why": why}
    return _SUBJECTS[news].format(amount=amount), _REFUND, facts | {"how": _HOW[news][refund.rail]}
