"""Decisions and notes from before are sealed as new ones are: the same facts, checks and reasons, the same digests.

The wall on decisions is taken down for this by the tables' owner, within the migration's transaction, and stands again
at its end. What was done is on record in the audit log. There is no way back: nobody wants the names in the open again.
"""

import hashlib
from contextlib import contextmanager
from datetime import datetime
from itertools import islice

from django.db import migrations

from compliance.base import clock
from compliance.base.canonical import canonical_bytes
from compliance.base.sealed_leaves import seal_leaves
from compliance.base.sealing import Context, Subject
from compliance.engine.personal import join, split_answer, split_facts
from compliance.services.subject_keys import ciphers_for

BATCH = 200


def seal_old_records(apps, schema_editor):
    decisions = notes = 0
    with wall_down(schema_editor, "compliance_decision"):
        for rows in batches(apps.get_model("compliance", "Decision").objects.filter(sealed={})):
            decisions += seal_decisions(apps, rows)
    for rows in batches(
        apps.get_model("compliance", "CaseNote").objects.filter(sealed={}, case__party__isnull=False).select_related("case")
    ):
        notes += seal_notes(apps, rows)
    name_cases_by_rules(apps)
    if decisions or notes:
        record(apps, {"decisions": decisions, "notes": notes})


@contextmanager
def wall_down(schema_editor, table):
    # A table with checks that wait for the commit cannot be altered: they are done now.
    schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    schema_editor.execute(f'ALTER TABLE "{table}" DISABLE TRIGGER USER')
    yield
    schema_editor.execute(f'ALTER TABLE "{table}" ENABLE TRIGGER USER')


def batches(found):
    ids = iter(list(found.order_by("pk").values_list("pk", flat=True)))
    while some := list(islice(ids, BATCH)):
        yield list(found.filter(pk__in=some))


def seal_decisions(apps, rows):
    split = {row.pk: (split_facts(row.facts), split_answer(row.checks, row.reasons)) for row in rows}
    ciphers = ciphers_for({Subject("party", key) for about, _ in split.values() for key in about.personal})
    changed = []
    for row in rows:
        about, said = split[row.pk]
        subjects = [Subject("party", key) for key in sorted(about.personal) if Subject("party", key) in ciphers]
        if not subjects:
            continue
        record_name = f"compliance.decision:{row.pk}"
        left_open = [leaves for key, leaves in about.personal.items() if Subject("party", key) not in ciphers]
        row.facts = join(about.open, left_open)
        row.sealed = {
            "facts": [
                seal_leaves(about.personal[each.id], [each], ciphers, Context(record_name, "facts"))
                for each in subjects
            ]
        }
        if said.personal:
            row.checks, row.reasons = said.open["checks"], said.open["reasons"]
            row.sealed["said"] = seal_leaves(said.personal[""], subjects, ciphers, Context(record_name, "said"))
        changed.append(row)
    apps.get_model("compliance", "Decision").objects.bulk_update(changed, ["facts", "checks", "reasons", "sealed"])
    return len(changed)


def seal_notes(apps, rows):
    ciphers = ciphers_for({Subject("party", str(row.case.party_id)) for row in rows})
    for row in rows:
        subject = Subject("party", str(row.case.party_id))
        if subject in ciphers:
            leaves = {"/body": row.body, "/author_label": row.author_label}
            row.sealed = seal_leaves(leaves, [subject], ciphers, Context(f"compliance.casenote:{row.pk}", "note"))
            row.body = row.author_label = ""
    apps.get_model("compliance", "CaseNote").objects.bulk_update(rows, ["body", "author_label", "sealed"])
    return len(rows)


def name_cases_by_rules(apps):
    """Summaries of reviews were sentences with names; now they are the names of the rules."""
    Case = apps.get_model("compliance", "Case")
    for rows in batches(Case.objects.filter(kind="gate_review", decision__isnull=False).select_related("decision")):
        for row in rows:
            labels = [check["label"] for check in row.decision.checks if check["code"] in row.reason_codes]
            row.summary = f"Not passed: {'; '.join(labels)}."[:400]
        Case.objects.bulk_update(rows, ["summary"])


def record(apps, counts):
    body = {
        "at": clock.now().isoformat(),
        "event": "personal_data.sealed",
        "actor": "system:migration",
        "subject_kind": "compliance.decision",
        "subject_id": "all",
        "data": counts,
    }
    apps.get_model("compliance", "AuditEvent").objects.create(
        **{**body, "at": datetime.fromisoformat(body["at"])},
        body_hash=hashlib.sha256(canonical_bytes(body)).hexdigest(),
    )


class Migration(migrations.Migration):
    dependencies = [("compliance", "0007_seal_decisions")]
    operations = [migrations.RunPython(seal_old_records, elidable=True)]
