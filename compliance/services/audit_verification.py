"""The whole audit log against itself, against what was signed of it, and against what others keep. Read only.

The log is read once, from its first link to its last, in pages: memory does not grow with it.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from compliance.base.audit import GENESIS, chain_hash
from compliance.base.canonical import canonical_bytes
from compliance.base.merkle import Frontier, leaf_hash
from compliance.base.notes import NoteMalformed, parse
from compliance.models import AuditCheckpoint
from compliance.services import signing

PAGE = 5000
# Enough to see what happened; a log that is broken throughout must not fill the memory.
MOST_FAULTS = 100
_LINKS = """
SELECT s.sequence, s.previous_hash, s.hash, s.event_id,
       to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
       e.event, e.actor, e.subject_kind, e.subject_id, e.data::text, e.body_hash
FROM compliance_auditseal s LEFT JOIN compliance_auditevent e ON e.id = s.event_id
WHERE s.sequence > %s ORDER BY s.sequence LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Witness:
    """Somewhere it is kept that the log's first `size` links have this root; `where` names the place for people."""

    size: int
    root: bytes
    where: str


@dataclass(slots=True)
class LogReport:
    """What a walk found. The log holds when `faults` is empty; `covered` links lie under a witness."""

    links: int = 0
    head: str = ""
    root: str = ""
    witnesses: int = 0
    covered: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nothing was found against the log."""
        return not self.faults

    def blame(self, fault: str) -> None:
        """The fault is on record, unless there are very many already."""
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(fault)


def verify_log(witnesses: Iterable[Witness] = ()) -> LogReport:
    """The log was walked whole. Each fault is a sentence.

    Found are: an edited event, a removed one, a gap, links in another order, another beginning, and (by the signed
    checkpoints and the given witnesses) a tail that was cut off and a log that was rewritten and chained anew.
    """
    report = LogReport()
    waiting = sorted([*_checkpoints(report), *witnesses], key=lambda each: each.size)
    report.witnesses = len(waiting)
    frontier, place = Frontier(), 0
    previous, expected = GENESIS, 1
    for link in _links():
        _check_link(link, previous, expected, report)
        frontier.add(leaf_hash(_raw(link.hash)))
        while place < len(waiting) and waiting[place].size <= frontier.size:
            _check_witness(waiting[place], frontier, report)
            place += 1
        previous, expected = link.hash, link.sequence + 1
    for each in waiting[place:]:
        report.blame(f"the log ends at link {frontier.size}, but {each.where} covers {each.size}: its tail is missing")
    report.links, report.head, report.root = frontier.size, previous, frontier.root().hex()
    return report


def witness_of(note: str, where: str, keys: Iterable[bytes] | None = None) -> Witness:
    """What a signed checkpoint says, once its signature was found to be by one of the keys (this platform's).

    Raises NoteMalformed.
    """
    signed = parse(note)
    if not signed.verifies(signing.evidence_public_keys().values() if keys is None else keys):
        raise NoteMalformed("it is not signed by a key of this platform")
    return Witness(signed.checkpoint.size, signed.checkpoint.root, where)


@dataclass(frozen=True, slots=True)
class _Link:
    sequence: int
    previous_hash: str
    hash: str
    event_id: int
    body: dict[str, Any] | None
    body_hash: str


def _links() -> Iterator[_Link]:
    last = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_LINKS, [last, PAGE])
            rows = cursor.fetchall()
        for sequence, previous_hash, link, event_id, *event, body_hash in rows:
            yield _Link(sequence, previous_hash, link, event_id, _body(*event), body_hash or "")
        if not rows:
            return
        last = rows[-1][0]


def _body(
    at: str | None, event: str, actor: str, subject_kind: str, subject_id: str, data: str
) -> dict[str, Any] | None:
    """As `AuditEvent.body`, without the row; None when the event is gone."""
    if at is None:
        return None
    return {
        "at": f"{at.removesuffix('.000000')}+00:00",  # as `datetime.isoformat` has it
        "event": event,
        "actor": actor,
        "subject_kind": subject_kind,
        "subject_id": subject_id,
        "data": json.loads(data),
    }


def _check_link(link: _Link, previous: str, expected: int, report: LogReport) -> None:
    if link.sequence != expected:
        report.blame(f"link {expected} is missing (found {link.sequence})")
    if link.previous_hash != previous:
        first = "the first link does not follow from the beginning of the chain"
        report.blame(first if expected == 1 else f"link {link.sequence} does not follow from the link before it")
    if link.body is None:
        report.blame(f"event {link.event_id} was removed")
    elif hashlib.sha256(canonical_bytes(link.body)).hexdigest() != link.body_hash:
        report.blame(f"event {link.event_id} was edited")
    if chain_hash(link.previous_hash, link.sequence, link.event_id, link.body_hash) != link.hash:
        report.blame(f"link {link.sequence} has a wrong hash")


def _check_witness(witness: Witness, frontier: Frontier, report: LogReport) -> None:
    # A gap lets a witness's size pass by: then the root differs too, as it must.
    if witness.size != frontier.size or witness.root != frontier.root():
        report.blame(f"the first {witness.size} links are not those of {witness.where}: the log was rewritten")
    report.covered = max(report.covered, witness.size)


def _checkpoints(report: LogReport) -> Iterator[Witness]:
    keys = tuple(signing.evidence_public_keys().values())
    for row in AuditCheckpoint.objects.order_by("size").iterator(chunk_size=PAGE):
        where = f"the checkpoint of {row.signed_at:%Y-%m-%d %H:%M} UTC"
        try:
            found = witness_of(row.note, where, keys)
        except NoteMalformed as error:
            report.blame(f"{where} does not count: {error}")
            continue
        if (found.size, found.root.hex()) != (row.size, row.root):
            report.blame(f"{where} was edited: its note says otherwise")
        yield found


def _raw(link: str) -> bytes:
    try:
        return bytes.fromhex(link)
    except ValueError:
        return link.encode()  # no hash at all: the fault is on record, and no root will fit
