from django.db import migrations

from patients.selectors import phone_index
from vault.fields import is_erased


def fill(apps, schema_editor):
    """The index of the phone numbers that were given before there was one."""
    patient = apps.get_model("patients", "Patient")
    for row in patient.objects.filter(erased_at=None).iterator(chunk_size=500):
        if row.phone and not is_erased(row.phone):
            patient.objects.filter(pk=row.pk).update(phone_index=phone_index(row.clinic_id, row.phone))


class Migration(migrations.Migration):
    dependencies = [
        ("patients", "0007_phone_index"),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
