"""Erasure: the subjects' keys are destroyed and what lay in the open is blanked; records, digests and the log stay.

Set-based: a batch of parties goes in one transaction, in a fixed number of statements. What the apps above keep in the
open follows from `party.erased_at`, which they look for by themselves.
"""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.base.errors import Conflict, NotFound
from compliance.base.sealing import Subject, SubjectErased
from compliance.engine.personal import ERASED
from compliance.models import (
    Case,
    CaseBatch,
    DomainProof,
    Finding,
    HostedWallet,
    IdentityCheck,
    IdentityVerification,
    LegalHold,
    LivenessCode,
    Match,
    OwnershipDeclaration,
    OwnershipEdge,
    Party,
    PartyWallet,
    PaymentSign,
    PlaceSign,
    Report,
    Restriction,
    RetentionClock,
    Screening,
    TravelRecord,
    WalletChallenge,
)
from compliance.selectors import retention as selectors
from compliance.services import retention_clocks, subject_keys
from compliance.services.notices import send_on_commit
from compliance.signals import parties_erased

BATCH = 200
RETENTION_ENDED, ON_REQUEST = "retention_ended", "on_request"


class StillKept(Conflict):
    """The law, a running relation or a legal hold keeps the party's records."""

    code = "still_kept"


def erase_due(*, actor: Actor, limit: int = 2_000) -> int:
    """Everybody whose last class of records has ended, and whom nothing holds, is erased; returns how many.

    The clocks must have been wound by everybody who knows of one, see `retention_clocks`. What is due is judged anew
    within each batch, so that a hold or a dealing of a moment ago counts.
    """
    due = selectors.due_parties(limit)
    count = 0
    for start in range(0, len(due), BATCH):
        count += _erase_if_due(due[start : start + BATCH], actor)
    return count


def erase_on_request(party_id: UUID, *, actor: Actor) -> None:
    """The party is erased because its person asks for it: what only a policy of ours keeps does not stand against that.

    Raises NotFound, SubjectErased when it is already, and StillKept while the law or a legal hold keeps it.
    """
    retention_clocks.refresh_clocks()
    with transaction.atomic():
        party = Party.objects.select_for_update().filter(pk=party_id).first()
        if party is None:
            raise NotFound("There is no such party. Nothing was changed.")
        if party.erased_at is not None:
            raise SubjectErased
        for found in selectors.kept([party_id], law_only=True):
            if found.held:
                raise StillKept("A legal hold keeps these records. Nothing was changed.")
            if not found.is_due:
                until = f"until {found.until:%Y-%m-%d}" if found.until else "while it goes on"
                raise StillKept(f"The law keeps these records {until} ({found.record_class}). Nothing was changed.")
        if any(found.held for found in selectors.kept([party_id])):
            raise StillKept("A legal hold keeps these records. Nothing was changed.")
        _erase([party_id], ON_REQUEST, actor)


def _erase_if_due(party_ids: Sequence[UUID], actor: Actor) -> int:
    with transaction.atomic():
        # Who places a hold, and the gate when it answers, take these rows: whoever is first is seen by the other.
        held_still = Party.objects.select_for_update(skip_locked=True).filter(pk__in=party_ids, erased_at=None)
        ids = list(held_still.order_by("pk").values_list("pk", flat=True))
        retention_clocks.refresh_clocks(ids)
        due = [found.party_id for found in selectors.kept(ids) if found.is_due]
        if due:
            _erase(due, RETENTION_ENDED, actor)
    return len(due)


def _erase(party_ids: Sequence[UUID], reason: str, actor: Actor) -> None:
    subject_keys.destroy_many([Subject.party(each) for each in party_ids], actor=actor, reason=reason)
    _blank_party(party_ids)
    _blank_findings(party_ids)
    _blank_identity(party_ids)
    _blank_money(party_ids)
    _blank_words(party_ids)
    audit.record_many(
        "party.erased",
        actor=actor,
        subject_kind=Party._meta.label_lower,
        about=[(str(each), {"reason": reason}) for each in party_ids],
    )
    send_on_commit(parties_erased, party_ids=list(party_ids))


def _blank_party(party_ids: Sequence[UUID]) -> None:
    Party.objects.filter(pk__in=party_ids).update(
        name=ERASED,
        aliases=[],
        region="",
        address="",
        registration_number="",
        lei="",
        birth_date="",
        undisclosed="",
        erased_at=clock.now(),
    )
    addresses = PartyWallet.objects.filter(party_id__in=party_ids).values("address")
    HostedWallet.objects.filter(address__in=addresses).delete()
    for proof in (PartyWallet, WalletChallenge, DomainProof):
        proof.objects.filter(party_id__in=party_ids).delete()
    OwnershipEdge.objects.filter(Q(owner_id__in=party_ids) | Q(owned_id__in=party_ids)).update(source="")
    OwnershipDeclaration.objects.filter(party_id__in=party_ids).update(source="")
    RetentionClock.objects.filter(party_id__in=party_ids).delete()
    for sign in (PlaceSign, PaymentSign):
        sign.objects.filter(party_id__in=party_ids).delete()


def _blank_findings(party_ids: Sequence[UUID]) -> None:
    """A match names a listed person, a finding's scope an end user: both tell who the party was."""
    Match.objects.filter(party_id__in=party_ids).update(
        listed_name=ERASED, external_id=ERASED, entry_hash="", features=[]
    )
    Screening.objects.filter(party_id__in=party_ids).update(subject_hash="")
    Finding.objects.filter(party_id__in=party_ids).update(scope="", subject_hash="", expires_at=clock.now())
    Case.objects.filter(party_id__in=party_ids).update(findings_wanted=[], summary=ERASED)
    # Each other case of the batch keeps these words in its own notes, sealed under its own party's key.
    CaseBatch.objects.filter(items__case__party_id__in=party_ids).update(why=ERASED, approval=ERASED)


def _blank_words(party_ids: Sequence[UUID]) -> None:
    """What officers wrote about the party outside its sealed notes."""
    Restriction.objects.filter(party_id__in=party_ids).update(reason="", citation="", target_ref="", lift_reason="")
    LegalHold.objects.filter(party_id__in=party_ids).update(reason=ERASED, reference="", lift_reason="")
    Report.objects.filter(party_id__in=party_ids).exclude(reason="").update(reason=ERASED)


def _blank_identity(party_ids: Sequence[UUID]) -> None:
    """Sealed pages and proofs are noise already; what names the person at a vendor goes too."""
    IdentityVerification.objects.filter(party_id__in=party_ids).update(declaration={}, facts_digest="")
    IdentityCheck.objects.filter(party_id__in=party_ids).update(external_id="", person_sealed=None)
    LivenessCode.objects.filter(party_id__in=party_ids).delete()


def _blank_money(party_ids: Sequence[UUID]) -> None:
    """By a wallet anybody can find who dealt on a public chain; what was sealed beside it is noise already."""
    mine = TravelRecord.objects.filter(party_id__in=party_ids)
    HostedWallet.objects.filter(address__in=mine.exclude(wallet="").values("wallet")).delete()
    mine.filter(passed_at=None).update(wallet="", sealed={})
    mine.exclude(passed_at=None).update(wallet="", sealed={}, passed_to=ERASED, reference="")
