from django.db import migrations, models


def fill(apps, schema_editor):
    """Clinic and urgency of the cases that exist; pressing ones are told apart when the sweep ranks them."""
    session = apps.get_model("patients", "PhotoSession")
    patient = apps.get_model("patients", "Patient")
    clinic = patient.objects.filter(pk=models.OuterRef("patient_id")).values("clinic_id")[:1]
    session.objects.exclude(submitted_at=None).update(clinic_id=models.Subquery(clinic))
    session.objects.filter(urgent=True).update(urgency=1)



class Migration(migrations.Migration):

    dependencies = [
        ('patients', '0002_worklist_ranks'),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
