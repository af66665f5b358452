from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('reviews', '0006_fill_shown_ranks'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='review',
            index=models.Index(fields=['reviewer', 'status'], name='reviews_of_one'),
        ),
    ]
