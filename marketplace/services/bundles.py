"""Bundles as background work: asked for, made, downloaded, gone after a week; each step is on record."""

import hashlib
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import ClassVar
from uuid import UUID

from django.db import transaction

from compliance.base import audit, clock
from compliance.base.actor import Actor, system
from compliance.base.enqueue import enqueue
from compliance.base.errors import Conflict, Forbidden, InvalidInput, NotFound, Refusal, StaleState
from compliance.base.sealing import Context, Subject
from compliance.base.transition import transition
from compliance.services import sealed_files
from compliance.services.officers import require_officer
from marketplace.models import Bundle
from marketplace.selectors.subject_data import parties_owned_by
from marketplace.services.bundle_contents import Made, evidence_of
from marketplace.services.export_contents import export_of
from marketplace.services.paper_contents import drawn_invoice

logger = logging.getLogger(__name__)
ACTOR = system("bundles")
BUILD_WITHIN = timedelta(minutes=30)
KEPT_FOR = timedelta(days=7)
MOST_A_DAY = 5
TASK = "marketplace.build_bundle"
_State = Bundle.State
MAKING = (_State.REQUESTED, _State.BUILDING)


class BundleNotReady(Conflict):
    """The bundle is being made, or it is gone."""

    code = "bundle_not_ready"
    http_status: ClassVar[int] = 409
    default_message = "This bundle is not there to be downloaded: it is still being made, has failed or has expired."


class TooManyExports(Conflict):
    """The person asked often enough for a day."""

    code = "too_many_exports"
    http_status: ClassVar[int] = 429
    default_message = "You asked for your data several times today. Take one of those, or ask again tomorrow."


class OwnsLess(Conflict):
    """The export holds an organization that the person owns no more."""

    code = "owns_less"
    http_status: ClassVar[int] = 409
    default_message = "You owned more when this was made, so it is yours no more. Ask for a new one."


def request_evidence(kind: str, about_id: UUID, *, actor: Actor) -> Bundle:
    """A bundle about the decision, lease or party is on its way; one that is being made already is that one.

    An officer makes exports too, for whom asks by letter. Raises Forbidden for anybody but an officer, InvalidInput for
    another kind.
    """
    require_officer(actor)
    if kind not in (*Bundle.EVIDENCE, *Bundle.EXPORTS):
        raise InvalidInput("Evidence is of a decision, a lease or a party. Nothing was made.")
    return request_once(kind, about_id, actor)


def request_own_data(user_id: UUID, *, actor: Actor) -> Bundle:
    """The person's export is on its way; one that is being made already is that one.

    Raises Forbidden when somebody else asks, TooManyExports.
    """
    if actor.ref != f"user:{user_id}":
        raise Forbidden
    lately = Bundle.objects.filter(kind=Bundle.Kind.PERSON, about_id=user_id, requested_by=actor.ref)
    made = lately.exclude(state__in=MAKING).filter(created_at__gt=clock.now() - timedelta(days=1))
    if made.count() >= MOST_A_DAY:
        raise TooManyExports
    return request_once(Bundle.Kind.PERSON, user_id, actor)


def request_once(kind: str, about_id: UUID, actor: Actor) -> Bundle:
    """The bundle is on its way; one that is being made already is that one. The caller knows that `actor` may ask."""
    with transaction.atomic():
        present = Bundle.objects.filter(kind=kind, about_id=about_id, state__in=MAKING)
        if kind in Bundle.EXPORTS:
            present = present.filter(requested_by=actor.ref)
        if (found := present.first()) is not None:
            return found
        now = clock.now()
        bundle = Bundle.objects.create(
            kind=kind,
            about_id=about_id,
            requested_by=actor.ref,
            state=_State.REQUESTED,
            state_changed_at=now,
            state_deadline_at=now + BUILD_WITHIN,
        )
        audit.record("evidence.requested", actor=actor, subject=bundle, data={"kind": kind, "about": str(about_id)})
        enqueue(TASK, str(bundle.pk))
    return bundle


def build(bundle_id: UUID) -> None:
    """The bundle is READY, or FAILED with a reason. Run again, or beside another run, it changes nothing."""
    bundle = Bundle.objects.filter(pk=bundle_id).first()
    if bundle is None or bundle.state != _State.REQUESTED:
        return
    try:
        transition(
            bundle,
            _State.BUILDING,
            actor=ACTOR,
            event="evidence.begun",
            deadline_at=clock.now() + BUILD_WITHIN,
        )
    except StaleState:
        return
    try:
        _make(bundle)
    except Refusal as refusal:
        _fail(bundle, refusal.code)
    except Exception:
        # Whatever it was: who waits for the bundle is told, and the next request tries anew.
        logger.exception("bundle %s could not be made", bundle.pk)
        _fail(bundle, "internal_error")


def download(bundle_id: UUID, *, actor: Actor) -> tuple[Bundle, bytes]:
    """The bundle's bytes, for an officer; who took it is in the audit log before they leave.

    Raises Forbidden, NotFound, BundleNotReady, SubjectErased.
    """
    require_officer(actor)
    bundle = Bundle.objects.filter(pk=bundle_id, kind__in=(*Bundle.EVIDENCE, *Bundle.EXPORTS)).first()
    if bundle is None:
        raise NotFound("There is no such bundle.")
    return take_file(bundle, actor)


