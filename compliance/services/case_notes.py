"""Notes of cases, sealed under the key of the party that the case is about."""

from compliance.base.sealed_leaves import seal_leaves
from compliance.base.sealing import Subject, SubjectErased
from compliance.models import CaseNote
from compliance.selectors.case_notes import context_of
from compliance.services.subject_keys import ciphers_for


def keep_note(note: CaseNote) -> CaseNote:
    """The note stands, sealed if its case is about a party; the row that is returned reads as it was given.

    Raises SubjectErased when the party's data was erased.
    """
    body, label = note.body, note.author_label
    if note.case.party_id is not None:
        subject = Subject.party(note.case.party_id)
        ciphers = ciphers_for([subject])
        if subject not in ciphers:
            raise SubjectErased
        leaves = {"/body": body, "/author_label": label}
        note.sealed = seal_leaves(leaves, [subject], ciphers, context_of(note))
        note.body = note.author_label = ""
    note.save(force_insert=True)
    note.body, note.author_label, note.sealed = body, label, {}
    return note
