from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('settlement', '0025_money_letters'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='chainevent',
            index=models.Index(condition=models.Q(('name__in', ['AccountFrozen', 'AccountUnfrozen', 'Frozen', 'Unfrozen'])), fields=['name', 'block_number'], name='freezes_told'),
        ),
    ]
