"""The clocks of retention, wound anew from the records themselves: set-based, repeatable, and safe to lose."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

OWN = "compliance"

# Each gives (party_id, runs_from); a NULL means that it does not run yet. Parties that were erased have no clocks.
_SOURCES = {
    "sanctions": """
        SELECT party_id, CASE WHEN bool_or(at IS NULL) THEN NULL ELSE max(at) END FROM (
            SELECT r.party_id, r.lifted_at AS at FROM compliance_restriction r
            UNION ALL
            SELECT m.party_id, m.state_changed_at FROM compliance_match m WHERE m.state = 'confirmed'
            UNION ALL
            SELECT p.party_id, CASE WHEN p.state IN ('filed', 'not_required') THEN p.state_changed_at END
            FROM compliance_report p WHERE p.party_id IS NOT NULL
            UNION ALL
            -- An annual report is about nobody in particular: about all who were blocked on its day.
            SELECT r.party_id, CASE WHEN p.state IN ('filed', 'not_required') THEN p.state_changed_at END
            FROM compliance_report p JOIN compliance_restriction r ON r.kind = 'blocked'
                 AND r.created_at::date <= p.event_on AND (r.lifted_at IS NULL OR r.lifted_at::date >= p.event_on)
            WHERE p.kind = 'annual_blocked'
            UNION ALL
            SELECT unnest(ARRAY[d.renter_party_id, d.provider_party_id]), d.created_at
            FROM compliance_decision d WHERE d.outcome = 'DENY'
            UNION ALL
            SELECT k.party_id, CASE WHEN k.state = 'closed' THEN k.state_changed_at END
            FROM compliance_case k
            WHERE k.party_id IS NOT NULL AND k.kind NOT IN ('identity_review', 'gate_review')
        ) t WHERE party_id IS NOT NULL GROUP BY party_id
    """,
    "export": """
        SELECT party_id, max(at) FROM (
            SELECT unnest(ARRAY[d.renter_party_id, d.provider_party_id]) AS party_id,
                   greatest(d.created_at, c.expires_at) AS at
            FROM compliance_decision d LEFT JOIN compliance_clearance c ON c.decision_id = d.id
            WHERE d.purpose = 'lease'
        ) t WHERE party_id IS NOT NULL GROUP BY party_id
    """,
    "identity": """
        SELECT party_id, CASE WHEN bool_or(at IS NULL) THEN NULL ELSE max(at) END FROM (
            SELECT v.party_id, greatest(v.created_at, v.state_changed_at, v.expires_at, v.extended_until) AS at
            FROM compliance_identityverification v
            UNION ALL
            SELECT unnest(ARRAY[d.renter_party_id, d.provider_party_id]), d.created_at FROM compliance_decision d
            UNION ALL
            -- While an officer still asks, the records are needed. Of cases of other kinds the party must not know:
            -- they are in the class of which it is told nothing.
            SELECT k.party_id, NULL FROM compliance_case k
            WHERE k.party_id IS NOT NULL AND k.state <> 'closed' AND k.kind IN ('identity_review', 'gate_review')
        ) t WHERE party_id IS NOT NULL GROUP BY party_id
    """,
    "dormant": """
        SELECT p.id, greatest(p.created_at, max(v.created_at))
        FROM compliance_party p LEFT JOIN compliance_identityverification v ON v.party_id = p.id GROUP BY p.id
    """,
}
_ONLY = "AND (%s::uuid[] IS NULL OR t.party_id = ANY(%s::uuid[]))"
_WIND = """
INSERT INTO compliance_retentionclock (party_id, record_class, source, runs_from)
SELECT t.party_id, %s, %s, t.runs_from FROM ({source}) AS t(party_id, runs_from)
JOIN compliance_party p ON p.id = t.party_id AND p.erased_at IS NULL {only}
ON CONFLICT (party_id, record_class, source) DO UPDATE SET runs_from = excluded.runs_from
WHERE compliance_retentionclock.runs_from IS DISTINCT FROM excluded.runs_from
"""


def refresh_clocks(party_ids: list[UUID] | None = None) -> None:
    """Every clock that compliance knows of tells what the records say now; of the given parties, or of all."""
    with transaction.atomic(), connection.cursor() as cursor:
        for record_class, source in _SOURCES.items():
            cursor.execute(_WIND.format(source=source, only=_ONLY), [record_class, OWN, party_ids, party_ids])


def set_clocks(record_class: str, source: str, rows: Iterable[tuple[UUID, datetime | None]]) -> None:
    """What an app above knows of the class: exactly these parties have a clock of this source, from these moments."""
    told = dict(rows)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM compliance_retentionclock WHERE record_class = %s AND source = %s AND party_id <> ALL(%s)",
            [record_class, source, list(told)],
        )
        values = "SELECT * FROM unnest(%s::uuid[], %s::timestamptz[])"
        cursor.execute(_WIND.format(source=values, only=""), [record_class, source, list(told), list(told.values())])
