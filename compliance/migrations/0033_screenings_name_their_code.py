from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("compliance", "0031_party_keys")]

    operations = [
        migrations.AddField(
            model_name="screening",
            name="compared_by",
            field=models.CharField(blank=True, default="", help_text="Names the code that compared the names", max_length=200),
            preserve_default=False,
        ),
    ]
