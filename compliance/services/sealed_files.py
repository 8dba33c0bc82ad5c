"""Files with personal data of several subjects: sealed under the keys of all of them, outside the database.

When one of the subjects is erased, the file is noise. No transaction is open while the storage is asked: it may be on
another machine.
"""

from collections.abc import Sequence

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages

from compliance.base.errors import NotFound
from compliance.base.sealing import Context, Subject, SubjectErased
from compliance.selectors.sealed import ciphers_that_stand
from compliance.services.subject_keys import ciphers_for


def put(place: str, body: bytes, subjects: Sequence[Subject], context: Context) -> list[Subject]:
    """The file lies sealed in the storage `documents`; returns whose keys open it, to be kept for `take`.

    What there was at this place is replaced. Raises SubjectErased when none of the subjects has a key any more.
    """
    ciphers = ciphers_for(subjects)
    standing = [subject for subject in dict.fromkeys(subjects) if subject in ciphers]
    if not standing:
        raise SubjectErased
    for subject in standing:
        body = ciphers[subject].seal(body, context)
    _storage().delete(place)
    _storage().save(place, ContentFile(body))
    return standing


def take(place: str, subjects: Sequence[Subject], context: Context) -> bytes:
    """The file as it was put. Raises NotFound, SubjectErased, SealBroken."""
    try:
        with _storage().open(place) as file:
            body: bytes = file.read()
    except FileNotFoundError as error:
        raise NotFound("The file is gone.") from error
    ciphers = ciphers_that_stand(subjects)
    if any(subject not in ciphers for subject in subjects):
        raise SubjectErased
    for subject in reversed(subjects):
        body = ciphers[subject].open(body, context)
    return body


def drop(place: str) -> None:
    """There is no file at this place."""
    _storage().delete(place)


def _storage() -> Storage:
    return storages["documents"]
