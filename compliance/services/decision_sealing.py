"""A decision's personal parts, sealed before the row is written: the row stays for ever, the keys need not."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from compliance.base.sealed_leaves import seal_leaves
from compliance.base.sealing import Context, Subject
from compliance.engine.personal import join, split_answer, split_facts
from compliance.services.subject_keys import ciphers_for

SUBJECT = "party"


def sealed_columns(
    decision_id: UUID,
    facts: Mapping[str, Any],
    checks: Sequence[Mapping[str, Any]],
    reasons: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """The columns `facts`, `checks`, `reasons` and `sealed` of the row. `selectors.decisions.opened` is the way back.

    Each party's own leaves are sealed under its key; the sentences of the answer, which may name any of them, under
    all of their keys. What is said of a party whose key is destroyed is not personal any more and stays in the open.
    """
    about, said = split_facts(facts), split_answer(checks, reasons)
    wanted = [Subject(SUBJECT, party_id) for party_id in sorted(about.personal)]
    ciphers = ciphers_for(wanted)
    standing = [subject for subject in wanted if subject in ciphers]
    record = f"compliance.decision:{decision_id}"
    parts = [
        seal_leaves(about.personal[subject.id], [subject], ciphers, Context(record, "facts")) for subject in standing
    ]
    open_again = [leaves for party_id, leaves in about.personal.items() if Subject(SUBJECT, party_id) not in ciphers]
    columns = {"facts": join(about.open, open_again), **said.open, "sealed": {}}
    if standing:
        columns["sealed"] = {"facts": parts}
        if said.personal:
            columns["sealed"]["said"] = seal_leaves(said.personal[""], standing, ciphers, Context(record, "said"))
    else:
        columns |= {"checks": list(checks), "reasons": list(reasons)}
    return columns
