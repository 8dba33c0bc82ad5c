"""Findings: what two officers answered, bound to the party as it was."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from compliance.base import audit, clock
from compliance.base.actor import Actor
from compliance.models import Case, Finding, Party

VALID_FOR = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class Question:
    """One reason about one party, narrowed by `scope`: what a release of the case answers."""

    party_id: UUID
    reason_code: str
    scope: str = ""
    subject_hash: str = ""

    def as_json(self) -> dict[str, str]:
        """The form that a case keeps."""
        return {
            "party_id": str(self.party_id),
            "reason_code": self.reason_code,
            "scope": self.scope,
            "subject_hash": self.subject_hash,
        }

    @classmethod
    def from_json(cls, value: dict[str, str]) -> "Question":
        """The question that a case kept."""
        return cls(UUID(value["party_id"]), value["reason_code"], value["scope"], value["subject_hash"])


def bound_now(questions: list[Question]) -> list[dict[str, str]]:
    """The questions, each bound to its party as it stands now; the form that a case keeps."""
    parties = Party.objects.in_bulk({question.party_id for question in questions})
    return [Question(q.party_id, q.reason_code, q.scope, parties[q.party_id].subject_hash).as_json() for q in questions]


def write_findings(case: Case, *, approved_by: Actor) -> list[Finding]:
    """Every question of the case is answered for 180 days; the gate takes the answers as facts."""
    expires_at = clock.now() + VALID_FOR
    rows = [
        Finding(
            party_id=question.party_id,
            case=case,
            reason_code=question.reason_code,
            scope=question.scope,
            subject_hash=question.subject_hash,
            proposed_by=case.proposed_by,
            approved_by=approved_by.ref,
            expires_at=expires_at,
        )
        for question in map(Question.from_json, case.findings_wanted)
    ]
    Finding.objects.bulk_create(rows)
    for row in rows:
        # The scope may name an end user or a listed party, which are personal data: the finding's id says enough.
        data: dict[str, Any] = {"party": str(row.party_id), "reason": row.reason_code, "case": str(case.pk)}
        audit.record("finding.reached", actor=approved_by, subject=row, data=data)
    return rows
