"""What somebody can do to the audit log who owns the database: take the walls down, rewrite, chain anew."""

import hashlib

from django.db import connection

from compliance.base.audit import GENESIS, AuditEvent, chain_hash
from compliance.base.canonical import canonical_bytes

TABLES = ("auditevent", "auditseal", "auditcheckpoint", "auditnode")


def tamper(*statements: str, **values: object) -> None:
    """The statements ran with the walls down."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in TABLES:
            cursor.execute(f"ALTER TABLE compliance_{table} DISABLE TRIGGER USER")
        for statement in statements:
            cursor.execute(statement, values)


def chain_anew(genesis: str = GENESIS) -> None:
    """Every hash fits every event again, as if the log had always been so."""
    previous = genesis
    for sequence, event in enumerate(AuditEvent.objects.filter(seal__isnull=False).order_by("seal__sequence"), 1):
        body_hash = hashlib.sha256(canonical_bytes(event.body())).hexdigest()
        link = chain_hash(previous, sequence, event.pk, body_hash)
        tamper(
            "UPDATE compliance_auditevent SET body_hash = %(body)s WHERE id = %(id)s",
            "UPDATE compliance_auditseal SET sequence = %(seq)s, previous_hash = %(prev)s, hash = %(link)s "
            "WHERE event_id = %(id)s",
            body=body_hash,
            id=event.pk,
            seq=sequence,
            prev=previous,
            link=link,
        )
        previous = link
