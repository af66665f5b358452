"""The one scope rule for patients and everything that hangs on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.apps import apps
from django.db import models
from django.db.models import Aggregate, OuterRef, Q, Subquery, TextField

from accounts.roles import Role

if TYPE_CHECKING:
    from accounts.actors import Actor


SENT: Final = ("submitted", "kept", "closed")
"""States of a session that the clinic has been sent."""


def patient_scope(actor: Actor, prefix: str = "") -> Q:
    """Whose data ``actor`` may see, as a condition on a model that reaches the patient through ``prefix``.

    A patient or guardian: the records they hold access to. A clinician: their clinic's patients. An administrator: none
    (they answer requests and search the audit, but do not read records).
    """
    if actor.role is Role.PATIENT:
        return Q(**{f"{prefix}access__user_id": actor.user_id, f"{prefix}access__ended_at": None}) & Q(
            **{f"{prefix}erased_at": None}
        )
    if actor.role.is_clinician:
        return Q(**{f"{prefix}clinic_id": actor.clinic_id, f"{prefix}erased_at": None})
    return Q(pk__in=[])


class PatientQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> PatientQuerySet:
        return self.filter(patient_scope(actor))


class ComingOfAgeQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> ComingOfAgeQuerySet:
        """The clinic's business: the patient's own side has no list of it."""
        if not actor.role.is_clinician:
            return self.none()
        return self.filter(patient_scope(actor, "patient__"))


class PhotoSessionQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> PhotoSessionQuerySet:
        """A clinician sees a session only once it was submitted."""
        scoped = self.filter(patient_scope(actor, "patient__"))
        if actor.role.is_clinician:
            scoped = scoped.filter(status__in=SENT)
        return scoped

    def waiting_for(self, actor: Actor) -> PhotoSessionQuerySet:
        """The cases that wait in the clinician's own clinic: the same scope, read from the worklist's index alone.

        No join to the patient is needed: an erased patient has no sessions, and a case carries its clinic.
        """
        if not actor.role.is_clinician:
            return self.none()
        return self.filter(clinic_id=actor.clinic_id, status="submitted")

    def with_view_names(self) -> PhotoSessionQuerySet:
        """With ``view_names``: the views of the present photographs, a name for each, between commas; None without."""
        photos = apps.get_model("patients", "Photo")._default_manager
        present = photos.filter(session=OuterRef("pk"), removed_at=None)
        names = present.order_by().values("session").annotate(names=_Listed("view")).values("names")
        rows: PhotoSessionQuerySet = self.annotate(view_names=Subquery(names))
        return rows


class _Listed(Aggregate):
    """The texts of a group separated by commas; none of them contains one."""

    function = "STRING_AGG"
    template = "%(function)s(%(expressions)s, ',')"
    output_field = TextField()

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, function="GROUP_CONCAT", **extra)


class PhotoQuerySet(models.QuerySet[Any]):
    def present(self) -> PhotoQuerySet:
        return self.filter(removed_at=None)

    def visible_to(self, actor: Actor) -> PhotoQuerySet:
        scoped = self.filter(patient_scope(actor, "session__patient__"))
        if actor.role.is_clinician:
            scoped = scoped.filter(session__status__in=SENT)
        return scoped


class UploadQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> UploadQuerySet:
        """Only the patient's own side uploads."""
        if actor.role is not Role.PATIENT:
            return self.none()
        return self.filter(patient_scope(actor, "session__patient__"))
