"""Proof that a domain is a company's own: by a TXT record, or by a code in a letter to an address at the domain."""

import hashlib
import hmac
import secrets
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.errors import Conflict, InvalidInput, NotFound
from compliance.base.transition import transition
from compliance.engine.domains import NoCompanyDomain, company_domain
from compliance.models import DomainProof, Party
from compliance.selectors.domain_proofs import due_for_a_look
from compliance.sources import dns

LABEL = "_gridclear-challenge"
PREFIX = "gridclear-verification="
DNS_LASTS = timedelta(days=7)
CODE_LASTS = timedelta(minutes=30)
PROVEN_LASTS = timedelta(days=180)
MOST_ATTEMPTS = 5
MOST_OPEN = 5
MOST_LETTERS_AN_HOUR = 5
_CODE_DIGITS = 8
_State, _Method = DomainProof.State, DomainProof.Method


class DomainRefused(InvalidInput):
    """The domain cannot be a company's own."""

    code = "domain_refused"


class DomainNotProven(Conflict):
    """The record is not there, or the code is another."""

    code = "domain_not_proven"
    default_message = "The record is not there yet. Nothing was changed; records can take an hour to show."


class CodeSpent(Conflict):
    """The code has expired, was used, or was tried too often."""

    code = "code_spent"
    default_message = "This code is used up or has expired. Nothing was changed; ask for a new letter."


def begin_by_dns(party_id: UUID, domain: str, *, actor: Actor) -> DomainProof:
    """A TXT record is asked for at the domain, for a week; asking again gives the same record.

    The caller has checked who acts for the party. Raises DomainRefused, NotFound, Conflict.
    """
    name = _checked(domain)
    with transaction.atomic():
        _hold_party(party_id)
        found = _open(party_id, name, _Method.DNS, actor)
        if found is not None:
            return found
        return _made(party_id, name, _Method.DNS, DNS_LASTS, actor, token=secrets.token_hex(20))


def begin_by_letter(party_id: UUID, address: str, *, actor: Actor) -> tuple[DomainProof, str]:
    """A code stands for a letter to the address; returns it, for the letter alone. Good for half an hour, once.

    Asking again makes a new code and ends the old one. The address itself is not kept.
    Raises DomainRefused, NotFound, Conflict.
    """
    name = _checked(address.rpartition("@")[2])
    code = "".join(secrets.choice("0123456789") for _ in range(_CODE_DIGITS))
    with transaction.atomic():
        _hold_party(party_id)
        found = _open(party_id, name, _Method.EMAIL, actor)
        if found is not None:
            _lapse(found, "asked_again", actor)
        _require_few_letters(party_id)
        row = _made(party_id, name, _Method.EMAIL, CODE_LASTS, actor)
        row.code_digest = _digest(row, code)
        row.save(update_fields=["code_digest"])
    return row, code


def prove_by_dns(proof_id: UUID, party_id: UUID, *, actor: Actor) -> DomainProof:
    """The domain is the party's: its record says so. Asks the resolver: not inside a transaction.

    Raises NotFound, DomainNotProven, DnsUnavailable.
    """
    row = DomainProof.objects.filter(pk=proof_id, party_id=party_id, method=_Method.DNS, state=_State.PENDING).first()
    if row is None or _is_over(row):
        raise NotFound("There is no such proof under way. Nothing was changed; begin anew.")
    if not _record_stands(row):
        raise DomainNotProven
    return _proven(row, actor)


def prove_by_code(proof_id: UUID, party_id: UUID, code: str, *, actor: Actor) -> DomainProof:
    """The domain is the party's: somebody at it read the letter. Five tries, then the code is spent.

    Raises NotFound, CodeSpent, DomainNotProven.
    """
    counted = DomainProof.objects.filter(
        pk=proof_id,
        party_id=party_id,
        method=_Method.EMAIL,
        state=_State.PENDING,
        state_deadline_at__gt=clock.now(),
        attempts__lt=MOST_ATTEMPTS,
    ).update(attempts=F("attempts") + 1)
    row = DomainProof.objects.filter(pk=proof_id, party_id=party_id, method=_Method.EMAIL).first()
    if row is None:
        raise NotFound("There is no such proof under way. Nothing was changed; begin anew.")
    if not counted:
        raise CodeSpent
    given = "".join(each for each in code if each.isdigit())
    if not hmac.compare_digest(row.code_digest, _digest(row, given)):
        raise DomainNotProven("This is not the code of the letter. Nothing was changed.")
    return _proven(row, actor)


