"""A verification takes force: whole, about the party as it is, decided by officers or by a vendor's fitting answer."""

import json
from datetime import timedelta
from uuid import UUID

from compliance.base import audit, clock
from compliance.base.actor import Actor, system
from compliance.base.errors import Conflict, InvalidInput, NotFound
from compliance.base.identity_vendor import PersonProven
from compliance.base.sealing import Context, Subject
from compliance.base.transition import transition
from compliance.engine.levels import Level
from compliance.engine.person_fits import differences
from compliance.models import Case, IdentityCheck, IdentityVerification
from compliance.selectors.identity_needs import NeedState, level_of, need_states, open_needs, proving_checks
from compliance.selectors.ownership import facts_digest
from compliance.selectors.sealed import open_sealed
from compliance.services import cases, subject_keys
from compliance.services.officers import require_officer

BY_VENDOR = system("identity_vendor")
# After an officer's rejection a machine verifies nobody for so long.
WARY_FOR = timedelta(days=365)
_State = IdentityVerification.State


class FactsChanged(Conflict):
    """The party, its owners or theirs are not as they were when it submitted."""

    code = "facts_changed"
    default_message = (
        "The party's details changed after it submitted this verification. Nothing was changed; ask it to submit anew."
    )


class NeedsOpen(InvalidInput):
    """Something that the level asks for is not there."""

    code = "needs_open"

    def __init__(self, open_ones: list[NeedState]) -> None:
        self.needs = tuple(each.need for each in open_ones)
        labels = "; ".join(need.label for need in self.needs)
        codes = [need.code for need in self.needs]
        super().__init__(f"Still needed: {labels}. Nothing was changed.", needs=codes)


def require_complete(verification: IdentityVerification) -> Level:
    """The level of a verification whose facts are as submitted and whose needs are all met.

    Raises FactsChanged, NeedsOpen.
    """
    if verification.state == _State.SUBMITTED and facts_digest(verification.party_id) != verification.facts_digest:
        raise FactsChanged
    level = level_of(verification.party, verification.level)
    if level is None:
        raise FactsChanged
    # Ages are those of the day of submission: an officer who takes a week makes no document old.
    if lacking := open_needs(need_states(verification.party, level, verification.created_at)):
        raise NeedsOpen(lacking)
    return level


def put_in_force(verification: IdentityVerification, level: Level, *, actor: Actor) -> None:
    """The verification counts from now on, and no other of the party does. Its case is closed.

    The caller has seen that it is complete and that the actor may decide.
    """
    now = clock.now()
    # One verification is in force at a time: to reject it is to end the party's verification.
    for old in IdentityVerification.objects.filter(party_id=verification.party_id, state=_State.VERIFIED):
        transition(old, _State.EXPIRED, actor=actor, event="identity.expired", data={"reason": "superseded"})
    transition(
        verification,
        _State.VERIFIED,
        actor=actor,
        event="identity.verified",
        data={"party": str(verification.party_id), "level": verification.level, "levels": verification.levels},
        deadline_at=now + level.valid_for,
        decided_by=actor.ref,
        verified_at=now,
        expires_at=now + level.valid_for,
    )
    cases.close_identity_case(verification.pk, Case.Disposition.RELEASE, actor=actor)


def conclude_by_vendor(party_id: UUID) -> bool:
    """The party's submission is in force if its level lets a vendor suffice and a vendor's answer fits it.

    Where the answer differs, the audit log says in what, and an officer decides. Runs in the caller's transaction.
    """
    rows = IdentityVerification.objects.select_for_update(of=("self",)).select_related("party")
    verification = rows.filter(party_id=party_id, state=_State.SUBMITTED).first()
    level = level_of(verification.party, verification.level) if verification else None
    if verification is None or level is None or not level.vendor_suffices or _was_rejected_lately(party_id):
        return False
    check = next(iter(proving_checks(verification.party, level, verification.created_at)), None)
    if check is None or check.person_sealed is None:
        return False
    party = verification.party
    differs = differences(person_of(check), name=party.name, aliases=tuple(party.aliases), birth_date=party.birth_date)
    if differs:
        data = {"check": str(check.pk), "differs": list(differs)}
        audit.record("identity.vendor_differs", actor=BY_VENDOR, subject=verification, data=data)
        return False
    try:
        put_in_force(verification, require_complete(verification), actor=BY_VENDOR)
    except (FactsChanged, NeedsOpen):
        return False
    verification.method = check.vendor
    verification.save(update_fields=["method"])
    return True


def person_of(check: IdentityCheck) -> PersonProven:
    """What the vendor proved, opened for the platform's own comparing."""
    body = open_sealed(Subject.party(check.party_id), bytes(check.person_sealed or b""), person_context(check))
    return PersonProven.from_json(json.loads(body))


def show_person(check_id: UUID, party_id: UUID, *, actor: Actor, why: str) -> PersonProven:
    """What the vendor proved of the party's person, for an officer to see; that it was seen is in the audit log.

    Raises Forbidden, NotFound, SubjectErased.
    """
    require_officer(actor)
    check = IdentityCheck.objects.filter(pk=check_id, party_id=party_id).first()
    if check is None or check.person_sealed is None:
        raise NotFound
    sealed = bytes(check.person_sealed)
    body = subject_keys.reveal(Subject.party(party_id), sealed, person_context(check), actor=actor, why=why)
    return PersonProven.from_json(json.loads(body))


def person_context(check: IdentityCheck) -> Context:
    """Where the sealed person of the check belongs."""
    return Context(f"compliance.identitycheck:{check.pk}", "person")


def _was_rejected_lately(party_id: UUID) -> bool:
    since = clock.now() - WARY_FOR
    return IdentityVerification.objects.filter(
        party_id=party_id, state=_State.REJECTED, state_changed_at__gt=since
    ).exists()
