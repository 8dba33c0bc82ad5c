"""Sealed data, opened for the platform's own work: comparing, drawing, exporting to its subject.

What a person is shown is opened by `services.subject_keys.reveal`, which writes who saw what, and why.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from compliance.base.errors import NotFound
from compliance.base.master_keys import keyring
from compliance.base.sealing import Context, Subject, SubjectCipher, SubjectErased
from compliance.models import SubjectKey


@dataclass(frozen=True, slots=True)
class Sealed:
    """Sealed bytes with all that is needed to open them."""

    subject: Subject
    body: bytes
    context: Context


def open_sealed(subject: Subject, sealed: bytes, context: Context) -> bytes:
    """The plaintext. Raises SubjectErased, SealBroken, and NotFound for a subject that never had a key."""
    return open_many([Sealed(subject, sealed, context)])[0]


def open_many(items: Sequence[Sealed]) -> list[bytes]:
    """The plaintexts in order, by one query however many subjects there are. Raises as `open_sealed`."""
    ciphers = ciphers_of({item.subject for item in items})
    return [ciphers[item.subject].open(item.body, item.context) for item in items]


def keys_by_master() -> dict[str, int]:
    """How many subjects' keys each master key wraps."""
    held = SubjectKey.objects.filter(destroyed_at=None).order_by("master_key_id").values_list("master_key_id")
    return dict(held.annotate(keys=Count("pk")))


def is_erased(subject: Subject) -> bool:
    """Whether the subject's key is destroyed."""
    return rows_of([subject]).filter(destroyed_at__isnull=False).exists()


def ciphers_of(subjects: Iterable[Subject]) -> dict[Subject, SubjectCipher]:
    """The cipher of each subject, by one query. Raises SubjectErased, NotFound."""
    wanted = list(subjects)
    rows = {Subject(row.subject_kind, row.subject_id): row for row in rows_of(wanted)}
    if any(subject not in rows for subject in wanted):
        raise NotFound("Nothing was ever sealed for this subject.")
    return {subject: cipher(rows[subject]) for subject in wanted}


def ciphers_that_stand(subjects: Iterable[Subject]) -> dict[Subject, SubjectCipher]:
    """The ciphers of those of the subjects that have a key, by one query: the erased and the unknown are left out."""
    rows = rows_of(list(subjects)).filter(destroyed_at=None)
    return {Subject(row.subject_kind, row.subject_id): cipher(row) for row in rows}


def erased_among(subjects: Iterable[Subject]) -> set[Subject]:
    """Those of the subjects whose key is destroyed."""
    rows = rows_of(list(subjects)).filter(destroyed_at__isnull=False)
    return {Subject(kind, key) for kind, key in rows.values_list("subject_kind", "subject_id")}


def cipher(row: SubjectKey) -> SubjectCipher:
    """The cipher that the row's key makes. Raises SubjectErased."""
    if row.wrapped is None:
        raise SubjectErased
    subject = Subject(row.subject_kind, row.subject_id)
    return SubjectCipher(keyring().unwrap(bytes(row.wrapped), row.master_key_id, bound_to(row)), row.pk, subject)


def bound_to(row: SubjectKey) -> bytes:
    """What the wrapping of the row's key is bound to: a key moved to another row does not unwrap."""
    return f"gridclear-subject-key:{row.pk}:{row.subject_kind}:{row.subject_id}".encode()


def rows_of(subjects: Sequence[Subject]) -> QuerySet[SubjectKey]:
    """The rows of the subjects' keys, in one query however many there are."""
    by_kind: dict[str, set[str]] = {}
    for each in subjects:
        by_kind.setdefault(each.kind, set()).add(each.id)
    wanted = Q(pk__in=[])
    for kind, ids in by_kind.items():
        wanted |= Q(subject_kind=kind, subject_id__in=ids)
    return SubjectKey.objects.filter(wanted)