def sweep_domain_proofs(*, actor: Actor) -> int:
    """No proof waits for ever, and one that has grown old is looked at again. Returns how many changed.

    A domain whose record still stands is proven anew; one proven by a letter has to be proven again. A resolver that
    does not answer changes nothing for a week. Asks the resolver: not inside a transaction.
    """
    count = 0
    for row in due_for_a_look():
        if row.state == _State.PENDING:
            _lapse(row, "not_proven_in_time", actor)
        else:
            stands = _still_stands(row)
            if stands is None:
                continue
            (_look_held if stands else _look_ended)(row, actor)
        count += 1
    return count


def record_name(row: DomainProof) -> str:
    """Where the TXT record goes."""
    return f"{LABEL}.{row.domain}"


def record_value(row: DomainProof) -> str:
    """What the TXT record says."""
    return f"{PREFIX}{row.token}"


def _look_held(row: DomainProof, actor: Actor) -> None:
    row.state_deadline_at = clock.now() + PROVEN_LASTS
    row.save(update_fields=["state_deadline_at"])
    audit.record("domain.proven_again", actor=actor, subject=row, data={"party": str(row.party_id)})


def _look_ended(row: DomainProof, actor: Actor) -> None:
    transition(row, _State.ENDED, actor=actor, event="domain.ended", data={"party": str(row.party_id)})


def _lapse(row: DomainProof, reason: str, actor: Actor) -> None:
    transition(row, _State.LAPSED, actor=actor, event="domain.lapsed", data={"reason": reason})


def _still_stands(row: DomainProof) -> bool | None:
    """Whether the record is there; None while the resolver has not answered for less than a week."""
    if row.method != _Method.DNS:
        return False
    try:
        return _record_stands(row)
    except dns.DnsUnavailable:
        patience_ends_at = (row.state_deadline_at or clock.now()) + DNS_LASTS
        return None if clock.now() < patience_ends_at else False


def _record_stands(row: DomainProof) -> bool:
    wanted = record_value(row).encode()
    # Every record is compared: what is found, and when, tells nothing.
    matches = [hmac.compare_digest(found.strip().encode(), wanted) for found in dns.txt_records(record_name(row))]
    return any(matches)


def _proven(row: DomainProof, actor: Actor) -> DomainProof:
    now = clock.now()
    transition(
        row,
        _State.PROVEN,
        actor=actor,
        event="domain.proven",
        data={"party": str(row.party_id), "method": row.method},
        deadline_at=now + PROVEN_LASTS,
        proven_at=now,
        code_digest="",
    )
    return row


def _made(party_id: UUID, domain: str, method: str, lasts: timedelta, actor: Actor, *, token: str = "") -> DomainProof:
    if DomainProof.objects.filter(party_id=party_id, state=_State.PENDING).count() >= MOST_OPEN:
        raise Conflict("Too many proofs are under way. Nothing was changed; finish one, or wait a week.")
    row = DomainProof.objects.create(
        state=_State.PENDING,
        state_changed_at=clock.now(),
        state_deadline_at=clock.now() + lasts,
        party_id=party_id,
        domain=domain,
        method=method,
        token=token,
    )
    audit.record("domain.proof_begun", actor=actor, subject=row, data={"party": str(party_id), "method": method})
    return row


def _open(party_id: UUID, domain: str, method: str, actor: Actor) -> DomainProof | None:
    """The proof under way; one that is over and not swept yet makes way."""
    rows = DomainProof.objects.select_for_update().filter(party_id=party_id, domain=domain, method=method)
    row = rows.filter(state=_State.PENDING).first()
    if row is not None and _is_over(row):
        _lapse(row, "not_proven_in_time", actor)
        return None
    return row


def _require_few_letters(party_id: UUID) -> None:
    """Nobody's mailbox is filled by asking again and again. Raises Conflict."""
    since = clock.now() - timedelta(hours=1)
    sent = DomainProof.objects.filter(party_id=party_id, method=_Method.EMAIL, created_at__gt=since).count()
    if sent >= MOST_LETTERS_AN_HOUR:
        raise Conflict("Too many letters were sent within an hour. Nothing was changed; try again later.")


def _is_over(row: DomainProof) -> bool:
    return row.state_deadline_at is None or row.state_deadline_at <= clock.now()


def _digest(row: DomainProof, code: str) -> str:
    """Keyed, so that a stolen database gives no codes away, and bound to the one proof."""
    key = settings.SECRET_KEY.encode()
    return hmac.new(key, f"gridclear-domain-code:{row.pk}:{code}".encode(), hashlib.sha256).hexdigest()


def _hold_party(party_id: UUID) -> None:
    if not Party.objects.select_for_update().filter(pk=party_id).exists():
        raise NotFound("There is no such party. Nothing was changed.")


def _checked(domain: str) -> str:
    try:
        return company_domain(domain)
    except NoCompanyDomain as error:
        raise DomainRefused(f"{error} Nothing was changed.") from error
