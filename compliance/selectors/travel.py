"""Travel records as officers see them."""

from typing import Any

from django.db.models import QuerySet

from compliance.base.sealed_leaves import open_leaves, subjects_of
from compliance.base.sealing import Context, SubjectErased
from compliance.models import TravelRecord
from compliance.selectors.sealed import ciphers_that_stand

MESSAGE = "ivms101"


def context_of(row: TravelRecord) -> Context:
    """Where the sealed message of the record belongs."""
    return Context(f"compliance.travelrecord:{row.pk}", MESSAGE)


def message_of(row: TravelRecord) -> dict[str, Any]:
    """The record's message in the fields of IVMS101. Raises SubjectErased when one of its ends was erased."""
    leaves = open_leaves(row.sealed, ciphers_that_stand(subjects_of(row.sealed)), context_of(row))
    if leaves is None:
        raise SubjectErased
    found: dict[str, Any] = leaves[MESSAGE]
    return found


def to_pass_on() -> QuerySet[TravelRecord]:
    """The records that another provider has to have and was not given yet, oldest first."""
    return TravelRecord.objects.filter(must_pass_on=True, passed_at=None).order_by("created_at")


def incomplete() -> QuerySet[TravelRecord]:
    """The records that lack something that a rule demands, oldest first."""
    return TravelRecord.objects.exclude(missing=[]).order_by("created_at")
