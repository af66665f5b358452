"""Which waiting cases the worklist may order by their severity: all but those that are read blind."""

import hashlib

from django.db import migrations, models

OPEN = ("claimed", "decided")
WAITING = ("submitted", "kept")


def fill(apps, schema_editor):
    """The rule as it stood when the column came: a reading that is due, else the open review, else the policy."""
    session_model = apps.get_model("patients", "PhotoSession")
    review, reading = apps.get_model("reviews", "Review"), apps.get_model("reviews", "CaseReading")
    policies = {row.clinic_id: row for row in apps.get_model("reviews", "ReadingPolicy").objects.all()}
    measured = session_model.objects.filter(status__in=WAITING, severity_rank__gt=0)
    open_reviews = {
        row.session_id: row.blind_first
        for row in review.objects.filter(status__in=OPEN, session__status__in=WAITING).only("session_id", "blind_first")
    }
    due = set(
        reading.objects.filter(session__status__in=WAITING, submitted_at=models.F("session__submitted_at"))
        .exclude(status="not_demanded")
        .values_list("session_id", flat=True)
    )
    blind = set(due)
    for pk, clinic_id in measured.values_list("pk", "clinic_id"):
        if pk in open_reviews:
            if open_reviews[pk]:
                blind.add(pk)
        elif clinic_id in policies and demanded(policies[clinic_id], pk):
            blind.add(pk)
    measured.update(shown_rank=models.F("severity_rank"))
    hidden = list(blind)
    for start in range(0, len(hidden), 500):
        session_model.objects.filter(pk__in=hidden[start : start + 500]).update(shown_rank=0)


def demanded(policy, session_id):
    asked = (
        (policy.double_read, policy.double_percent, "double"),
        (policy.blind_first, policy.blind_percent, "blind"),
    )
    return any(
        demand == "always" or (demand == "sample" and sampled(policy.seed, purpose, session_id, percent))
        for demand, percent, purpose in asked
    )


def sampled(seed, purpose, session_id, percent):
    digest = hashlib.sha256(f"{seed}:{purpose}:{session_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64 < percent / 100


class Migration(migrations.Migration):

    dependencies = [
        ('patients', '0009_shown_ranks'),
        ('reviews', '0005_decision_causes'),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
