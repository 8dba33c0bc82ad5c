"""Declarations are counted by party: two of one instant have an order too."""

from django.db import migrations, models

COUNTED = """
UPDATE compliance_ownershipdeclaration SET number = counted.number FROM (
    SELECT id, row_number() OVER (PARTITION BY party_id ORDER BY created_at, id) AS number
    FROM compliance_ownershipdeclaration
) AS counted WHERE compliance_ownershipdeclaration.id = counted.id
"""
HELP = "Counts the declarations about the party, from 1"


class Migration(migrations.Migration):
    """Numbers for what stands, then for what comes."""

    dependencies = [
        ('compliance', '0016_reports'),
    ]

    operations = [
        migrations.AddField("ownershipdeclaration", "number", models.PositiveIntegerField(null=True, help_text=HELP)),
        migrations.RunSQL(COUNTED, migrations.RunSQL.noop),
        migrations.AlterField("ownershipdeclaration", "number", models.PositiveIntegerField(help_text=HELP)),
        migrations.RemoveIndex("ownershipdeclaration", "declaration_of_party"),
        migrations.AddConstraint(
            "ownershipdeclaration",
            models.UniqueConstraint(fields=["party", "number"], name="declarations_are_counted"),
        ),
    ]
