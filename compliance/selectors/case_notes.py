"""Notes of cases, opened to be read."""

from collections.abc import Iterable

from compliance.base.sealed_leaves import open_leaves, subjects_of_all
from compliance.base.sealing import Context
from compliance.engine.personal import ERASED
from compliance.models import CaseNote
from compliance.selectors.sealed import ciphers_that_stand


def context_of(note: CaseNote) -> Context:
    """Where the sealed parts of the note belong."""
    return Context(f"compliance.casenote:{note.pk}", "note")


def opened_notes(rows: Iterable[CaseNote]) -> list[CaseNote]:
    """The notes with body and author's name, in memory; “[erased]” where the party's key was destroyed. One query."""
    notes = list(rows)
    ciphers = ciphers_that_stand(subjects_of_all(note.sealed for note in notes if note.sealed))
    for note in notes:
        if note.sealed:
            leaves = open_leaves(note.sealed, ciphers, context_of(note)) or {}
            note.body = leaves.get("/body", ERASED)
            note.author_label = leaves.get("/author_label", ERASED)
            note.sealed = {}
    return notes
