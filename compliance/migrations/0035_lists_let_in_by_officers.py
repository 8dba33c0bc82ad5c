import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("compliance", "0034_list_versions_name_their_reader")]

    operations = [
        migrations.AddField(
            model_name="watchlistversion",
            name="let_in_by",
            field=models.ForeignKey(
                blank=True,
                help_text="By whose release content came in that had been refused",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="compliance.case",
            ),
        ),
    ]
