import uuid
from typing import Any

import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.db import migrations, models
from django.db.models import Q


def clinics_to_trichoscopes(apps: Any, editor: Any) -> None:
    """Each clinic had room for one; a scale without a width, which no form allowed, told nothing and is not kept."""
    trichoscope = apps.get_model("accounts", "Trichoscope").objects.using(editor.connection.alias)
    for clinic in apps.get_model("accounts", "Clinic").objects.using(editor.connection.alias):
        scale, width, bar = clinic.trichoscope_px_per_mm, clinic.trichoscope_width_px, clinic.trichoscope_bar_mm
        if scale is None or width is None:
            scale = width = None
        if scale is not None or bar is not None:
            trichoscope.create(clinic=clinic, name="Trichoscope", px_per_mm=scale, width_px=width, bar_mm=bar)


def trichoscopes_to_clinics(apps: Any, editor: Any) -> None:
    """The first by name goes back; there is no room for more."""
    trichoscope = apps.get_model("accounts", "Trichoscope").objects.using(editor.connection.alias)
    for clinic in apps.get_model("accounts", "Clinic").objects.using(editor.connection.alias):
        first = trichoscope.filter(clinic=clinic).order_by("name").first()
        if first is not None:
            clinic.trichoscope_px_per_mm, clinic.trichoscope_width_px = first.px_per_mm, first.width_px
            clinic.trichoscope_bar_mm = first.bar_mm
            clinic.save()


class Migration(migrations.Migration):
    dependencies = [("accounts", "0008_vellus_cutoff")]

    operations = [
        migrations.CreateModel(
            name="Trichoscope",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=60)),
                (
                    "px_per_mm",
                    models.FloatField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(20),
                            django.core.validators.MaxValueValidator(2000),
                        ],
                    ),
                ),
                (
                    "width_px",
                    models.PositiveIntegerField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(300),
                            django.core.validators.MaxValueValidator(20000),
                        ],
                    ),
                ),
                (
                    "bar_mm",
                    models.FloatField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(0.05),
                            django.core.validators.MaxValueValidator(20),
                        ],
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "clinic",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="trichoscopes", to="accounts.clinic"
                    ),
                ),
            ],
            options={
                "ordering": ("name",),
                "constraints": [
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("name"),
                        models.F("clinic"),
                        name="one_trichoscope_of_a_name",
                    ),
                    models.UniqueConstraint(fields=("clinic", "width_px"), name="one_trichoscope_of_a_width"),
                    models.CheckConstraint(
                        condition=Q(px_per_mm=None, width_px=None)
                        | Q(px_per_mm__isnull=False, width_px__isnull=False),
                        name="trichoscope_scale_with_width",
                    ),
                    models.CheckConstraint(
                        condition=Q(px_per_mm__isnull=False) | Q(bar_mm__isnull=False),
                        name="trichoscope_tells_a_scale",
                    ),
                ],
            },
        ),
        migrations.RunPython(clinics_to_trichoscopes, trichoscopes_to_clinics),
    ]