def download_own(bundle_id: UUID, user_id: UUID, *, actor: Actor) -> tuple[Bundle, bytes]:
    """The person's own export, as `download`. Who owns less than when it was made gets a new one, not this.

    Raises NotFound for anybody else's, BundleNotReady, SubjectErased, OwnsLess.
    """
    mine = Bundle.objects.filter(kind=Bundle.Kind.PERSON, about_id=user_id, requested_by=f"user:{user_id}")
    bundle = mine.filter(pk=bundle_id).first()
    if bundle is None or actor.ref != bundle.requested_by:
        raise NotFound("There is no such export.")
    inside = {subject.id for subject in _subjects(bundle) if subject.kind == "party"}
    if not inside <= {str(party_id) for party_id in parties_owned_by(user_id)}:
        raise OwnsLess
    return take_file(bundle, actor)


def take_file(bundle: Bundle, actor: Actor) -> tuple[Bundle, bytes]:
    """The bundle's bytes, on record before they leave. Whether `actor` may have them, the caller knows.

    Raises BundleNotReady, NotFound, SubjectErased.
    """
    if bundle.state != _State.READY or bundle.file_gone_at is not None:
        raise BundleNotReady
    body = sealed_files.take(_place(bundle), _subjects(bundle), _context(bundle))
    audit.record("evidence.downloaded", actor=actor, subject=bundle, data={"sha256": bundle.sha256})
    return bundle, body


def expire(bundle: Bundle) -> None:
    """The bundle can be taken no more, and the sweep drops its file; told of one that has ended, nothing changes."""
    try:
        transition(bundle, _State.EXPIRED, actor=ACTOR, event="evidence.expired")
    except StaleState:
        logger.info("bundle %s had ended before", bundle.pk)


def sweep_bundles() -> int:
    """Nothing is being made for ever, nothing asked for is forgotten, and no file outlives its week. How many moved."""
    now = clock.now()
    moved = 0
    for bundle in Bundle.objects.filter(state__in=Bundle.OPEN, state_deadline_at__lte=now)[:500]:
        to, event = (
            (_State.EXPIRED, "evidence.expired") if bundle.state == _State.READY else (_State.FAILED, "evidence.failed")
        )
        try:
            transition(bundle, to, actor=ACTOR, event=event, failure_code="" if to == _State.EXPIRED else "timed_out")
            moved += 1
        except StaleState:
            continue
    for bundle in Bundle.objects.exclude(state__in=Bundle.OPEN).filter(file_gone_at=None)[:500]:
        sealed_files.drop(_place(bundle))
        Bundle.objects.filter(pk=bundle.pk).update(file_gone_at=now)
    waiting = Bundle.objects.filter(state=_State.REQUESTED, created_at__lte=now - timedelta(minutes=1))
    for bundle_id in waiting.values_list("pk", flat=True)[:100]:
        enqueue(TASK, str(bundle_id))
    return moved


def _make(bundle: Bundle) -> None:
    def tell(percent: int) -> None:
        Bundle.objects.filter(pk=bundle.pk, state=_State.BUILDING).update(progress=percent)

    made = _contents(bundle, tell)
    # Its own subject too, so that there is a key when all whom it is about are erased.
    wanted = [Subject("bundle", str(bundle.pk)), *(Subject.party(party_id) for party_id in made.subjects)]
    sealed_under = sealed_files.put(_place(bundle), made.body, wanted, _context(bundle))
    digest = hashlib.sha256(made.body).hexdigest()
    transition(
        bundle,
        _State.READY,
        actor=ACTOR,
        event="evidence.made",
        data={"sha256": digest, "bytes": len(made.body)},
        deadline_at=clock.now() + KEPT_FOR,
        progress=100,
        sha256=digest,
        byte_size=len(made.body),
        sealed_under=[str(subject) for subject in sealed_under],
    )


def _contents(bundle: Bundle, tell: Callable[[int], None]) -> Made:
    if bundle.kind == Bundle.Kind.INVOICE:
        return drawn_invoice(bundle.about_id, tell)
    is_export = bundle.kind in Bundle.EXPORTS
    return export_of(bundle, tell) if is_export else evidence_of(bundle.kind, bundle.about_id, tell)


def _fail(bundle: Bundle, code: str) -> None:
    try:
        transition(bundle, _State.FAILED, actor=ACTOR, event="evidence.failed", data={"code": code}, failure_code=code)
    except StaleState:
        logger.warning("bundle %s had ended before", bundle.pk)


def _place(bundle: Bundle) -> str:
    return f"bundles/{bundle.pk}.sealed"


def _context(bundle: Bundle) -> Context:
    return Context(f"marketplace.bundle:{bundle.pk}", "file")


def _subjects(bundle: Bundle) -> list[Subject]:
    return [Subject(*text.split(":", 1)) for text in bundle.sealed_under]
