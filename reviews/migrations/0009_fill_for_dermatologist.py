"""Which waiting cases a dermatologist has to take over, as whoever handed them on last said."""

from django.db import migrations, models

HANDED_ON = ("released", "escalated")


def fill(apps, schema_editor):
    """As the queue's filter asked until now; escalated cases are found as well."""
    session_model, review = apps.get_model("patients", "PhotoSession"), apps.get_model("reviews", "Review")
    ever = review.objects.filter(status__in=HANDED_ON, for_dermatologist=True, session__status="submitted")
    last = review.objects.filter(
        session=models.OuterRef("pk"), status__in=HANDED_ON, claimed_at__gte=models.OuterRef("submitted_at")
    ).order_by("-closed_at")
    waiting = session_model.objects.filter(status="submitted", pk__in=ever.values("session_id"))
    wanted = waiting.annotate(wanted=models.Subquery(last.values("for_dermatologist")[:1])).filter(wanted=True)
    ids = list(wanted.values_list("pk", flat=True))
    for start in range(0, len(ids), 500):
        session_model.objects.filter(pk__in=ids[start : start + 500]).update(for_dermatologist=True)


class Migration(migrations.Migration):

    dependencies = [
        ('patients', '0010_worklist_filters'),
        ('reviews', '0008_policy_progress'),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
