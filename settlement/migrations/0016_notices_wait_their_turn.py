import compliance.base.clock
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('settlement', '0015_two_currencies_by_conversion'),
    ]

    operations = [
        migrations.AddField(
            model_name='inboundevent',
            name='attempts',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='inboundevent',
            name='due_at',
            field=models.DateTimeField(default=compliance.base.clock.now, help_text='Tried again from then on, while it had no effect'),
        ),
        migrations.AddIndex(
            model_name='inboundevent',
            index=models.Index(condition=models.Q(('processed_at', None)), fields=['due_at'], name='inbound_events_due'),
        ),
    ]
