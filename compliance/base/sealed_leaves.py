"""Personal leaves of a record, sealed under the keys of those whom they are about, in the form that a column keeps.

What is one subject's is sealed under its key. What may be about any of several is sealed under the keys of all of them,
one around the other: when one of them is erased, it can be read no more.
"""

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from compliance.base.canonical import canonical_bytes
from compliance.base.sealing import Context, Subject, SubjectCipher

Ciphers = Mapping[Subject, SubjectCipher]
Leaves = Mapping[str, Any]


def seal_leaves(leaves: Leaves, subjects: Sequence[Subject], ciphers: Ciphers, context: Context) -> dict[str, Any]:
    """The leaves as they are kept: whose keys open them, at which pointers they stood, and the sealed values."""
    pointers = sorted(leaves)
    body = canonical_bytes([leaves[pointer] for pointer in pointers])
    for subject in subjects:
        body = ciphers[subject].seal(body, context)
    return {
        "keys": [str(subject) for subject in subjects],
        "at": pointers,
        "body": base64.b64encode(body).decode(),
    }


def open_leaves(kept: Mapping[str, Any], ciphers: Ciphers, context: Context) -> dict[str, Any] | None:
    """The leaves by pointer; None when a key that they need is gone. Raises SealBroken."""
    subjects = subjects_of(kept)
    if any(subject not in ciphers for subject in subjects):
        return None
    body = base64.b64decode(kept["body"])
    for subject in reversed(subjects):
        body = ciphers[subject].open(body, context)
    return dict(zip(kept["at"], json.loads(body), strict=True))


def subjects_of(kept: Mapping[str, Any]) -> list[Subject]:
    """Whose keys are needed, in the order of sealing."""
    return [Subject(*text.split(":", 1)) for text in kept["keys"]]


def subjects_of_all(many: Iterable[Mapping[str, Any]]) -> set[Subject]:
    """Whose keys are needed for any of these."""
    return {subject for kept in many for subject in subjects_of(kept)}
