from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("compliance", "0033_screenings_name_their_code")]

    operations = [
        migrations.AddField(
            model_name="watchlistversion",
            name="read_by",
            field=models.CharField(blank=True, default="", help_text="Names the code that read the file", max_length=64),
            preserve_default=False,
        ),
    ]
