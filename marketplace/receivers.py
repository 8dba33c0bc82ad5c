"""Upward news of the lower apps. Each does at once what a sweep would do seconds later."""

from typing import Any
from uuid import UUID

from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from compliance.base.actor import system
from compliance.base.enqueue import enqueue
from compliance.signals import (
    case_closed,
    clearances_revoked,
    facts_moved,
    parties_erased,
    party_restricted,
    restriction_lifted,
)
from marketplace.client_address import client_address
from marketplace.models import User
from marketplace.services import auto_top_ups, funding, metering, retention, sightings, suspensions
from settlement.services import explanations
from settlement.signals import (
    balance_used,
    hold_confirmed,
    hold_failed,
    hold_settled,
    hold_unsecured,
    top_up_failed,
)

ACTOR = system("marketplace")


@receiver([hold_confirmed, hold_failed])
def follow_hold(subject_id: UUID, **_: Any) -> None:
    """The lease is funded, or has failed for want of money."""
    funding.follow_hold(subject_id, actor=ACTOR)


@receiver(hold_unsecured)
def end_unsecured(subject_id: UUID, **_: Any) -> None:
    """No lease goes on under a card whose bank refuses to go on, or that was let go."""
    funding.end_unsecured(subject_id, actor=ACTOR)


@receiver([balance_used, top_up_failed])
def look_at_balance(party_id: UUID, **_: Any) -> None:
    """A balance that ran low is filled, or its owners are told why not."""
    auto_top_ups.look_soon(party_id)


@receiver(hold_settled)
def conclude_lease(subject_id: UUID, **_: Any) -> None:
    """The lease whose money has arrived is settled."""
    metering.conclude(subject_id, actor=ACTOR)


@receiver(case_closed)
def book_explained(case_id: UUID, **_: Any) -> None:
    """What two officers agreed about money in suspense is moved."""
    explanations.follow_case(case_id, actor=ACTOR)


@receiver(clearances_revoked)
def suspend_by_clearance(clearance_ids: list[UUID], reason: str, **_: Any) -> None:
    """No lease goes on under a revoked clearance."""
    suspensions.suspend_leases_of_clearances(clearance_ids, reason)


@receiver(party_restricted)
def suspend_by_party(party_id: UUID, reason: str, **_: Any) -> None:
    """No lease of a restricted party goes on."""
    suspensions.suspend_leases_of_party(party_id, reason)


@receiver(parties_erased)
def forget_parties(**_: Any) -> None:
    """Organization, people and leases of an erased party name nobody any more."""
    retention.follow_erasures()


@receiver(restriction_lifted)
def release_party(party_id: UUID, **_: Any) -> None:
    """Leases that waited for the case have ended, and their money moves again."""
    suspensions.release_leases(party_id=party_id)


@receiver(facts_moved)
def reassess(party_ids: list[UUID], **_: Any) -> None:
    """Leases of these parties go on only if the gate would still clear them; whoever is being served does not wait."""
    enqueue("marketplace.reassess_parties", *map(str, party_ids))


@receiver(user_logged_in)
def see_login(request: HttpRequest | None, user: User, **_: Any) -> None:
    """From where the people of an organization log in is a sign of where it is."""
    if request is not None:
        sightings.see_login(user, client_address(request))
